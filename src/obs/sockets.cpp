#include "obs/sockets.hpp"

#include "net/socket.hpp"
#include "obs/place.hpp"

namespace gyre::obs {

namespace {

constexpr std::size_t most_sockets = 10'000;

struct SocketEntry {
    int descriptor = -1;
    bool in_use = false;
    bool has_name = false;  ///< Else its peer follows: a name takes memory.
    std::source_location opened;
};

}  // namespace

auto write_sockets(EventLoop& loop, TaskTape& tape, std::uint64_t after) -> std::size_t {
    auto* sockets = loop.find_local<internal::LoopSockets>();
    if (sockets == nullptr) return 0;
    std::size_t count = 0;
    auto& open = sockets->open;
    for (auto* socket = open.front(); socket != nullptr && count < most_sockets; socket = open.after(*socket)) {
        if (socket->descriptor < 0 || socket->number <= after) continue;
        if (!tape.begin()) break;
        const std::string_view name = socket->name();
        tape.put(SocketEntry{socket->descriptor, !socket->in_flight.empty(), !name.empty(), socket->opened});
        if (!name.empty()) {
            tape.put_text(name);
        } else {
            tape.put(socket->peer);
        }
        tape.put_text(socket->opener);
        if (!tape.end()) break;
        ++count;
    }
    return count;
}

auto take_socket(TaskTape::Reading& from) -> SocketInfo {
    from.next_entry();
    const auto entry = from.take<SocketEntry>();
    SocketInfo info{entry.descriptor, {}, make_place(entry.opened), {}, entry.in_use};
    info.name = entry.has_name ? std::string(from.take_text()) : from.take<net::Address>().text();
    info.opener = from.take_text();
    return info;
}

auto read_sockets(EventLoop& loop, std::uint64_t after) -> std::vector<SocketInfo> {
    TaskTape tape;
    const std::size_t count = write_sockets(loop, tape, after);
    TaskTape::Reading from(tape);
    std::vector<SocketInfo> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) all.push_back(take_socket(from));
    return all;
}

auto count_sockets(EventLoop& loop) -> SocketCounts {
    SocketCounts counts;
    auto* sockets = loop.find_local<internal::LoopSockets>();
    if (sockets == nullptr) return counts;
    counts.opened = sockets->opened;
    auto& open = sockets->open;
    for (auto* socket = open.front(); socket != nullptr; socket = open.after(*socket)) {
        if (socket->descriptor >= 0) ++counts.open;
    }
    return counts;
}

}  // namespace gyre::obs
