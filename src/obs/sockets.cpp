#include "obs/sockets.hpp"

#include "net/socket.hpp"
#include "obs/place.hpp"

namespace gyre::obs {

namespace {

constexpr std::size_t most_sockets = 10'000;

}  // namespace

auto read_sockets(EventLoop& loop) -> std::vector<SocketInfo> {
    std::vector<SocketInfo> all;
    auto* sockets = loop.find_local<internal::LoopSockets>();
    if (sockets == nullptr) return all;
    auto& open = sockets->open;
    for (auto* socket = open.front(); socket != nullptr && all.size() < most_sockets; socket = open.after(*socket)) {
        if (socket->descriptor < 0) continue;
        all.push_back({socket->descriptor, std::string(socket->name()), make_place(socket->opened), socket->opener,
            !socket->in_flight.empty()});
    }
    return all;
}

}  // namespace gyre::obs
