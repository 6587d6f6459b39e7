#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/sync/event.hpp>

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace gyre::net {

namespace {

constexpr auto shortage_pause = std::chrono::milliseconds(100);
/// After accepting has ended: how long nobody may come until nobody waits any more, and how long it goes on at most.
constexpr auto gap = std::chrono::milliseconds(5);
constexpr auto longest_taking = std::chrono::milliseconds(200);

/// How many connections there are, and who waits for one to end.
class Places {
public:
    explicit Places(std::size_t most) noexcept : most_(std::max<std::size_t>(most, 1)) {}

    [[nodiscard]] auto are_taken() const noexcept -> bool { return taken_ >= most_; }
    [[nodiscard]] auto wait_for_one() noexcept {
        left_.clear();
        return left_.wait();
    }

    void enter() noexcept { ++taken_; }
    void leave() noexcept {
        --taken_;
        left_.set();
    }

private:
    Event left_{"a free connection of net::serve"};
    std::size_t most_;
    std::size_t taken_ = 0;
};

/// One connection's place among those of its server.
class Place {
public:
    explicit Place(Places& places) noexcept : places_(&places) { places.enter(); }
    Place(Place&& other) noexcept : places_(std::exchange(other.places_, nullptr)) {}
    auto operator=(Place&&) -> Place& = delete;
    ~Place() {
        if (places_ != nullptr) places_->leave();
    }

private:
    Places* places_;
};

/// Who is at the other end, in a quarter of the memory of an address that may also be a path.
class PeerNote {
public:
    explicit PeerNote(const Address& peer) noexcept : size_(std::min<socklen_t>(peer.length(), sizeof bytes_)) {
        std::memcpy(&bytes_, &peer.storage(), size_);
    }
    /// Of a Unix socket, which has hardly ever a name, only that.
    [[nodiscard]] auto address() const noexcept -> Address {
        sockaddr_storage storage{};
        std::memcpy(&storage, &bytes_, size_);
        if (storage.ss_family == AF_UNSPEC) return {};
        return {storage, storage.ss_family == AF_UNIX ? socklen_t{sizeof storage.ss_family} : size_};
    }

private:
    std::array<std::byte, sizeof(sockaddr_in6)> bytes_;
    socklen_t size_;
};

/// Where there is no memory for the peer's address, the error goes without it.
void report(std::exception_ptr error, const Address& peer) noexcept {
    ErrorContext context{std::move(error), ErrorOrigin::connection, {}};
    try {
        context.source = peer.text();
    } catch (const std::bad_alloc&) {}
    this_loop().handle_error(std::move(context));
}

auto handle_connection(Stream stream, Place place, ConnectionHandler& handler) -> Task<void> {
    const Place own = std::move(place);
    const PeerNote peer(stream.peer_address());
    std::exception_ptr error;
    try {
        auto handling = handler(std::move(stream));
        co_await std::move(handling);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) report(std::move(error), peer.address());
}

/// Accepts what has connected already: closing the listener would reset it.
template<class Take>
auto take_the_waiting(Listener& listener, const Places& places, Take& take) -> Task<void> {
    listener.hold_off();
    const auto end = this_loop().now() + longest_taking;
    while (!places.are_taken() && this_loop().now() < end) {
        try {
            auto stream = co_await move_on_after(gap, listener.accept());
            if (!stream) break;
            take(std::move(*stream));
        } catch (const std::bad_alloc&) {  // it is one connection less
        }
    }
}

}  // namespace

auto serve(Listener listener, ConnectionHandler handler, ServeOptions options) -> Task<void> {
    Places places(options.max_connections);
    CancelScope own;
    CancelScope& accepting = options.accepting == nullptr ? own : *options.accepting;
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        Listener open = std::move(listener);
        auto take = [&](Stream stream) {
            group.spawn(handle_connection(std::move(stream), Place(places), handler), {.name = "connection"});
        };
        co_await accepting.run([&]() -> Task<void> {
            for (;;) {
                while (places.are_taken()) co_await places.wait_for_one();
                bool has_memory = true;
                try {
                    auto stream = co_await open.accept();
                    take(std::move(stream));
                } catch (const std::bad_alloc&) {
                    has_memory = false;  // that passes: it is one connection less, and not the server
                }
                if (!has_memory) co_await sleep(shortage_pause);
            }
        });
        co_await take_the_waiting(open, places, take);
        open.close();  // now, while the handlers still work
    });
}

}  // namespace gyre::net
