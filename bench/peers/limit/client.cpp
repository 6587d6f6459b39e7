// An HTTP client on epoll, by hand: it looks for the length and drops the body where it is.
// usage: client URL COUNT AT_ONCE      URL: http://127.0.0.1:PORT/PATH
#include "load.hpp"

#include <string_view>

namespace {

struct Connection {
    int descriptor = -1;
    std::string head;
    std::size_t body = 0;
    bool in_body = false;
};

std::string request;
std::size_t left = 0;
std::size_t under_way = 0;
std::size_t bytes = 0;
char storage[64 * 1024];

void ask(Connection& connection) {
    if (left == 0) return;
    --left;
    ++under_way;
    if (send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL) < 0) load::fail("send");
}

void receive(Connection& connection) {
    const bool discards = connection.in_body && connection.body >= 4'096;
    const std::size_t room = discards ? connection.body : sizeof storage;
    const ssize_t count = recv(connection.descriptor, storage, room, discards ? MSG_TRUNC : 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) load::fail("recv");
    auto came = static_cast<std::size_t>(count);
    if (!connection.in_body) {
        const std::size_t before = connection.head.size();
        connection.head.append(storage, came);
        const std::size_t end = connection.head.find("\r\n\r\n");
        if (end == std::string::npos) return;
        constexpr std::string_view name = "Content-Length: ";
        const std::size_t at = connection.head.find(name);
        connection.body = std::strtoul(connection.head.c_str() + at + name.size(), nullptr, 10);
        connection.in_body = true;
        came -= end + 4 - before;
    }
    connection.body -= came;
    bytes += came;
    if (connection.body > 0) return;
    connection.in_body = false;
    connection.head.clear();
    --under_way;
    ask(connection);
}

}  // namespace

int main(int, char** arguments) {
    const std::string url = arguments[1];
    const std::size_t colon = url.rfind(':');
    const int port = std::atoi(url.c_str() + colon + 1);
    request = "GET " + url.substr(url.find('/', colon)) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    left = std::strtoul(arguments[2], nullptr, 10);
    std::vector<Connection> connections(std::strtoul(arguments[3], nullptr, 10));
    const int set = epoll_create1(0);
    for (Connection& connection : connections) {
        connection.descriptor = load::connect_to(port);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        epoll_ctl(set, EPOLL_CTL_ADD, connection.descriptor, &event);
        ask(connection);
    }
    epoll_event events[256];
    while (under_way > 0) {
        const int ready = epoll_wait(set, events, 256, -1);
        for (int i = 0; i < ready; ++i) receive(*static_cast<Connection*>(events[i].data.ptr));
    }
    std::printf("{\"bytes\": %zu}\n", bytes);
}
