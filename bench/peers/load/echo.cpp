// Asks an echo server on as many connections as wanted, each with one message under way.
// usage: echo PORT CONNECTIONS BYTES SECONDS PROCESSES      PROCESSES: ids of the server's, with commas between
#include "load.hpp"

namespace {

struct Connection {
    int descriptor = -1;
    std::size_t sent = 0;
    std::size_t received = 0;
    double started = 0;
};

std::vector<char> message;
std::vector<char> storage(256 * 1024);

/// Sends and receives until the kernel says no. @return false if the server broke it.
auto advance(Connection& connection, load::Window& window) -> bool {
    for (;;) {
        while (connection.sent < message.size()) {
            if (connection.sent == 0) connection.started = load::now();
            const ssize_t count = send(connection.descriptor, message.data() + connection.sent,
                message.size() - connection.sent, MSG_NOSIGNAL);
            if (count < 0) {
                if (errno != EAGAIN) return false;
                break;
            }
            connection.sent += static_cast<std::size_t>(count);
            if (connection.sent == message.size()) return true;  // the answer cannot be there yet
        }
        const ssize_t count = recv(
            connection.descriptor, storage.data(), std::min(storage.size(), message.size() - connection.received), 0);
        if (count == 0) return false;
        if (count < 0) return errno == EAGAIN;
        connection.received += static_cast<std::size_t>(count);
        if (connection.received < message.size()) continue;
        if (window.is_open()) window.done((load::now() - connection.started) * 1e6);
        connection.sent = connection.received = 0;
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 6) return 2;
    load::raise_descriptor_limit();
    const int port = std::atoi(arguments[1]);
    std::vector<Connection> connections(std::strtoul(arguments[2], nullptr, 10));
    message.assign(std::strtoul(arguments[3], nullptr, 10), 'x');
    const double seconds = std::strtod(arguments[4], nullptr);
    const int set = epoll_create1(0);
    for (std::size_t i = 0; i < connections.size(); ++i) {
        connections[i].descriptor = load::connect_to(port);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.u64 = i;
        epoll_ctl(set, EPOLL_CTL_ADD, connections[i].descriptor, &event);
    }
    load::Window window(std::min(0.5, seconds / 4), seconds, arguments[5]);
    for (Connection& connection : connections) {
        if (!advance(connection, window)) load::fail("first message");
    }
    epoll_event events[256];
    while (window.turn()) {
        const int ready = epoll_wait(set, events, 256, 100);
        for (int i = 0; i < ready; ++i) {
            if (!advance(connections[events[i].data.u64], window)) load::fail("echo");
        }
    }
    window.report();
    for (const Connection& connection : connections) load::reset(connection.descriptor);
}
