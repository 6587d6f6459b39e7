// An echo server on epoll, by hand: one receive and one send a message, one buffer for all connections.
#include "limit.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <string>
#include <unordered_map>

namespace {

char buffer[64 * 1024];
std::unordered_map<int, std::string> unsent;  // of clients that do not take what they asked for
int set = -1;

void watch(int operation, int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    epoll_ctl(set, operation, descriptor, &event);
}

void accept_all(int listener) {
    for (;;) {
        const int connection = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (connection < 0) return;
        limit::set_no_delay(connection);
        watch(EPOLL_CTL_ADD, connection, EPOLLIN);
    }
}

void send_rest(int connection) {
    std::string& rest = unsent[connection];
    const ssize_t sent = send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) rest.erase(0, static_cast<std::size_t>(sent));
    if (!rest.empty()) return;
    unsent.erase(connection);
    watch(EPOLL_CTL_MOD, connection, EPOLLIN);
}

void echo(int connection) {
    const ssize_t received = recv(connection, buffer, sizeof buffer, 0);
    if (received <= 0) {
        if (received == 0 || errno != EAGAIN) close(connection);
        return;
    }
    const ssize_t sent = std::max<ssize_t>(
        send(connection, buffer, static_cast<std::size_t>(received), MSG_NOSIGNAL), 0);
    if (sent == received) return;
    unsent[connection].assign(buffer + sent, buffer + received);
    watch(EPOLL_CTL_MOD, connection, EPOLLOUT);
}

}  // namespace

int main() {
    const int listener = limit::listen_anywhere(SOCK_NONBLOCK);
    set = epoll_create1(0);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    epoll_event events[256];
    for (;;) {
        const int ready = epoll_wait(set, events, 256, -1);
        for (int i = 0; i < ready; ++i) {
            const int descriptor = events[i].data.fd;
            if (descriptor == listener) {
                accept_all(listener);
            } else if ((events[i].events & EPOLLOUT) != 0) {
                send_rest(descriptor);
            } else {
                echo(descriptor);
            }
        }
    }
}
