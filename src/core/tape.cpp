#include "core/tape.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/core/io_mark.hpp>
#include <gyre/core/loop.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gyre::internal {

namespace {

constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;

auto mix(std::uint64_t hash, std::uint64_t word) noexcept -> std::uint64_t {
    hash = (hash ^ word) * odd;
    return hash ^ (hash >> 32U);
}

auto hash_of(std::string_view text) noexcept -> std::uint64_t {
    std::uint64_t hash = text.size();
    while (text.size() > 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), 8);
        hash = mix(hash, word);
        text.remove_prefix(8);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    return mix(hash, word);
}

auto hash_of(std::span<const std::uintptr_t> places) noexcept -> std::uint64_t {
    std::uint64_t hash = places.size();
    for (const std::uintptr_t place : places) hash = mix(hash, place);
    return mix(hash, 1);
}

/// Finds the entry of `table` with a hash: that of the piece, or the free one where it would be.
template<class Table, class Pieces, class IsSame>
auto find(Table& table, const Pieces& pieces, std::uint64_t hash, IsSame is_same) noexcept -> std::uint16_t& {
    for (std::size_t at = hash % table.size();; at = (at + 1) % table.size()) {
        const std::uint16_t number = table[at];
        if (number == 0 || (pieces[number].hash == hash && is_same(pieces[number]))) return table[at];
    }
}

}  // namespace

TapeNames::TapeNames()
    : bytes_(std::make_unique_for_overwrite<char[]>(text_bytes)),
      places_(std::make_unique_for_overwrite<std::uintptr_t[]>(chain_places)),
      texts_(std::make_unique<Piece[]>(most_texts)),
      chains_(std::make_unique<Piece[]>(most_chains)),
      text_table_(std::make_unique<Table::element_type>()),
      chain_table_(std::make_unique<Table::element_type>()) {}

auto TapeNames::number_of(std::string_view text) noexcept -> std::uint32_t {
    if (text.empty()) return 0;
    text = text.substr(0, longest_text);
    const std::uint64_t hash = hash_of(text);
    std::uint16_t& entry = find(*text_table_, texts_, hash,
        [&](const Piece& piece) { return std::string_view(&bytes_[piece.begin], piece.size) == text; });
    if (entry != 0) return entry;
    if (text_count_ == most_texts || bytes_used_ + text.size() > text_bytes) return 0;
    text.copy(&bytes_[bytes_used_], text.size());
    texts_[text_count_] = {hash, bytes_used_, static_cast<std::uint32_t>(text.size())};
    bytes_used_ += static_cast<std::uint32_t>(text.size());
    entry = static_cast<std::uint16_t>(text_count_);
    return text_count_++;
}

auto TapeNames::number_of_constant(std::string_view text) noexcept -> std::uint32_t {
    const char* const place = std::to_address(text.begin());  // a constant is known by where it stands
    Constant& known = constants_[slot_of(place, constants_.size())];
    if (known.text != place) [[unlikely]]
        known = {place, number_of(text)};
    return known.number;
}

namespace {

constexpr std::size_t most_tasks_noted = 4096;  // takes about a millisecond

/// Whether no part of a strand runs or is ready.
auto is_waiting(const Strand& strand, int depth) noexcept -> bool {
    constexpr int most_depth = 32;
    const Frame* frame = strand.root;
    while (frame != nullptr) {
        if (const ChildLink* link = frame->child_link()) {
            frame = link->child;
            continue;
        }
        const Wait* wait = frame->wait();
        if (frame->done()) return true;  // it waits for what it dropped to clean up
        if (wait == nullptr || frame->queued) return false;
        const Strand* inside = wait->strand_at(0);
        if (inside == nullptr || inside->root == nullptr || inside->in_place_of() != frame) {
            for (std::size_t i = 0; depth < most_depth && wait->strand_at(i) != nullptr; ++i) {
                if (!is_waiting(*wait->strand_at(i), depth + 1)) return false;
            }
            return true;
        }
        frame = inside->root;
    }
    return true;
}

auto frame_above(const Frame& frame) noexcept -> const Frame* {
    const Strand* strand = frame.strand();
    return strand == nullptr ? frame.parent() : strand->in_place_of();
}

}  // namespace

auto TapeNames::chain_of(const Frame& leaf) noexcept -> std::uint32_t {
    Recent& recent = recent_[slot_of(&leaf, recent_.size())];
    if (recent.leaf != &leaf || !is_chain_of(leaf, recent.number)) recent = {&leaf, find_chain_of(leaf)};
    return recent.number;
}

auto TapeNames::is_chain_of(const Frame& leaf, std::uint32_t number) const noexcept -> bool {
    if (number == 0) return false;
    const Frame* at = &leaf;
    const std::uintptr_t* place = &places_[chains_[number].begin];
    for (const std::uintptr_t* const end = place + chains_[number].size; place != end; ++place) {
        if (at == nullptr || word_of(at->location()) != *place) return false;
        at = frame_above(*at);
    }
    return at == nullptr || chains_[number].size == longest_chain;
}

auto TapeNames::find_chain_of(const Frame& leaf) noexcept -> std::uint32_t {
    std::array<std::uintptr_t, longest_chain> places;
    std::size_t size = 0;
    for (const Frame* at = &leaf; at != nullptr && size < longest_chain;) {
        places[size++] = word_of(at->location());
        at = frame_above(*at);
    }
    const std::span<const std::uintptr_t> all(places.data(), size);
    const std::uint64_t hash = hash_of(all);
    std::uint16_t& entry = find(*chain_table_, chains_, hash, [&](const Piece& piece) { return piece.size == size; });
    if (entry != 0) return entry;
    if (chain_count_ == most_chains || places_used_ + size > chain_places) return 0;
    std::copy(all.begin(), all.end(), &places_[places_used_]);
    chains_[chain_count_] = {hash, places_used_, static_cast<std::uint32_t>(size)};
    places_used_ += static_cast<std::uint32_t>(size);
    entry = static_cast<std::uint16_t>(chain_count_);
    return chain_count_++;
}

auto TapeNames::text(std::uint32_t number) const noexcept -> std::string_view {
    if (number == 0 || number >= most_texts) return {};
    return {&bytes_[texts_[number].begin], texts_[number].size};
}

auto TapeNames::chain(std::uint32_t number) const noexcept -> std::span<const std::uintptr_t> {
    if (number == 0 || number >= most_chains) return {};
    return {&places_[chains_[number].begin], chains_[number].size};
}

Tape::Tape(EventLoop& loop, std::string_view backend, std::size_t bytes, const RecorderOptions& how,
    std::unique_ptr<Listener> listener)
    : options(how),
      backend_name(backend),
      loop_(loop),
      ring_(std::make_unique<std::atomic<std::uint64_t>[]>(bytes / sizeof(std::uint64_t))),
      mask_(bytes / sizeof(Event) - 1),
      ticking_(backend_name != "sim" && backend::has_even_ticks()),
      listener_(std::move(listener)) {
    begun_ = ticks_now();
    if (!ticking_) return;
    first_ticks_ = begun_;
    first_ = backend::monotonic_time();  // the clock of every kernel backend
}

auto Tape::ticks_now() const noexcept -> std::uint64_t {
    if (ticking_) return backend::ticks();
    if (backend_name == "sim") return not_known;
    return static_cast<std::uint64_t>(backend::monotonic_time().time_since_epoch().count());
}

void Tape::attached() noexcept {
    begun_.store(ticking_ ? backend::ticks() : now(), std::memory_order_release);
    const Scheduler& scheduler = loop_.scheduler();
    auto& owners = loop_.scheduler().owners;  // a list has no view for readers
    for (auto* owner = owners.front(); owner != nullptr; owner = owners.after(*owner)) tasks_ += owner->task_count;
    const TaskNode* task = scheduler.current_task();
    if (task != nullptr) runs(*task, Run::continued);
    note_tasks();
}

void Tape::note_tasks() noexcept {
    std::size_t left = std::min<std::size_t>(most_tasks_noted, (mask_ + 1) / 8);
    auto& owners = loop_.scheduler().owners;
    for (auto* owner = owners.front(); owner != nullptr; owner = owners.after(*owner)) {
        for (auto* task = owner->tasks.front(); task != nullptr && left > 0; task = owner->tasks.after(*task), --left) {
            if (task->done()) continue;
            write(Kind::found, task, 0, title_of(*task), word_of(task->location()));
            if (task != running_ && task->root != nullptr && is_waiting(*task, 0)) stands(*task, task->root);
        }
    }
}

void Tape::set_reason(std::string reason) {
    const std::lock_guard lock(mutex_);
    reason_ = std::move(reason);
}

auto Tape::reason() const -> std::string {
    const std::lock_guard lock(mutex_);
    return reason_;
}

auto Tape::now() const noexcept -> std::uint64_t {
    return static_cast<std::uint64_t>(loop_.now().time_since_epoch().count());
}

void Tape::spawned(const TaskNode& task) noexcept {
    ++tasks_;
    titles_[slot_of(&task, titles_.size())].task = nullptr;  // of one that was there before
    write(Kind::spawn, &task, 0, address(loop_.scheduler().current_task()) | title_of(task), word_of(task.location()));
}

void Tape::runs(const TaskNode& task, Run how) noexcept {
    if (open_ != nullptr) paused(*open_, nullptr);
    running_ = &task;
    if (how == Run::continued) open_ = &task;
    write(Kind::run, &task, static_cast<std::uint8_t>(how), title_of(task), word_of(task.location()));
}

void Tape::paused(const TaskNode& task, const Frame* frame) noexcept {
    running_ = nullptr;
    if (open_ == &task) open_ = nullptr;
    if (!task.done()) stands(task, frame);
}

void Tape::stands(const TaskNode& task, const Frame* frame) noexcept {
    const Wait* wait = nullptr;
    while (frame != nullptr && frame->scope->task() == &task) {
        if (const ChildLink* link = frame->child_link()) {
            frame = link->child;
            continue;
        }
        wait = frame->wait();
        const Strand* inside = wait != nullptr ? wait->strand_at(0) : nullptr;
        if (inside == nullptr || inside->root == nullptr || inside->in_place_of() != frame) break;
        frame = inside->root;
    }
    if (wait == nullptr) return write(Kind::pause, &task, no_wait, address_bits, 0);
    const WaitRecord record = wait->record();
    // Each connection has another name, and few of them would fit.
    const bool has_name = record.kind != WaitKind::socket && !record.name.empty();
    const std::uint64_t object = has_name ? names_.number_of(record.name) : names_.number_of_constant(record.action);
    write(Kind::pause, &task, static_cast<std::uint8_t>(record.kind),
        static_cast<std::uint64_t>(static_cast<std::int64_t>(record.descriptor)) & address_bits,
        names_.chain_of(*frame) | object << 32U);
}

void Tape::ended(const TaskNode& task) noexcept {
    if (tasks_ > 0) --tasks_;
    if (open_ == &task) open_ = nullptr;
    write(Kind::end, &task, static_cast<std::uint8_t>(task.state), title_of(task), word_of(task.location()));
}

void Tape::cancelled(const Scope& scope) noexcept {
    const CancelCause& cause = *scope.cause;
    const TaskNode* who = loop_.scheduler().current_task();
    write(Kind::cancel, scope.task(), static_cast<std::uint8_t>(cause.kind),
        address(who) | static_cast<std::uint64_t>(names_.number_of(cause.reason)) << 48U, word_of(cause.where));
}

void Tape::io_began(const Frame& frame, IoKind kind, int descriptor) noexcept {
    write(Kind::io_begin, frame.scope->task(), static_cast<std::uint8_t>(kind),
        static_cast<std::uint64_t>(static_cast<std::int64_t>(descriptor)) & address_bits, 0);
}

void Tape::io_ended(const Frame& frame, IoKind kind, std::int64_t result) noexcept {
    write(Kind::io_end, frame.scope->task(), static_cast<std::uint8_t>(kind), 0, static_cast<std::uint64_t>(result));
}

auto Tape::read(std::vector<Event>& events) const -> std::uint64_t {
    const std::uint64_t size = mask_ + 1;
    const std::uint64_t end = count_.load(std::memory_order_acquire);
    const std::uint64_t begin = end > size ? end - size : 0;
    const std::size_t first = events.size();
    events.reserve(first + end - begin);
    for (std::uint64_t i = begin; i < end; ++i) {
        const std::atomic<std::uint64_t>* word = &ring_[(i & mask_) * 4];
        events.push_back({word[0].load(std::memory_order_relaxed), word[1].load(std::memory_order_relaxed),
            word[2].load(std::memory_order_relaxed), word[3].load(std::memory_order_relaxed)});
    }
    // What was overwritten meanwhile goes, with the one that may be half written now.
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::uint64_t written = count_.load(std::memory_order_relaxed) + 1;
    const std::uint64_t oldest = written > size ? written - size : 0;
    if (oldest <= begin) return begin;
    const auto late = static_cast<std::ptrdiff_t>(std::min(oldest - begin, end - begin));
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(first),
        events.begin() + static_cast<std::ptrdiff_t>(first) + late);
    return begin + static_cast<std::uint64_t>(late);
}

Tape::Scale::Scale(const Tape& tape) noexcept : is_time_(!tape.ticking_) {
    const std::uint64_t stopped = tape.ended_.load(std::memory_order_acquire);
    if (tape.backend_name != "sim") {
        end_ticks_ = tape.ticks_now();
        end_ = backend::monotonic_time();
    }
    const auto ticks = static_cast<double>(end_ticks_ - tape.first_ticks_);
    if (!is_time_ && ticks > 0) length_ = static_cast<double>((end_ - tape.first_).count()) / ticks;
    if (const auto begun = tape.begun_.load(std::memory_order_acquire); begun != not_known) begin_ = time_of(begun);
    if (stopped != not_known) stop_ = time_of(stopped);
}

auto Tape::Scale::time_of(std::uint64_t ticks) const noexcept -> Time {
    if (is_time_) return Time(Duration(static_cast<Duration::rep>(ticks)));
    const auto back = static_cast<double>(static_cast<std::int64_t>(end_ticks_ - ticks)) * length_;
    return end_ - Duration(static_cast<Duration::rep>(back));
}

void IoMark::note_begin(const Scheduler& scheduler, const Frame& frame, int descriptor) const noexcept {
    scheduler.tape->io_began(frame, kind_, descriptor);
}

void IoMark::note_end(const Scheduler& scheduler, const Frame& frame, std::int64_t result) const noexcept {
    scheduler.tape->io_ended(frame, kind_, result);
}

}  // namespace gyre::internal
