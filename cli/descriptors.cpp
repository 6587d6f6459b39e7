#include "descriptors.hpp"

#include "inspected.hpp"
#include "text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string_view>
#include <system_error>

namespace gyre::cli {

namespace {

namespace fs = std::filesystem;

struct SocketOf {
    SocketOf() = default;
    std::string kind;
    std::string text;
};
using Sockets = std::map<std::string, SocketOf>;  // by inode

/// "0100007F:1F90" is 127.0.0.1:8080: words as the machine has them.
auto address_text(std::string_view hex) -> std::string {
    const auto colon = hex.find(':');
    if (colon != 8 && colon != 32) return "?";
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < colon / 8; ++i) {
        words[i] = static_cast<std::uint32_t>(std::stoul(std::string(hex.substr(i * 8, 8)), nullptr, 16));
    }
    const auto port = std::stoul(std::string(hex.substr(colon + 1)), nullptr, 16);
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool is_six = colon == 32;
    if (::inet_ntop(is_six ? AF_INET6 : AF_INET, words.data(), text.data(), text.size()) == nullptr) return "?";
    return (is_six ? "[" + std::string(text.data()) + "]" : std::string(text.data())) + ":" + std::to_string(port);
}

auto tcp_state(std::string_view hex) -> std::string {
    static constexpr std::array names = {"?", "established", "connecting", "syn received", "fin wait 1", "fin wait 2",
        "time wait", "closed", "the peer has closed", "last ack", "listens", "closing"};
    const auto number = std::stoul(std::string(hex), nullptr, 16);
    return number < names.size() ? names[number] : "?";
}

void read_internet(const std::string& folder, const char* file, const char* kind, Sockets& sockets) {
    std::ifstream table(folder + file);
    std::string line;
    std::getline(table, line);  // the head
    while (std::getline(table, line)) {
        std::istringstream fields(line);
        std::string skipped, local, remote, state, inode;
        fields >> skipped >> local >> remote >> state;
        for (int i = 0; i < 5; ++i) fields >> skipped;
        fields >> inode;
        if (!fields) continue;
        SocketOf& socket = sockets[inode];
        socket.kind = kind;
        const bool is_tcp = socket.kind == "tcp";
        const bool has_peer = remote.find_first_not_of("0:") != std::string::npos;
        socket.text = address_text(local) + (has_peer ? " -> " + address_text(remote) : "") +
                      (is_tcp ? " " + tcp_state(state) : "");
    }
}

void read_unix(const std::string& folder, Sockets& sockets) {
    std::ifstream table(folder + "unix");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        std::istringstream fields(line);
        std::string skipped, flags, state, inode, path;
        fields >> skipped >> skipped >> skipped >> flags >> skipped >> state >> inode;
        if (!fields) continue;
        fields >> path;
        const bool listens = flags == "00010000";
        SocketOf& socket = sockets[inode];
        socket.kind = "unix";
        socket.text = harmless(path.empty() ? "(no name)" : path) + (listens ? " listens" : "");
    }
}

auto describe(const std::string& target, const Sockets& sockets, OpenDescriptor& descriptor) {
    constexpr std::string_view socket_prefix = "socket:[";
    if (target.starts_with(socket_prefix)) {
        const auto found = sockets.find(target.substr(socket_prefix.size(), target.size() - socket_prefix.size() - 1));
        descriptor.kind = found != sockets.end() ? found->second.kind : "socket";
        descriptor.text = found != sockets.end() ? found->second.text : "not connected";
        return;
    }
    descriptor.kind = "other";
    descriptor.text = harmless(target);
    if (target.starts_with('/')) descriptor.kind = "file";
    if (target.starts_with("pipe:")) descriptor.kind = "pipe";
    static constexpr std::array<std::array<std::string_view, 2>, 6> known = {
        {{"[eventpoll]", "epoll"}, {"[io_uring]", "io_uring"}, {"[eventfd]", "eventfd"}, {"[timerfd]", "timerfd"},
            {"[signalfd]", "signalfd"}, {"[pidfd]", "pidfd"}}};
    for (const auto& [name, kind] : known) {
        if (target.find(name) == std::string::npos) continue;
        descriptor.kind = kind;
        descriptor.text.clear();
    }
}

}  // namespace

auto open_descriptors(int process) -> std::vector<OpenDescriptor> {
    const std::string folder = "/proc/" + std::to_string(process) + "/";
    Sockets sockets;
    for (const char* file : {"tcp", "tcp6"}) read_internet(folder + "net/", file, "tcp", sockets);
    for (const char* file : {"udp", "udp6"}) read_internet(folder + "net/", file, "udp", sockets);
    read_unix(folder + "net/", sockets);
    std::vector<OpenDescriptor> all;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder + "fd", error)) {
        std::error_code gone;
        const auto target = fs::read_symlink(entry.path(), gone);
        if (gone) continue;  // closed meanwhile
        OpenDescriptor& descriptor = all.emplace_back();
        descriptor.number = std::stoi(entry.path().filename().string());
        describe(target.string(), sockets, descriptor);
    }
    if (error)
        throw InspectError(
            "the descriptors of process " + std::to_string(process) + " cannot be read: " + error.message());
    std::sort(all.begin(), all.end(),
        [](const OpenDescriptor& left, const OpenDescriptor& right) { return left.number < right.number; });
    return all;
}

auto descriptor_limit(int process) -> std::size_t {
    std::ifstream limits("/proc/" + std::to_string(process) + "/limits");
    constexpr std::string_view wanted = "Max open files";
    for (std::string line; std::getline(limits, line);) {
        if (!line.starts_with(wanted)) continue;
        std::istringstream fields(line.substr(wanted.size()));
        std::size_t soft = 0;  // it stays that for "unlimited"
        fields >> soft;
        return soft;
    }
    return 0;
}

auto descriptors_are_out(int process) -> bool {
    const std::size_t limit = descriptor_limit(process);
    if (limit == 0) return false;
    std::size_t taken = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process) + "/fd", error)) {
        // One that was opened before the limit was lowered may have a number above it.
        if (std::stoul(entry.path().filename().string()) < limit) ++taken;
    }
    return taken >= limit;
}

}  // namespace gyre::cli
