#pragma once

#include "operation_list.hpp"
#include "random.hpp"
#include "sim_address.hpp"

#include <gyre/backend/clock.hpp>
#include <gyre/backend/sim.hpp>

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace gyre::backend {

/// One direction of a connection: bytes under way and bytes that have arrived.
struct SimPipe {
    struct Chunk {
        Time arrival;
        std::string bytes;
        std::size_t taken = 0;
    };

    std::deque<Chunk> chunks;
    std::size_t size = 0;            ///< Of everything in it, arrived or not: what the capacity bounds.
    Time end_arrival = Time::max();  ///< When the reader learns of the end of the stream.
    bool is_reader_gone = false;
};

struct SimDatagram {
    Time arrival;
    Endpoint sender;
    std::string bytes;
};

/// A simulated socket, of any kind.
struct SimSocket {
    enum class State : std::uint8_t { fresh, listening, connecting, connected };

    int descriptor = -1;  ///< -1: accepted by the host, not yet by the program.
    int domain = AF_UNSPEC;
    int type = 0;
    State state = State::fresh;
    Endpoint local;
    Endpoint peer_endpoint;
    bool is_bound = false;  ///< Has an entry of its own in the network's table of addresses.
    int error = 0;          ///< Pending, as SO_ERROR.
    std::map<std::pair<int, int>, std::string> options;

    // A connection.
    std::weak_ptr<SimSocket> peer;
    std::shared_ptr<SimPipe> incoming;
    std::shared_ptr<SimPipe> outgoing;
    bool is_answered = false;  ///< The connect's answer is here: the pending error says which.
    bool is_reset = false;
    bool is_read_shut = false;
    bool is_write_shut = false;

    // A listener.
    std::size_t backlog = 0;
    std::deque<std::shared_ptr<SimSocket>> acceptable;
    std::deque<std::weak_ptr<SimSocket>> knocking;  ///< Connecting sockets that found the backlog full.

    // A datagram socket.
    std::deque<SimDatagram> datagrams;
    std::size_t datagram_bytes = 0;

    OperationList receivers;
    OperationList senders;
    OperationList polls;

    [[nodiscard]] auto is_stream() const noexcept -> bool { return type == SOCK_STREAM; }
    [[nodiscard]] auto is_unix() const noexcept -> bool { return domain == AF_UNIX; }
    [[nodiscard]] auto take_error() noexcept -> int { return std::exchange(error, 0); }
};

/// The network of a simulated host: sockets, the addresses that they are bound to, and what is under way between them.
///
/// Everything happens at a point of virtual time and in a fixed order. Functions may throw std::bad_alloc.
class SimNetwork {
public:
    SimNetwork(const SimOptions& options, Random& random, const Time& now, EndedOperations& ended)
        : options_{options}, random_{random}, now_{now}, ended_{ended} {}
    ~SimNetwork();
    SimNetwork(const SimNetwork&) = delete;
    auto operator=(const SimNetwork&) -> SimNetwork& = delete;

    [[nodiscard]] auto open(int domain, int type, int protocol) -> int;
    [[nodiscard]] auto bind(int descriptor, const sockaddr_storage& address, socklen_t length) -> int;
    [[nodiscard]] auto listen(int descriptor, int backlog) -> int;
    [[nodiscard]] auto local_address(int descriptor, sockaddr_storage& address, socklen_t& length) -> int;
    [[nodiscard]] auto peer_address(int descriptor, sockaddr_storage& address, socklen_t& length) -> int;
    [[nodiscard]] auto set_option(int descriptor, int level, int name, const void* value, socklen_t size) -> int;
    [[nodiscard]] auto get_option(int descriptor, int level, int name, void* value, socklen_t& size) -> int;
    [[nodiscard]] auto shutdown(int descriptor, int how) -> int;
    [[nodiscard]] auto ready_events(int descriptor, short events) const noexcept -> int;
    void close(int descriptor);
    [[nodiscard]] auto open_count() const noexcept -> std::size_t { return open_count_; }

    /// Instead of a result: not now. No errno, since a real -EAGAIN can be an answer.
    static constexpr std::int64_t must_wait = std::numeric_limits<std::int64_t>::min();

    /// Starts an operation. @return its result, or `must_wait`: it waits here, and will end up among the ended ones.
    [[nodiscard]] auto start(Operation& operation) -> std::int64_t;
    /// As `Backend::send_now`.
    [[nodiscard]] auto send_now(int descriptor, std::span<const std::byte> bytes) -> std::int64_t;

    /// Takes a waiting operation out.
    void withdraw(Operation& operation) noexcept;

    /// When something will happen next; `Time::max()`: never.
    [[nodiscard]] auto next_event() const noexcept -> Time;

    /// Lets everything happen that is due now.
    void happen();

private:
    enum class What : std::uint8_t { serve, knock, answer, reset };

    struct Event {
        Time time;
        std::uint64_t sequence;  ///< Events of one instant happen in the order in which they were made.
        What what;
        std::weak_ptr<SimSocket> socket;

        auto operator>(const Event& other) const noexcept -> bool {
            return time != other.time ? time > other.time : sequence > other.sequence;
        }
    };

    using Socket = std::shared_ptr<SimSocket>;

    // Sockets and addresses: sim_network.cpp.
    [[nodiscard]] auto find(int descriptor) const noexcept -> Socket;
    [[nodiscard]] auto give_out(const Socket& socket) -> int;
    [[nodiscard]] auto is_taken(const SimSocket& socket, const Endpoint& endpoint) const -> bool;
    [[nodiscard]] auto bind_to(SimSocket& socket, Endpoint endpoint) -> int;
    [[nodiscard]] auto bind_if_unbound(SimSocket& socket, const Endpoint& target) -> int;
    void unbind(SimSocket& socket);
    [[nodiscard]] auto reachable(int type, const Endpoint& target) const -> Socket;
    void hang_up(SimSocket& socket);
    void abandon_operations(SimSocket& socket);

    // Connections: sim_network.cpp.
    void at(Time time, What what, const std::weak_ptr<SimSocket>& socket);
    [[nodiscard]] auto connect(const Socket& socket, const Operation& operation) -> std::int64_t;
    [[nodiscard]] auto connect_unix(const Socket& socket, const Endpoint& target) -> std::int64_t;
    void knock(const Socket& socket);
    void establish(const Socket& client, SimSocket& listener);
    void handle(What what, const Socket& socket);

    // Operations: sim_transfer.cpp.
    [[nodiscard]] auto attempt(const Socket& socket, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto accept(SimSocket& listener, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto receive(SimSocket& socket, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto receive_stream(SimSocket& socket, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto receive_datagram(SimSocket& socket, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto send(const Socket& socket, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto send_stream(const Socket& socket, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto send_datagram(const Socket& socket, Operation& operation) -> std::int64_t;
    [[nodiscard]] auto arrived_bytes(const SimPipe& pipe) const noexcept -> std::size_t;
    [[nodiscard]] auto has_ended(const SimSocket& socket) const noexcept -> bool;
    [[nodiscard]] auto readiness(const SimSocket& socket) const noexcept -> short;
    [[nodiscard]] auto shortened(std::size_t size) -> std::size_t;
    [[nodiscard]] static auto list_of(SimSocket& socket, const Operation& operation) noexcept -> OperationList&;
    void serve(const Socket& socket);
    void serve_list(const Socket& socket, OperationList& list);

    const SimOptions options_;
    Random& random_;
    const Time& now_;
    EndedOperations& ended_;
    std::vector<Socket> sockets_;  ///< By descriptor, from `first_descriptor` up.
    std::priority_queue<int, std::vector<int>, std::greater<>> free_descriptors_;
    std::multimap<std::pair<int, std::uint16_t>, Socket> bound_;  ///< By type and port; Unix sockets have port 0.
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t sequence_ = 0;
    std::size_t open_count_ = 0;
    std::uint16_t next_port_ = 32'768;
};

}  // namespace gyre::backend
