#pragma once

#include "rounds.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What the C++ programs that read files share. The suite makes the files: one large one, and beside it, in the folder
/// PATH.d, 10,000 small ones called 0, 1, 2...
namespace rounds {

inline constexpr std::size_t large_size = std::size_t{256} << 20;
inline constexpr std::size_t piece = 4096;
inline constexpr std::size_t large_piece = std::size_t{1} << 20;
inline constexpr std::size_t in_flight = 64;
inline constexpr int small_files_made = 10'000;
inline constexpr std::size_t small_size = 1024;

inline std::string path;

inline void expect(bool holds) {
    if (holds) return;
    std::fprintf(stderr, "a read gave less than was asked for\n");
    std::_Exit(1);
}

/// Where to read next: the same places in every run.
class Offsets {
public:
    explicit Offsets(int count) : left_(count) {}
    std::optional<std::uint64_t> next() {
        if (left_-- <= 0) return std::nullopt;
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return (state_ >> 33) % (large_size / piece) * piece;
    }

private:
    int left_;
    std::uint64_t state_ = 1;
};

/// The names of the small files, one after another.
class SmallFiles {
public:
    explicit SmallFiles(int count) : count_(count) {}
    std::optional<std::string> next() {
        if (index_ >= count_) return std::nullopt;
        return path + ".d/" + std::to_string(index_++ % small_files_made);
    }

private:
    int count_;
    int index_ = 0;
};

/// `WORK COUNT SECONDS PATH`. Random pieces and small files in microseconds each, the sequential read in GB/s.
inline int run_with_files(int argc, char** argv, double (*random)(int), double (*sequential)(), double (*small)(int)) {
    if (argc == 5) path = argv[4];
    std::map<std::string, Work> works;
    if (random != nullptr) works["random_4k"] = {random, "us"};
    if (sequential != nullptr) works["sequential_1m"] = {[=](int) { return sequential(); }, "GB/s"};
    if (small != nullptr) works["small_files"] = {small, "us"};
    return run(argc - 1, argv, works);
}

}  // namespace rounds
