#include "obs/read_tape.hpp"

#include "obs/place.hpp"
#include "obs/timeline.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/wait_report.hpp>

#include <algorithm>
#include <optional>

namespace gyre::obs {

namespace {

using internal::Tape;

constexpr auto low(std::uint64_t word) noexcept -> std::uint64_t { return word & Tape::address_bits; }
constexpr auto high(std::uint64_t word) noexcept -> std::uint64_t { return word >> 48U; }
/// A number of 48 bits with a sign.
constexpr auto number(std::uint64_t word) noexcept -> std::int64_t {
    return static_cast<std::int64_t>(word << 16U) >> 16U;
}

/// The kinds of a tape and of a recording are in the same order.
static_assert(static_cast<int>(Tape::Kind::found) == static_cast<int>(EventKind::found) + 1);
static_assert(static_cast<int>(Tape::By::callback) == static_cast<int>(WakeBy::callback));

auto tells_state(EventKind kind) noexcept -> bool {
    return kind == EventKind::spawn || kind == EventKind::wake || kind == EventKind::run || kind == EventKind::pause ||
           kind == EventKind::end;
}

auto outcome_of(std::uint8_t state) noexcept -> TaskOutcome {
    switch (static_cast<internal::TaskNode::State>(state)) {
    case internal::TaskNode::State::error:
        return TaskOutcome::error;
    case internal::TaskNode::State::cancelled:
        return TaskOutcome::cancelled;
    case internal::TaskNode::State::value:
    case internal::TaskNode::State::pending:
        break;
    }
    return TaskOutcome::value;
}

}  // namespace

void TapeReader::add(const EventLoop& loop, const Snapshot* look) {
    const auto tape = loop.tape_slot().get();
    if (tape == nullptr) return;
    tasks_.clear();
    texts_.clear();
    stacks_.clear();
    moved_.clear();
    loop_ = loop.index();
    LoopRecording one;
    one.loop = loop_;
    one.backend = tape->backend_name;
    std::vector<Tape::Event> raw;
    one.overwritten = tape->read(raw);
    const Tape::Scale scale(*tape);
    one.events.reserve(raw.size());
    for (const Tape::Event& entry : raw) {
        RecordedEvent& event = one.events.emplace_back();
        event.when = scale.time_of(entry.ticks);
        read(*tape, entry, event);
    }
    // The clock of a loop in simulated time is its own thread's, unless the loop was asked.
    Time now = one.events.empty() ? Time::min() : one.events.back().when;
    if (look != nullptr) now = std::max(now, look->taken);
    cut(one, *tape, scale, scale.now().value_or(now));
    if (look != nullptr && !tape->stopped()) stand(one, *look);
    all_.loops.push_back(std::move(one));
    if (all_.reason.empty()) all_.reason = tape->reason();
}

void TapeReader::cut(LoopRecording& one, const Tape& tape, const Tape::Scale& scale, Time now) {
    auto& events = one.events;
    moved_.resize(all_.tasks.size() + 1);
    for (const RecordedEvent& event : events) {
        if (tells_state(event.kind)) moved_[event.task] = true;
    }
    one.end = scale.stop().value_or(now);
    if (tape.stopped() && !scale.stop() && !events.empty()) one.end = events.back().when;
    one.begin = scale.begin().value_or(one.end);
    if (one.overwritten > 0 && !events.empty()) one.begin = std::max(one.begin, events.front().when);
    if (last_ != Duration::max() && now != Time::min()) one.begin = std::max(one.begin, now - last_);
    const auto first = std::find_if(
        events.begin(), events.end(), [&](const RecordedEvent& event) { return event.when >= one.begin; });
    const std::vector<RecordedEvent> past(events.begin(), first);
    events.erase(events.begin(), first);
    one.end = std::max(one.end, one.begin);
    stand(one, past);
}

/// What the events before the begin have left behind.
void TapeReader::stand(LoopRecording& one, const std::vector<RecordedEvent>& past) {
    if (past.empty()) return;
    Timeline timeline(all_);
    for (const RecordedEvent& event : past) timeline.apply(event);
    for (std::uint32_t task = 1; task <= all_.tasks.size(); ++task) {
        const auto& state = timeline.of(task);
        if (all_.tasks[task - 1].loop != loop_ || state.phase == Phase::unknown || state.phase == Phase::ended)
            continue;
        if (state.pause != nullptr) one.standing.push_back(*state.pause);
        RecordedEvent event;
        event.when = state.since;
        event.task = task;
        event.kind = EventKind::wake;
        for (std::uint32_t i = 0; i < state.ready; ++i) one.standing.push_back(event);
        event.kind = EventKind::run;
        if (state.phase == Phase::running) one.standing.push_back(event);
    }
}

/// A task without events has stood there since before the oldest of them.
void TapeReader::stand(LoopRecording& one, const Snapshot& look) {
    if (!look.is_read || look.taken < one.begin) return;
    for (const TaskInfo& task : look.tasks) {
        const std::uint32_t number = task_at(task.id & Tape::address_bits);
        RecordedTask& known = all_.tasks[number - 1];
        if (known.spawned.line == 0) {
            known.spawned = task.spawned;
            known.name = task.name;
        }
        if (number >= moved_.size() || !moved_[number]) stand(one, task, number);
    }
}

void TapeReader::stand(LoopRecording& one, const TaskInfo& task, std::uint32_t number) {
    std::vector<Place> places;
    const Stack* at = &task.stack;
    for (;; at = &at->branches.front()) {
        for (const Await& await : at->awaits) {
            if (await.place.line != 0) places.push_back(await.place);
        }
        if (at->branches.size() != 1) break;
    }
    RecordedEvent event;
    event.when = one.begin;
    event.task = number;
    event.value = -1;
    event.kind = EventKind::pause;
    event.stack = stack(std::move(places));
    if (at->wait) {
        const WaitInfo& wait = *at->wait;
        event.wait = wait.kind;
        event.value = wait.descriptor;
        // As the tape has it.
        event.object = text(wait.kind != WaitKind::socket && !wait.object.empty() ? wait.object : wait.action);
    }
    one.standing.push_back(event);
    if (task.state == TaskState::waiting) return;
    RecordedEvent went_on;
    went_on.when = one.begin;
    went_on.task = number;
    went_on.kind = task.state == TaskState::running ? EventKind::run : EventKind::wake;
    one.standing.push_back(went_on);
}

void TapeReader::read(const Tape& tape, const Tape::Event& raw, RecordedEvent& event) {
    const auto kind = static_cast<Tape::Kind>((raw.task >> 48U) & 0xffU);
    const auto detail = static_cast<std::uint8_t>(raw.task >> 56U);
    event.kind = static_cast<EventKind>(static_cast<int>(kind) - 1);
    event.task = kind == Tape::Kind::spawn ? new_task(low(raw.task)) : task_at(low(raw.task));
    switch (kind) {
    case Tape::Kind::found:
        note(tape, event.task, raw);
        break;
    case Tape::Kind::spawn:
        event.other = task_at(low(raw.second));
        note(tape, event.task, raw);
        break;
    case Tape::Kind::wake:
        event.by = static_cast<WakeBy>(detail & ~Tape::stops);
        event.to_stop = (detail & Tape::stops) != 0;
        event.other = task_at(low(raw.second));
        break;
    case Tape::Kind::run:
        event.starts_slice = static_cast<Tape::Run>(detail) != Tape::Run::continued;
        note(tape, event.task, raw);
        break;
    case Tape::Kind::pause:
        event.value = number(raw.second);
        if (detail == Tape::no_wait) break;
        event.wait = static_cast<WaitKind>(detail);
        event.stack = stack(tape, raw.third & 0xffffffffU);
        event.object = text(tape, raw.third >> 32U);
        break;
    case Tape::Kind::end:
        event.outcome = outcome_of(detail);
        note(tape, event.task, raw);  // it may still wake others; who has its place in memory next is spawned first
        break;
    case Tape::Kind::cancel:
        event.cancel = static_cast<CancelKind>(detail);
        event.other = task_at(low(raw.second));
        event.object = text(tape, high(raw.second));
        event.place = make_place(internal::place_of(raw.third));
        break;
    case Tape::Kind::io_begin:
        event.io = static_cast<IoKind>(detail);
        event.value = number(raw.second);
        break;
    case Tape::Kind::io_end:
        event.io = static_cast<IoKind>(detail);
        event.value = static_cast<std::int64_t>(raw.third);
        break;
    case Tape::Kind::turn:
    case Tape::Kind::none:
        event.ready = static_cast<std::uint32_t>(low(raw.second));
        event.value = static_cast<std::int64_t>(raw.third);
        break;
    }
}

auto TapeReader::task_at(std::uint64_t address) -> std::uint32_t {
    if (address == 0) return 0;
    const auto found = tasks_.find(address);
    return found != tasks_.end() ? found->second : new_task(address);
}

auto TapeReader::new_task(std::uint64_t address) -> std::uint32_t {
    all_.tasks.push_back({{}, {}, loop_});
    const auto number = static_cast<std::uint32_t>(all_.tasks.size());
    tasks_[address] = number;
    return number;
}

void TapeReader::note(const Tape& tape, std::uint32_t task, const Tape::Event& raw) {
    RecordedTask& known = all_.tasks[task - 1];
    if (known.spawned.line != 0) return;
    known.spawned = make_place(internal::place_of(raw.third));
    known.name = tape.names().text(static_cast<std::uint32_t>(high(raw.second)));
}

auto TapeReader::text(const Tape& tape, std::uint64_t number) -> std::uint32_t {
    if (number == 0) return 0;
    std::uint32_t& known = texts_[number];
    if (known != 0) return known;
    all_.texts.emplace_back(tape.names().text(static_cast<std::uint32_t>(number)));
    return known = static_cast<std::uint32_t>(all_.texts.size());
}

auto TapeReader::stack(const Tape& tape, std::uint64_t number) -> std::uint32_t {
    if (number == 0) return 0;
    std::uint32_t& known = stacks_[number];
    if (known != 0) return known;
    std::vector<Place> places;
    for (const std::uintptr_t word : tape.names().chain(static_cast<std::uint32_t>(number))) {
        const auto where = internal::place_of(word);
        if (!internal::is_wrapper(where)) places.push_back(make_place(where));
    }
    std::reverse(places.begin(), places.end());
    all_.stacks.push_back(std::move(places));
    return known = static_cast<std::uint32_t>(all_.stacks.size());
}

auto TapeReader::text(std::string_view text) -> std::uint32_t {
    if (text.empty()) return 0;
    std::uint32_t& known = known_texts_[std::string(text)];
    if (known != 0) return known;
    all_.texts.emplace_back(text);
    return known = static_cast<std::uint32_t>(all_.texts.size());
}

auto TapeReader::stack(std::vector<Place> places) -> std::uint32_t {
    if (places.empty()) return 0;
    std::string key;
    for (const Place& place : places) {
        key += std::to_string(reinterpret_cast<std::uintptr_t>(place.file.data())) + ":" + std::to_string(place.line);
        key.append(" ").append(place.function).append(";");
    }
    std::uint32_t& known = known_stacks_[key];
    if (known != 0) return known;
    all_.stacks.push_back(std::move(places));
    return known = static_cast<std::uint32_t>(all_.stacks.size());
}

auto RecordedTask::title() const -> std::string {
    if (!name.empty()) return name;
    if (spawned.line == 0) return "task";
    return std::string(spawned.file) + ":" + std::to_string(spawned.line);
}

}  // namespace gyre::obs
