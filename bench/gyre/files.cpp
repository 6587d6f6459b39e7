// Files: random pieces, one file from its start to its end, and many small ones.
// usage: files WORK COUNT SECONDS PATH; prints a line of JSON for each round
#include "../peers/common/file_works.hpp"

#include <gyre/gyre.hpp>

#include <optional>
#include <span>
#include <string>

namespace {

auto read_at(gyre::fs::File& file, rounds::Offsets& offsets, std::span<std::byte> buffer) -> gyre::Task<> {
    while (const auto offset = offsets.next()) {
        const std::size_t count = co_await file.pread(buffer, *offset);
        rounds::expect(count == buffer.size());
    }
}

auto random_reads(int count) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        auto file = co_await gyre::fs::open(rounds::path);
        rounds::Offsets offsets(count);
        std::vector<std::byte> memory(rounds::in_flight * rounds::piece);
        const double start = rounds::wall();
        co_await gyre::task_group([&](gyre::TaskGroup& group) {
            for (std::size_t i = 0; i < rounds::in_flight; ++i) {
                const auto own = std::span(memory).subspan(i * rounds::piece, rounds::piece);
                group.spawn(read_at(file, offsets, own));
            }
        });
        co_return (rounds::wall() - start) / count / 1e3;
    });
}

auto sequential() -> double {
    return gyre::run([]() -> gyre::Task<double> {
        auto file = co_await gyre::fs::open(rounds::path);
        std::vector<std::byte> memory(rounds::large_piece);
        std::size_t total = 0;
        const double start = rounds::wall();
        for (;;) {
            const std::size_t count = co_await file.read_some(std::span(memory));
            if (count == 0) break;
            total += count;
        }
        co_return static_cast<double>(total) / (rounds::wall() - start);
    });
}

auto read_whole(rounds::SmallFiles& files) -> gyre::Task<> {
    std::vector<std::byte> memory(rounds::piece);
    while (const auto name = files.next()) {
        auto file = co_await gyre::fs::open(*name);
        const std::size_t count = co_await file.read_some(std::span(memory));
        rounds::expect(count == rounds::small_size);
        co_await file.close();
    }
}

auto small_files(int count) -> double {
    return gyre::run([=]() -> gyre::Task<double> {
        rounds::SmallFiles files(count);
        const double start = rounds::wall();
        co_await gyre::task_group([&](gyre::TaskGroup& group) {
            for (std::size_t i = 0; i < rounds::in_flight; ++i) group.spawn(read_whole(files));
        });
        co_return (rounds::wall() - start) / count / 1e3;
    });
}

}  // namespace

auto main(int argc, char** argv) -> int {
    return rounds::run_with_files(argc, argv, random_reads, sequential, small_files);
}
