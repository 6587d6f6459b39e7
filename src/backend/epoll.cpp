#include "descriptor_table.hpp"
#include "file_now.hpp"
#include "file_ring.hpp"
#include "kernel_backend.hpp"
#include "operation_list.hpp"

#include <gyre/backend/backend.hpp>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace gyre::backend {

namespace {

/// One way of a descriptor, in (receive, accept) or out (send, connect).
struct Direction {
    OperationList waiting;  ///< In order of arrival; nobody overtakes.
    bool is_ready = false;  ///< The next try is likely to succeed: a guess, never a promise.
};

struct Slot {
    Direction in;
    Direction out;
    OperationList polls;
    std::uint32_t generation = 0;  ///< Tells events of a closed descriptor from those of a new one with its number.
    std::uint32_t watched = 0;     ///< The events that epoll watches now; 0: not registered.
    bool is_given_out = false;
    bool is_kept = false;  ///< Closed through this backend, so that it can stay registered while nobody waits.
};

// The eventfd's tag: no descriptor has this number, since a table index is never negative as an int.
constexpr std::uint64_t wake_tag = std::numeric_limits<std::uint64_t>::max();

auto tag_of(int descriptor, const Slot& slot) noexcept -> std::uint64_t {
    return (std::uint64_t{slot.generation} << 32U) | static_cast<std::uint32_t>(descriptor);
}

// Few enough that what the kernel and the owner keep of a connection is still in the cache when its owner, who is told of all
// of them together, goes on with it; many enough that the wait's own cost vanishes.
constexpr std::size_t events_at_once = 48;
// The same for what they have received, which most owners look at or send on: fewer events of large messages.
constexpr std::size_t bytes_at_once = std::size_t{256} << 10;
constexpr std::size_t fewest_events_at_once = 4;

/// What the waiting operations need to be told of.
auto wanted_events(const Slot& slot) noexcept -> std::uint32_t {
    std::uint32_t events = 0;
    if (!slot.in.waiting.is_empty()) events |= EPOLLIN;
    if (!slot.out.waiting.is_empty()) events |= EPOLLOUT;
    for (const Operation* poll = slot.polls.front(); poll != nullptr; poll = poll->next) {
        const auto wanted = static_cast<std::uint16_t>(poll->events);
        events |= wanted != 0 ? wanted : std::uint32_t{EPOLLERR};  // errors are always told, also alone
    }
    return events;
}

/// How a connect ended whose socket has become writable. @return -EINPROGRESS: it has not.
auto connection_result(const Operation& operation) noexcept -> std::int64_t {
    // Asked by connecting again, not through SO_ERROR: that would leave the socket believing that it still connects, so that
    // the program's next connect would succeed, or be aborted, for the sake of this one.
    const auto* const address = reinterpret_cast<const sockaddr*>(operation.address);
    if (::connect(operation.descriptor, address, operation.address_length) == 0 || errno == EISCONN) return 0;
    return errno == EALREADY ? -EINPROGRESS : -errno;
}

/// Where no flag of the call itself says so, the socket must: one from elsewhere could block the whole loop.
void never_block(const Operation& operation) noexcept {
    if (operation.kind != OperationKind::accept && operation.kind != OperationKind::connect) return;
    const int flags = ::fcntl(operation.descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(operation.descriptor, F_SETFL, flags | O_NONBLOCK);
}

/// The whole buffer was filled, or the end was reached: more may follow at once. A short receive means: drained.
auto leaves_more(const Operation& operation, std::int64_t result) noexcept -> bool {
    return operation.kind != OperationKind::receive || result <= 0 || static_cast<std::size_t>(result) >= operation.size;
}

/// Who does what would wait for a disk.
enum class SlowFiles : std::uint8_t { threads, ring };

class EpollBackend final : public KernelBackend {
public:
    explicit EpollBackend(SlowFiles slow_files);
    ~EpollBackend() override;

    [[nodiscard]] auto name() const noexcept -> std::string_view override {
        return slow_files_ == SlowFiles::ring ? "mixed" : "epoll";
    }
    [[nodiscard]] auto start(Operation& operation) noexcept -> bool override;
    [[nodiscard]] auto start_file(FileOperation& operation) noexcept -> FileStart override;
    void cancel(Operation& operation) noexcept override;
    void wait(Time deadline) override;
    [[nodiscard]] auto pollable_descriptor() noexcept -> int override {
        note_embedded();
        return epoll_.get();
    }

private:
    [[nodiscard]] auto note_given_out(int descriptor) noexcept -> bool override;
    [[nodiscard]] auto forget(int descriptor) noexcept -> bool override;
    [[nodiscard]] auto watch_alarm(int descriptor) noexcept -> int override;

    [[nodiscard]] auto start_poll(Operation& operation, Slot& slot) noexcept -> bool;
    [[nodiscard]] auto enqueue(Operation& operation, Slot& slot, OperationList& list) noexcept -> bool;
    [[nodiscard]] auto watch(int descriptor, Slot& slot, std::uint32_t events) noexcept -> int;
    void unwatch_unwanted(int descriptor, Slot& slot, std::uint32_t kept) noexcept;
    void forget_registration(int descriptor, Slot& slot) noexcept;
    [[nodiscard]] auto collect(std::span<epoll_event> events, Time deadline) -> std::span<epoll_event>;
    void handle(const epoll_event& event) noexcept;
    void serve(Direction& direction) noexcept;
    [[nodiscard]] auto serve_polls(Slot& slot, std::uint32_t events) noexcept -> bool;
    [[nodiscard]] auto file_ring() noexcept -> FileRing*;
    void serve_files();

    OwnedDescriptor epoll_;
    SlowFiles slow_files_;
    std::unique_ptr<FileRing> file_ring_;  ///< Made for the first file that needs it.
    bool is_ring_refused_ = false;
    DescriptorTable<Slot> slots_;
    std::size_t next_events_ = events_at_once;  ///< How many the next wait asks for.
    std::size_t received_ = 0;                  ///< Bytes, within one wait.
    bool has_precise_wait_ = true;
};

auto open_epoll() -> int {
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
    return descriptor;
}

EpollBackend::EpollBackend(SlowFiles slow_files) : epoll_{open_epoll()}, slow_files_{slow_files} {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;  // edge-triggered: each write is one event, and nobody needs to read the counter
    event.data.u64 = wake_tag;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_descriptor(), &event) < 0) {
        throw std::system_error{errno, std::generic_category(), "epoll_ctl, for wake-ups of a loop"};
    }
}

EpollBackend::~EpollBackend() {
    // In a forked child the queues are the parent's, who still uses them.
    if (file_ring_ && !is_of_parent()) {
        file_ring_->close([](FileOperation& operation, std::int64_t) { EndedOperations::release(operation); });
    }
    slots_.for_each([](Slot& slot) {
        for (OperationList* list : {&slot.in.waiting, &slot.out.waiting, &slot.polls}) {
            while (Operation* operation = list->pop_front()) EndedOperations::release(*operation);
        }
    });
    abandon_ended();
}

auto EpollBackend::start(Operation& operation) noexcept -> bool {
    if (operation.descriptor < 0) return end_at_once(operation, -EBADF);
    Slot* const slot = slots_.find_or_make(operation.descriptor);
    if (slot == nullptr) return end_at_once(operation, -ENOMEM);
    if (operation.kind == OperationKind::poll) return start_poll(operation, *slot);

    Direction& direction = is_outward(operation) ? slot->out : slot->in;
    // A descriptor from elsewhere is tried at once: nothing is known of it, not even that it is a socket.
    const bool is_new = !std::exchange(slot->is_kept, true);
    if (is_new) never_block(operation);
    const bool is_promising = is_outward(operation) || direction.is_ready || is_new;
    if (direction.waiting.is_empty() && is_promising) {
        const std::int64_t result = attempt(operation);
        if (!is_blocked(operation, result)) {
            direction.is_ready = leaves_more(operation, result);
            return end_at_once(operation, result);
        }
        direction.is_ready = false;
    }
    return enqueue(operation, *slot, direction.waiting);
}

auto EpollBackend::start_file(FileOperation& operation) noexcept -> FileStart {
    operation.result = perform_now(operation.request);
    if (operation.result != -EAGAIN) return FileStart::ended;
    FileRing* const ring = file_ring();
    if (ring == nullptr || !ring->start(operation)) return FileStart::elsewhere;
    static_cast<void>(begin(operation));
    return FileStart::in_flight;
}

/// Null: slow files are for threads, or the kernel allows no ring.
auto EpollBackend::file_ring() noexcept -> FileRing* {
    if (file_ring_) return is_of_parent() ? nullptr : file_ring_.get();
    if (slow_files_ == SlowFiles::threads || is_ring_refused_ || is_of_parent()) return nullptr;
    is_ring_refused_ = true;
    try {
        auto made = std::make_unique<FileRing>();
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.u64 = wake_tag;  // there is nothing to do but to look
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, made->descriptor(), &event) < 0) return nullptr;
        file_ring_ = std::move(made);
        is_ring_refused_ = false;
    } catch (const std::exception&) {
        // Containers often refuse io_uring: threads do it.
    }
    return file_ring_.get();
}

void EpollBackend::serve_files() {
    file_ring_->turn([this](FileOperation& operation, std::int64_t result) { end(operation, result); });
}

auto EpollBackend::start_poll(Operation& operation, Slot& slot) noexcept -> bool {
    // Where input is watched, and the last receive left none, an event tells of the next: no need to ask.
    const bool is_told = operation.events == POLLIN && (slot.watched & EPOLLIN) != 0 && slot.is_kept &&
                         !slot.in.is_ready;
    const std::int64_t ready = is_told ? 0 : ready_events(operation.descriptor, operation.events);
    if (ready != 0) return end_at_once(operation, ready);
    return enqueue(operation, slot, slot.polls);
}

auto EpollBackend::enqueue(Operation& operation, Slot& slot, OperationList& list) noexcept -> bool {
    list.push_back(operation);
    const std::uint32_t events = slot.watched | wanted_events(slot);
    const int error = watch(operation.descriptor, slot, events);
    if (error != 0) {
        list.remove(operation);
        return end_at_once(operation, error);
    }
    return begin(operation);
}

auto EpollBackend::watch(int descriptor, Slot& slot, std::uint32_t events) noexcept -> int {
    if (events == slot.watched) return 0;
    if (is_of_parent()) return -EOWNERDEAD;  // a forked child shares the set with its parent, who goes on with it
    if (events == 0) {                       // hang-ups are reported even for an empty set: only removal is silence
        forget_registration(descriptor, slot);
        return 0;
    }
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag_of(descriptor, slot);
    const int likely = slot.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int result = ::epoll_ctl(epoll_.get(), likely, descriptor, &event);
    // Our record can be wrong where an owner closed a descriptor behind our back.
    if (result < 0 && errno == ENOENT) result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event);
    if (result < 0 && errno == EEXIST) result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
    if (result < 0) return -errno;
    slot.watched = events;
    return 0;
}

void EpollBackend::forget_registration(int descriptor, Slot& slot) noexcept {
    if (slot.watched == 0 || is_of_parent()) return;
    epoll_event unused{};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, &unused);
    slot.watched = 0;
    ++slot.generation;  // an event of the old registration may still stand in the batch being handled
}

/// Stops watching what nobody waits for, save `kept`. A failed change is harmless: an event too many, ignored.
void EpollBackend::unwatch_unwanted(int descriptor, Slot& slot, std::uint32_t kept) noexcept {
    static_cast<void>(watch(descriptor, slot, wanted_events(slot) | (slot.watched & kept)));
}

void EpollBackend::cancel(Operation& operation) noexcept {
    if (!operation.in_flight || operation.cancelling || EndedOperations::contains(operation)) return;
    operation.cancelling = true;
    if (operation.kind == OperationKind::file) {
        if (!is_of_parent()) file_ring_->cancel(static_cast<FileOperation&>(operation));
        return;
    }
    Slot& slot = *slots_.find(operation.descriptor);
    const bool is_poll = operation.kind == OperationKind::poll;
    OperationList& list = is_poll ? slot.polls : is_outward(operation) ? slot.out.waiting : slot.in.waiting;
    list.remove(operation);
    // A poll's owner may close the descriptor right after: nothing is kept. Reading stays registered, since reading again
    // is what most owners do next; writing never does, since a socket is nearly always writable.
    unwatch_unwanted(operation.descriptor, slot, is_poll || !slot.is_kept ? 0U : std::uint32_t{EPOLLIN});
    end(operation, -ECANCELED);
}

auto EpollBackend::collect(std::span<epoll_event> events, Time deadline) -> std::span<epoll_event> {
    const int capacity = static_cast<int>(events.size());
    for (;;) {
        int count = 0;
        const timespec left = deadline == Time::max() ? timespec{} : until(deadline);
        if (has_precise_wait_) {
            count = ::epoll_pwait2(
                epoll_.get(), events.data(), capacity, deadline == Time::max() ? nullptr : &left, nullptr);
        } else {
            // Rounded up, never early; beyond 24 days in slices, since the argument is an int of milliseconds.
            const std::int64_t exact = std::int64_t{left.tv_sec} * 1'000 + (left.tv_nsec + 999'999) / 1'000'000;
            const int timeout = exact > std::numeric_limits<int>::max() ? std::numeric_limits<int>::max()
                                                                        : static_cast<int>(exact);
            count = ::epoll_wait(epoll_.get(), events.data(), capacity, deadline == Time::max() ? -1 : timeout);
            if (count == 0 && exact > timeout) continue;
        }
        if (count >= 0) return events.first(static_cast<std::size_t>(count));
        if (has_precise_wait_ && (errno == ENOSYS || errno == EPERM)) {
            has_precise_wait_ = false;  // kernel < 5.11, or a container's policy that does not know it
        } else if (errno != EINTR) {
            throw std::system_error{errno, std::generic_category(), "epoll_wait"};
        }
    }
}

void EpollBackend::wait(Time deadline) {
    std::array<epoll_event, events_at_once> events;
    const auto room = std::span(events).first(next_events_);
    const bool has_files = file_ring_ != nullptr && !is_of_parent();
    if (has_files) {
        serve_files();
        // What was interrupted is queued again, and a kernel short of memory takes nothing for a moment.
        if (file_ring_->has_work()) deadline = std::min(deadline, now() + std::chrono::milliseconds(1));
    }
    const auto heard = collect(room, has_ended() ? Time::min() : deadline);
    received_ = 0;
    if (has_files) serve_files();
    for (const epoll_event& event : heard) handle(event);
    const std::size_t each = heard.empty() ? 0 : received_ / heard.size();
    next_events_ = each == 0 ? events_at_once : std::clamp(bytes_at_once / each, fewest_events_at_once, events_at_once);
    tell_ended();
}

void EpollBackend::handle(const epoll_event& event) noexcept {
    if (event.data.u64 == wake_tag) return;
    const int descriptor = static_cast<int>(event.data.u64 & 0xffff'ffffU);
    Slot* const slot = slots_.find(descriptor);
    if (slot == nullptr || tag_of(descriptor, *slot) != event.data.u64) return;  // of a registration that is gone

    // Nearly always: bytes for somebody who waits for them, and nothing else.
    if (event.events == EPOLLIN && slot->watched == EPOLLIN && slot->is_kept && slot->polls.is_empty() &&
        !slot->in.waiting.is_empty()) {
        return serve(slot->in);
    }
    const bool is_broken = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
    // Who waited for input will read it now.
    const bool told_reader = serve_polls(*slot, event.events) && slot->is_kept;
    if (is_broken || (event.events & EPOLLOUT) != 0) serve(slot->out);
    if (is_broken || (event.events & EPOLLIN) != 0) {
        const bool had_reader = told_reader || !slot->in.waiting.is_empty();
        serve(slot->in);
        // Nobody was there to read: level-triggered, it would fire again and again. The ready bit remembers.
        if (!had_reader) return unwatch_unwanted(descriptor, *slot, 0);
    }
    unwatch_unwanted(descriptor, *slot, slot->is_kept ? std::uint32_t{EPOLLIN} : 0U);
}

void EpollBackend::serve(Direction& direction) noexcept {
    bool is_ready = true;
    while (is_ready && !direction.waiting.is_empty()) {
        Operation& operation = *direction.waiting.front();
        const bool is_connect = operation.kind == OperationKind::connect;
        const std::int64_t result = is_connect ? connection_result(operation) : attempt(operation);
        is_ready = !is_blocked(operation, result) && leaves_more(operation, result);
        if (is_blocked(operation, result)) break;
        direction.waiting.remove(operation);
        if (operation.kind == OperationKind::receive && result > 0) received_ += static_cast<std::size_t>(result);
        end(operation, result);
    }
    direction.is_ready = is_ready;
}

/// @return whether somebody was told of input.
auto EpollBackend::serve_polls(Slot& slot, std::uint32_t events) noexcept -> bool {
    bool is_input = false;
    Operation* poll = slot.polls.front();
    while (poll != nullptr) {
        Operation* const following = poll->next;
        const auto heard = static_cast<std::uint32_t>(static_cast<std::uint16_t>(poll->events)) | EPOLLHUP | EPOLLERR;
        if ((events & heard) != 0) {
            is_input = is_input || (events & heard & EPOLLIN) != 0;
            slot.polls.remove(*poll);
            end(*poll, events & heard);
        }
        poll = following;
    }
    return is_input;
}

auto EpollBackend::note_given_out(int descriptor) noexcept -> bool {
    Slot* const slot = slots_.find_or_make(descriptor);
    if (slot == nullptr) return false;
    slot->is_given_out = true;
    slot->is_kept = true;
    return true;
}

auto EpollBackend::watch_alarm(int descriptor) noexcept -> int {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;  // as the eventfd
    event.data.u64 = wake_tag;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

auto EpollBackend::forget(int descriptor) noexcept -> bool {
    Slot* const slot = slots_.find(descriptor);
    if (slot == nullptr) return false;
    // Not left to close(2): it removes nothing while a copy of the descriptor lives, say in a child that has just forked.
    forget_registration(descriptor, *slot);
    slot->in.is_ready = false;
    slot->is_kept = false;
    return std::exchange(slot->is_given_out, false);
}

}  // namespace

auto make_epoll_backend() -> std::unique_ptr<Backend> { return std::make_unique<EpollBackend>(SlowFiles::threads); }
auto make_mixed_backend() -> std::unique_ptr<Backend> { return std::make_unique<EpollBackend>(SlowFiles::ring); }

}  // namespace gyre::backend
