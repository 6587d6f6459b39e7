#include "kernel_backend.hpp"
#include "random.hpp"
#include "sim_address.hpp"
#include "sim_network.hpp"

#include <gyre/backend/sim.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

namespace gyre::backend {

namespace {

/// Wakes one sleeping thread from any other, or from a signal handler.
class WakeUp {
public:
    WakeUp() : descriptor_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {
        if (descriptor_.get() < 0)
            throw std::system_error{errno, std::generic_category(), "eventfd, for wake-ups of a loop"};
    }

    void call() noexcept {
        if (is_called_.exchange(true)) return;
        const std::uint64_t one = 1;
        const int saved = errno;
        [[maybe_unused]] const ssize_t written = ::write(descriptor_.get(), &one, sizeof one);
        errno = saved;
    }

    [[nodiscard]] auto is_called() const noexcept -> bool { return is_called_.load(); }

    /// Takes a call if there is one.
    auto take() noexcept -> bool { return is_called_.exchange(false); }

    void sleep() {
        pollfd request{.fd = descriptor_.get(), .events = POLLIN, .revents = 0};
        while (!take()) {
            if (::poll(&request, 1, -1) < 0 && errno != EINTR) {
                throw std::system_error{errno, std::generic_category(), "poll, for a wake-up"};
            }
            // The counter first, then the flag: what comes between is one more wake-up, never one less.
            std::uint64_t count = 0;
            [[maybe_unused]] const ssize_t taken = ::read(descriptor_.get(), &count, sizeof count);
        }
    }

private:
    OwnedDescriptor descriptor_;
    std::atomic<bool> is_called_ = false;
};

/// Runs what may need memory, for the calls that answer with an errno.
template<class Function>
auto or_no_memory(Function function) noexcept -> decltype(function()) {
    try {
        return function();
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
}

class SimBackend final : public Backend {
public:
    explicit SimBackend(const SimOptions& options) : random_{options.seed}, network_{options, random_, now_, ended_} {}
    ~SimBackend() override { ended_.abandon(); }

    [[nodiscard]] auto name() const noexcept -> std::string_view override { return "sim"; }
    [[nodiscard]] auto now() const noexcept -> Time override { return now_; }
    [[nodiscard]] auto has_processes() const noexcept -> bool override { return false; }
    void fill_random(std::span<std::byte> bytes) override { random_.fill(bytes); }

    [[nodiscard]] auto start(Operation& operation) noexcept -> bool override {
        const std::int64_t result = or_no_memory([&] { return network_.start(operation); });
        if (result != SimNetwork::must_wait) {
            operation.result = result;
            return true;
        }
        operation.in_flight = true;
        operation.cancelling = false;
        ++in_flight_;
        return false;
    }

    void cancel(Operation& operation) noexcept override {
        if (!operation.in_flight || operation.cancelling || EndedOperations::contains(operation)) return;
        operation.cancelling = true;
        network_.withdraw(operation);
        ended_.push_back(operation, -ECANCELED);
    }

    void wait(Time deadline) override;
    void wake() noexcept override { wake_up_.call(); }
    [[nodiscard]] auto in_flight() const noexcept -> std::size_t override { return in_flight_; }
    [[nodiscard]] auto can_be_woken() const noexcept -> bool override {
        return !ended_.is_empty() || network_.next_event() != Time::max() || wake_up_.is_called();
    }

    [[nodiscard]] auto send_now(int descriptor, std::span<const std::byte> bytes) noexcept -> std::int64_t override {
        return or_no_memory([&] { return network_.send_now(descriptor, bytes); });
    }

    [[nodiscard]] auto open_socket(int domain, int type, int protocol) noexcept -> int override {
        return or_no_memory([&] { return network_.open(domain, type, protocol); });
    }
    [[nodiscard]] auto bind(int descriptor, const sockaddr_storage& address, socklen_t length) noexcept -> int override {
        return or_no_memory([&] { return network_.bind(descriptor, address, length); });
    }
    [[nodiscard]] auto listen(int descriptor, int backlog) noexcept -> int override {
        return or_no_memory([&] { return network_.listen(descriptor, backlog); });
    }
    [[nodiscard]] auto local_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept
        -> int override {
        return network_.local_address(descriptor, address, length);
    }
    [[nodiscard]] auto peer_address(int descriptor, sockaddr_storage& address, socklen_t& length) noexcept
        -> int override {
        return network_.peer_address(descriptor, address, length);
    }
    [[nodiscard]] auto set_option(int descriptor, int level, int name, const void* value, socklen_t size) noexcept
        -> int override {
        return or_no_memory([&] { return network_.set_option(descriptor, level, name, value, size); });
    }
    [[nodiscard]] auto get_option(int descriptor, int level, int name, void* value, socklen_t& size) noexcept
        -> int override {
        return or_no_memory([&] { return network_.get_option(descriptor, level, name, value, size); });
    }
    auto shutdown(int descriptor, int how) noexcept -> int override {
        return or_no_memory([&] { return network_.shutdown(descriptor, how); });
    }
    [[nodiscard]] auto ready_events(int descriptor, short events) noexcept -> int override {
        return network_.ready_events(descriptor, events);
    }
    [[nodiscard]] auto check_watchable(int descriptor) noexcept -> int override {
        return std::min(network_.ready_events(descriptor, 0), 0);
    }
    void close(int descriptor) noexcept override { network_.close(descriptor); }
    [[nodiscard]] auto open_descriptors() const noexcept -> std::size_t override { return network_.open_count(); }
    [[nodiscard]] auto lookup(std::string_view host) -> std::optional<std::vector<std::string>> override {
        return simulated_lookup(host);
    }

private:
    Time now_{std::chrono::seconds{1}};  // not zero, so that a forgotten initialisation shows
    Random random_;
    EndedOperations ended_;
    SimNetwork network_;
    WakeUp wake_up_;
    std::size_t in_flight_ = 0;
};

void SimBackend::wait(Time deadline) {
    bool has_moved = wake_up_.take();
    network_.happen();
    while (ended_.is_empty() && !has_moved && deadline > now_) {
        const Time next = std::min(deadline, network_.next_event());
        if (next == Time::max()) {
            wake_up_.sleep();
            break;
        }
        now_ = next;
        network_.happen();
        // Without a deadline, an event that ended nothing may have been the last: the caller must look again.
        has_moved = deadline == Time::max();
    }
    ended_.tell(in_flight_);
}

}  // namespace

auto make_sim_backend(SimOptions options) -> std::unique_ptr<Backend> { return std::make_unique<SimBackend>(options); }

}  // namespace gyre::backend
