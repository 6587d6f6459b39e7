// Opens connections to an echo server, sends one message on each, and keeps them all: what does each cost?
// usage: connections PORT COUNT PROCESSES      PROCESSES: ids of the server's, with commas between
#include "load.hpp"

#include <poll.h>

namespace {

constexpr std::size_t connections_per_address = 20'000;  // of 28,000 ports

/// Resident memory of the processes, in bytes.
auto resident(const std::string& processes) -> double {
    double sum = 0;
    for (std::size_t at = 0; at < processes.size();) {
        const std::size_t comma = std::min(processes.find(',', at), processes.size());
        std::ifstream file("/proc/" + processes.substr(at, comma - at) + "/statm");
        double total = 0;
        double pages = 0;
        if (file >> total >> pages) sum += pages * static_cast<double>(sysconf(_SC_PAGESIZE));
        at = comma + 1;
    }
    return sum;
}

/// What the kernel says it keeps in its own tables, in bytes: of the whole machine, so both ends are in it.
auto kernel_memory() -> double {
    std::ifstream file("/proc/meminfo");
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with("Slab:")) return std::strtod(line.c_str() + 5, nullptr) * 1024;
    }
    return 0;
}

void echo_once(int descriptor) {
    char bytes[64] = {};
    if (send(descriptor, bytes, sizeof bytes, MSG_NOSIGNAL) != sizeof bytes) load::fail("send");
    for (std::size_t received = 0; received < sizeof bytes;) {
        pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
        if (poll(&waiting, 1, 20'000) != 1) load::fail("no echo");
        const ssize_t count = recv(descriptor, bytes, sizeof bytes - received, 0);
        if (count <= 0) load::fail("recv");
        received += static_cast<std::size_t>(count);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) return 2;
    load::raise_descriptor_limit();
    const int port = std::atoi(arguments[1]);
    const std::size_t wanted = std::strtoul(arguments[2], nullptr, 10);
    const std::string processes = arguments[3];
    std::vector<int> connections;
    connections.reserve(wanted);
    echo_once(load::connect_to(port));  // what is made at the first connection is none of the others' cost
    const double resident_before = resident(processes);
    const double kernel_before = kernel_memory();
    const double cpu_before = load::cpu_seconds(processes);
    const double began = load::now();
    while (connections.size() < wanted) {
        const auto source = static_cast<std::uint32_t>(2 + connections.size() / connections_per_address);
        connections.push_back(load::connect_to(port, source));
    }
    echo_once(connections.back());  // accepted in order: now all are
    const double taken = load::now() - began;
    const double cpu = load::cpu_seconds(processes) - cpu_before;
    for (const int connection : connections) echo_once(connection);
    const auto number = static_cast<double>(wanted);
    std::printf("{\"requests\": %.0f, \"rate\": %.1f, \"cpu_us\": %.4f, \"rss\": %.1f, \"kernel\": %.1f}\n", number,
        number / taken, cpu / number * 1e6, (resident(processes) - resident_before) / number,
        (kernel_memory() - kernel_before) / number);
    for (const int connection : connections) load::reset(connection);
}
