// What the load generators share: sockets to a server on loopback, the clock, and the processor time of the server.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace load {

inline auto now() -> double {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

[[noreturn]] inline void fail(const std::string& what) {
    std::fprintf(stderr, "load: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

/// Seconds that the threads of these processes (ids with commas between) have run, to the nanosecond.
inline auto cpu_seconds(const std::string& processes) -> double {
    double sum = 0;
    for (std::size_t at = 0; at < processes.size();) {
        const std::size_t comma = std::min(processes.find(',', at), processes.size());
        const std::string tasks = "/proc/" + processes.substr(at, comma - at) + "/task";
        std::error_code error;
        for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
            std::ifstream file(task.path() / "schedstat");
            double nanoseconds = 0;
            if (file >> nanoseconds) sum += nanoseconds * 1e-9;
        }
        at = comma + 1;
    }
    return sum;
}

inline void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

inline auto loopback(int port, std::uint32_t last = 1) -> sockaddr_in {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl((127U << 24U) | last);
    return address;
}

/// A connection, made before this returns; non-blocking from then on.
/// @param source the last number of the loopback address that it comes from: each has its own 28,000 ports.
inline auto connect_to(int port, std::uint32_t source = 1) -> int {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    const int one = 1;
    if (source != 1) {
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        const sockaddr_in from = loopback(0, source);
        if (bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from) < 0) fail("bind");
    }
    const sockaddr_in to = loopback(port);
    if (connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) fail("connect");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
}

/// Closes with a reset, so that no port stays in TIME_WAIT.
inline void reset(int descriptor) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(descriptor);
}

/// Counts what is done within a window that begins after a warm-up.
class Window {
public:
    Window(double warm_up, double seconds, std::string processes)
        : begin_(now() + warm_up), seconds_(seconds), processes_(std::move(processes)) {}

    /// Call after each turn. @param is_warm whether what is not to be counted has been done. @return whether to go on.
    auto turn(bool is_warm = true) -> bool {
        const double time = now();
        if (!is_warm && time > begin_ + longest_warm_up) fail("the server did not answer all connections");
        if (!is_open_ && is_warm && time >= begin_) {
            is_open_ = true;
            cpu_ = cpu_seconds(processes_);
            begin_ = now();
        }
        return !is_open_ || time < begin_ + seconds_;
    }
    [[nodiscard]] auto is_open() const -> bool { return is_open_; }

    void done(double microseconds) {
        ++count_;
        latencies_.push_back(static_cast<float>(microseconds));
    }
    void add_bytes(std::size_t bytes) { bytes_ += bytes; }

    /// Prints one line of JSON.
    void report() {
        const double taken = now() - begin_;
        const double cpu = cpu_seconds(processes_) - cpu_;
        std::sort(latencies_.begin(), latencies_.end());
        const auto quantile = [&](double part) {
            const auto last = static_cast<double>(latencies_.size()) - 1;
            return latencies_.empty() ? 0.0 : static_cast<double>(latencies_[static_cast<std::size_t>(last * part)]);
        };
        const double count = static_cast<double>(count_);
        std::printf(
            "{\"requests\": %.0f, \"rate\": %.1f, \"cpu_us\": %.4f, \"busy\": %.3f, \"p50_us\": %.1f, "
            "\"p99_us\": %.1f, \"bytes\": %.0f}\n",
            count, count / taken, count_ > 0 ? cpu / count * 1e6 : 0, cpu / taken, quantile(0.5), quantile(0.99),
            static_cast<double>(bytes_));
    }

private:
    static constexpr double longest_warm_up = 20;

    double begin_;
    double seconds_;
    double cpu_ = 0;
    std::string processes_;
    std::vector<float> latencies_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    bool is_open_ = false;
};

}  // namespace load
