// Files: 100,000 random reads of 4 KiB with 64 in flight, and a file read in pieces of 1 MiB, from the page cache. The same by
// hand on io_uring, in turns, so that both meet the same machine. Prints microseconds a read and GB/s, best and median.
#include <gyre/gyre.hpp>

#include <fcntl.h>
#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t file_size = std::size_t{256} << 20;
constexpr std::size_t piece = 4096;
constexpr std::size_t large_piece = std::size_t{1} << 20;
constexpr unsigned in_flight = 64;
constexpr std::size_t reads = 100'000;
constexpr int rounds = 9;

auto seconds() -> double {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

auto random_offsets() -> std::vector<std::uint64_t> {
    std::vector<std::uint64_t> offsets(reads);
    std::uint64_t state = 1;
    for (auto& offset : offsets) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        offset = (state >> 33) % (file_size / piece) * piece;
    }
    return offsets;
}

/// The limit: one ring, plain reads, no library.
auto random_by_hand(int file, const std::vector<std::uint64_t>& offsets, std::vector<char>& memory) -> double {
    io_uring ring{};
    check(
        io_uring_queue_init(in_flight, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) == 0, "no ring");
    const double start = seconds();
    std::size_t begun = 0;
    std::size_t ended = 0;
    const auto begin = [&](std::uint64_t slot) {
        io_uring_sqe* entry = io_uring_get_sqe(&ring);
        io_uring_prep_read(entry, file, memory.data() + slot * piece, piece, offsets[begun++]);
        entry->user_data = slot;
    };
    for (unsigned slot = 0; slot < in_flight; ++slot) begin(slot);
    while (ended < reads) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* entry = nullptr;
        io_uring_for_each_cqe(&ring, head, entry) {
            check(entry->res == static_cast<int>(piece), "short read");
            ++count;
            ++ended;
            if (begun < reads) begin(entry->user_data);
        }
        io_uring_cq_advance(&ring, count);
    }
    const double taken = seconds() - start;
    io_uring_queue_exit(&ring);
    return taken / reads * 1e6;
}

auto sequential_by_hand(int file, std::vector<char>& memory) -> double {
    io_uring ring{};
    check(io_uring_queue_init(8, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) == 0, "no ring");
    const double start = seconds();
    for (std::size_t offset = 0; offset < file_size; offset += large_piece) {
        io_uring_prep_read(io_uring_get_sqe(&ring), file, memory.data(), large_piece, offset);
        io_uring_submit_and_wait(&ring, 1);
        io_uring_cqe* entry = nullptr;
        io_uring_wait_cqe(&ring, &entry);
        check(entry->res == static_cast<int>(large_piece), "short read");
        io_uring_cqe_seen(&ring, entry);
    }
    const double taken = seconds() - start;
    io_uring_queue_exit(&ring);
    return file_size / taken / 1e9;
}

auto read_some_of_them(gyre::fs::File& file, const std::vector<std::uint64_t>& offsets, std::size_t& next,
    std::span<std::byte> buffer) -> gyre::Task<> {
    while (next < reads) {
        const std::uint64_t offset = offsets[next++];
        const std::size_t count = co_await file.pread(buffer, offset);
        check(count == piece, "short read");
    }
}

auto random_with_gyre(const std::string& path, const std::vector<std::uint64_t>& offsets, std::span<std::byte> memory,
    double& result) -> gyre::Task<> {
    auto file = co_await gyre::fs::open(path);
    std::size_t next = 0;
    const double start = seconds();
    co_await gyre::task_group([&](gyre::TaskGroup& group) {
        for (unsigned i = 0; i < in_flight; ++i) {
            group.spawn(read_some_of_them(file, offsets, next, memory.subspan(i * piece, piece)));
        }
    });
    result = (seconds() - start) / reads * 1e6;
}

auto sequential_with_gyre(const std::string& path, std::span<std::byte> buffer, double& result) -> gyre::Task<> {
    auto file = co_await gyre::fs::open(path);
    const double start = seconds();
    std::size_t total = 0;
    for (;;) {
        const std::size_t count = co_await file.read_some(buffer);
        if (count == 0) break;
        total += count;
    }
    result = static_cast<double>(total) / (seconds() - start) / 1e9;
}

void print(const char* what, std::vector<double> values, bool small_is_good, const char* unit) {
    std::sort(values.begin(), values.end());
    const double best = small_is_good ? values.front() : values.back();
    std::printf("%-32s median %6.3f  best %6.3f %s\n", what, values[values.size() / 2], best, unit);
}

}  // namespace

auto main(int argc, char** argv) -> int {
    const std::string path = argc > 1
                                 ? argv[1]
                                 : (std::filesystem::temp_directory_path() / ("gyre-bench-" + std::to_string(getpid())))
                                       .string();
    std::vector<char> memory(std::max(large_piece, in_flight * piece));
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(file >= 0, "cannot make the file");
    for (std::size_t done = 0; done < file_size; done += memory.size()) {
        check(
            ::write(file, memory.data(), memory.size()) == static_cast<ssize_t>(memory.size()), "cannot fill the file");
    }
    const auto offsets = random_offsets();
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(memory));
    std::array<std::vector<double>, 4> results;
    std::string backend;
    for (int round = 0; round < rounds; ++round) {
        results[0].push_back(random_by_hand(file, offsets, memory));
        results[2].push_back(sequential_by_hand(file, memory));
        gyre::EventLoop loop;
        backend = loop.backend_name();
        double result = 0;
        loop.run_until_complete(random_with_gyre(path, offsets, bytes, result));
        results[1].push_back(result);
        loop.run_until_complete(sequential_with_gyre(path, bytes.first(large_piece), result));
        results[3].push_back(result);
    }
    ::close(file);
    ::unlink(path.c_str());
    std::printf("backend %s\n", backend.c_str());
    print("random 4 KiB, 64 at once: hand", results[0], true, "us");
    print("random 4 KiB, 64 at once: gyre", results[1], true, "us");
    print("sequential 1 MiB: hand", results[2], false, "GB/s");
    print("sequential 1 MiB: gyre", results[3], false, "GB/s");
    return 0;
}
