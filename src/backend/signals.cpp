#include <gyre/backend/signals.hpp>

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <new>

namespace gyre::backend {

namespace {

constexpr int signal_count = 64;
constexpr int most_receivers = 256;

/// One receiver, as the handler sees it: nothing but atomics and write(2).
struct Slot {
    std::atomic<SignalBits> wanted = 0;
    std::atomic<SignalBits> pending = 0;
    std::atomic<int> descriptor = -1;
    std::atomic<int> handlers_inside = 0;  ///< The descriptor is not closed meanwhile.
    InChild in_child = InChild::stays;     ///< Under the mutex.
};

constinit std::array<Slot, most_receivers> slots{};

/// How many receivers a signal has, and what it did before. Under the mutex; the handler does not look.
struct Registry {
    std::mutex mutex;
    std::array<bool, most_receivers> is_taken{};
    std::array<int, signal_count + 1> receivers{};
    std::array<struct sigaction, signal_count + 1> before{};
};

void end_in_child(Registry& all) noexcept;

/// Held while the process forks, so that the child, in which nobody else is left, finds nothing half done.
auto registry() noexcept -> Registry& {
    // Never destroyed: receivers may live longer than the statics.
    alignas(Registry) static std::array<std::byte, sizeof(Registry)> place{};
    static Registry& all = *::new (place.data()) Registry;
    [[maybe_unused]] static const int registered = pthread_atfork([] { all.mutex.lock(); }, [] { all.mutex.unlock(); },
        [] {
            end_in_child(all);
            all.mutex.unlock();
        });
    return all;
}

void handle(int signal) {
    const int saved = errno;
    const SignalBits bit = signal_bit(signal);
    for (Slot& slot : slots) {
        if ((slot.wanted.load() & bit) == 0) continue;
        slot.handlers_inside.fetch_add(1);
        if ((slot.wanted.load() & bit) != 0) {
            slot.pending.fetch_or(bit);
            const std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = ::write(slot.descriptor.load(), &one, sizeof one);
        }
        slot.handlers_inside.fetch_sub(1);
    }
    errno = saved;
}

/// Catches one more signal for a receiver. @return 0 or a negative errno.
auto subscribe(Registry& all, int signal) noexcept -> int {
    const auto at = static_cast<std::size_t>(signal);
    if (all.receivers[at] == 0) {
        struct sigaction action{};
        action.sa_handler = handle;
        action.sa_flags = SA_RESTART;
        sigfillset(&action.sa_mask);
        if (::sigaction(signal, &action, &all.before[at]) < 0) return -errno;
    }
    ++all.receivers[at];
    return 0;
}

void unsubscribe(Registry& all, int signal) noexcept {
    const auto at = static_cast<std::size_t>(signal);
    if (--all.receivers[at] > 0) return;
    struct sigaction now{};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == handle)
        ::sigaction(signal, &all.before[at], nullptr);  // else somebody else has taken it since
}

template<class Function>
void for_each(SignalBits signals, Function function) noexcept {
    for (; signals != 0; signals &= signals - 1) function(std::countr_zero(signals) + 1);
}

/// Async-signal-safe.
void end_in_child(Registry& all) noexcept {
    for (std::size_t i = 0; i < slots.size(); ++i) {
        Slot& slot = slots[i];
        slot.handlers_inside = 0;  // they were on threads that are not here
        if (!all.is_taken[i] || slot.in_child == InChild::stays) continue;
        for_each(slot.wanted.exchange(0), [&](int signal) { unsubscribe(all, signal); });
        ::close(slot.descriptor.exchange(-1));
        all.is_taken[i] = false;
    }
}

auto to_set(SignalBits signals) noexcept -> sigset_t {
    sigset_t set;
    sigemptyset(&set);
    for_each(signals, [&](int signal) { sigaddset(&set, signal); });
    return set;
}

}  // namespace

auto SignalReceiver::open(SignalBits signals, InChild in_child) noexcept -> int {
    auto& all = registry();
    const std::lock_guard lock(all.mutex);
    int free = 0;
    while (free < most_receivers && all.is_taken[static_cast<std::size_t>(free)]) ++free;
    if (free == most_receivers) return -EUSERS;
    const int opened = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (opened < 0) return -errno;
    Slot& slot = slots[static_cast<std::size_t>(free)];
    slot.descriptor = opened;
    slot.pending = 0;
    slot.in_child = in_child;
    slot.wanted = signals;
    SignalBits caught = 0;
    int error = 0;
    for_each(signals, [&](int signal) {
        if (error != 0) return;
        error = subscribe(all, signal);
        if (error == 0) caught |= signal_bit(signal);
    });
    if (error != 0) {
        for_each(caught, [&](int signal) { unsubscribe(all, signal); });
        slot.wanted = 0;
        while (slot.handlers_inside.load() > 0) ::sched_yield();
        ::close(opened);
        return error;
    }
    all.is_taken[static_cast<std::size_t>(free)] = true;
    slot_ = free;
    const sigset_t set = to_set(signals);
    pthread_sigmask(SIG_UNBLOCK, &set, &blocked_before_);
    return 0;
}

void SignalReceiver::close() noexcept {
    if (slot_ < 0) return;
    auto& all = registry();
    const std::lock_guard lock(all.mutex);
    Slot& slot = slots[static_cast<std::size_t>(slot_)];
    const SignalBits signals = slot.wanted.load();
    // Blocked again first: with the old disposition, one that this thread never wanted would do what it does.
    SignalBits blocked = 0;
    for_each(signals, [&](int signal) {
        if (sigismember(&blocked_before_, signal) == 1) blocked |= signal_bit(signal);
    });
    const sigset_t set = to_set(blocked);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    for_each(signals, [&](int signal) { unsubscribe(all, signal); });
    slot.wanted = 0;
    while (slot.handlers_inside.load() > 0) ::sched_yield();
    ::close(slot.descriptor.exchange(-1));
    all.is_taken[static_cast<std::size_t>(slot_)] = false;
    slot_ = -1;
}

auto SignalReceiver::descriptor() const noexcept -> int {
    return slot_ < 0 ? -1 : slots[static_cast<std::size_t>(slot_)].descriptor.load();
}

auto SignalReceiver::take() noexcept -> int {
    if (slot_ < 0) return -EBADF;
    Slot& slot = slots[static_cast<std::size_t>(slot_)];
    for (int attempt = 0; attempt < 2; ++attempt) {
        const SignalBits pending = slot.pending.load();
        if (pending != 0) {
            const int signal = std::countr_zero(pending) + 1;
            slot.pending.fetch_and(~signal_bit(signal));
            return signal;
        }
        // The counter first, then the bits again: what comes between is seen.
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t taken = ::read(slot.descriptor.load(), &count, sizeof count);
    }
    return -EAGAIN;
}

auto is_signal_ignored(int signal) noexcept -> bool {
    struct sigaction now{};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

SignalsBlocked::SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
}

SignalsBlocked::~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace gyre::backend
