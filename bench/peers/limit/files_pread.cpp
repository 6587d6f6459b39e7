// The limit without io_uring: two threads that read with pread, and one that does for the sequential read.
// usage: files_pread WORK COUNT SECONDS PATH
#include "file_works.hpp"

#include <fcntl.h>

#include <atomic>
#include <thread>

namespace {

constexpr int threads = 2;

template<class Body>
double in_threads(int count, Body body) {
    const double start = rounds::wall();
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) all.emplace_back(body);
    for (auto& each : all) each.join();
    return (rounds::wall() - start) / count / 1e3;
}

double random_reads(int count) {
    const int file = open(rounds::path.c_str(), O_RDONLY | O_CLOEXEC);
    std::vector<std::uint64_t> places;
    rounds::Offsets offsets(count);
    while (const auto offset = offsets.next()) places.push_back(*offset);
    std::atomic<std::size_t> next{0};
    const double each = in_threads(count, [&] {
        std::vector<char> memory(rounds::piece);
        for (std::size_t i = next++; i < places.size(); i = next++) {
            const auto got = pread(file, memory.data(), memory.size(), static_cast<off_t>(places[i]));
            rounds::expect(got == static_cast<ssize_t>(rounds::piece));
        }
    });
    close(file);
    return each;
}

double sequential() {
    const int file = open(rounds::path.c_str(), O_RDONLY | O_CLOEXEC);
    std::vector<char> memory(rounds::large_piece);
    std::size_t total = 0;
    const double start = rounds::wall();
    for (ssize_t got = 1; got > 0; total += static_cast<std::size_t>(got)) {
        got = read(file, memory.data(), memory.size());
        rounds::expect(got >= 0);
    }
    const double taken = rounds::wall() - start;
    close(file);
    return static_cast<double>(total) / taken;
}

double small_files(int count) {
    std::atomic<int> next{0};
    return in_threads(count, [&] {
        std::vector<char> memory(rounds::piece);
        for (int i = next++; i < count; i = next++) {
            const std::string name = rounds::path + ".d/" + std::to_string(i % rounds::small_files_made);
            const int file = open(name.c_str(), O_RDONLY | O_CLOEXEC);
            rounds::expect(read(file, memory.data(), memory.size()) == static_cast<ssize_t>(rounds::small_size));
            close(file);
        }
    });
}

}  // namespace

int main(int argc, char** argv) { return rounds::run_with_files(argc, argv, random_reads, sequential, small_files); }
