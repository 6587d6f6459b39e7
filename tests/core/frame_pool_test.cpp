#include <gyre/core/frame_pool.hpp>

#include "core/plain_allocation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace gyre::internal {
namespace {

struct Block {
    unsigned char* bytes;
    std::size_t size;
    unsigned char mark;
};

auto make(std::size_t size, unsigned char mark) -> Block {
    auto* bytes = static_cast<unsigned char*>(allocate_frame(size));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % 16, 0U);
    std::memset(bytes, mark, size);
    return {bytes, size, mark};
}

void check_and_free(const Block& block) {
    for (std::size_t i = 0; i < block.size; ++i) ASSERT_EQ(block.bytes[i], block.mark);
    free_frame(block.bytes, block.size);
}

TEST(FramePool, blocks_do_not_overlap_whoever_frees_them) {
    const auto before = frames_in_use();
    std::mt19937 random(3);
    std::vector<Block> blocks;
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 2'000; ++i)
            blocks.push_back(make(1 + random() % 1'500, static_cast<unsigned char>(random())));
        std::shuffle(blocks.begin(), blocks.end(), random);
        std::vector<Block> others(blocks.begin() + static_cast<std::ptrdiff_t>(blocks.size() / 2), blocks.end());
        blocks.resize(blocks.size() / 2);
        std::vector<Block> theirs;
        std::thread([&] {
            for (int i = 0; i < 500; ++i) theirs.push_back(make(1 + random() % 300, static_cast<unsigned char>(i)));
            for (const auto& block : others) check_and_free(block);
        }).join();  // a thread that is gone: what it made stays good
        blocks.insert(blocks.end(), theirs.begin(), theirs.end());
    }
    for (const auto& block : blocks) check_and_free(block);
    EXPECT_NE(frames_in_use(), before) << "it counts for each thread, and these went elsewhere";
}

TEST(FramePool, gives_back_what_a_peak_took) {
#ifdef GYRE_PLAIN_ALLOCATION
    GTEST_SKIP() << "a sanitizer keeps freed memory";
#endif
    const auto resident = [] {
        std::size_t pages = 0;
        std::ifstream statm("/proc/self/statm");
        statm >> pages >> pages;  // the second figure
        return static_cast<std::ptrdiff_t>(pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
    };
    constexpr std::ptrdiff_t count = 400'000;
    std::vector<void*> blocks(count);
    const auto before = resident();
    for (auto& block : blocks) block = allocate_frame(200);
    EXPECT_LT(resident() - before, count * 220) << "little is lost";
    for (void* block : blocks) free_frame(block, 200);
    EXPECT_LT(resident() - before, 18 * 1024 * 1024);
}

TEST(FramePool, a_forked_child_finds_it_unlocked) {
    std::atomic<bool> over{false};
    std::thread busy([&] {
        std::vector<void*> blocks(3'000);
        while (!over) {
            for (auto& block : blocks) block = allocate_frame(300);
            for (void* block : blocks) free_frame(block, 300);
        }
    });
    for (int i = 0; i < 20; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            std::array<void*, 200> blocks{};
            for (auto& block : blocks) block = allocate_frame(300);
            for (void* block : blocks) free_frame(block, 300);
            ::_exit(0);
        }
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    over = true;
    busy.join();
}

}  // namespace
}  // namespace gyre::internal
