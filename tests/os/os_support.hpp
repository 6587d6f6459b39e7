#pragma once

#include "support/loops.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace gyre::testing {

/// The numbers of the descriptors that this program has open.
[[nodiscard]] inline auto open_descriptors() -> std::vector<int> {
    std::vector<int> all;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code ignored;
        // The one that reads the folder is gone by the time it is looked at.
        if (!std::filesystem::read_symlink(entry.path(), ignored).string().ends_with("/fd")) {
            all.push_back(std::stoi(entry.path().filename().string()));
        }
    }
    std::sort(all.begin(), all.end());
    return all;
}

/// The children of this program that were not reaped, zombies among them.
[[nodiscard]] inline auto children() -> std::vector<int> {
    std::vector<int> all;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream list(thread.path() / "children");
        for (int pid = 0; list >> pid;) all.push_back(pid);
    }
    return all;
}

/// Whether a process that was killed is gone, or a zombie of another parent's, soon.
[[nodiscard]] inline auto ends_soon(int pid) -> bool {
    for (int i = 0; i < 1000; ++i) {
        std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
        std::string number;
        std::string name;
        std::string state;
        if (!(status >> number >> name >> state) || state == "Z" || state == "X") return true;
        ::usleep(5000);
    }
    return false;
}

/// Tests on the kernel that must leave no descriptor open.
class KeepsDescriptors : public OnKernel {
protected:
    void SetUp() override {
        descriptors_ = open_descriptors();
        OnKernel::SetUp();
    }
    void TearDown() override {
        OnKernel::TearDown();
        EXPECT_EQ(open_descriptors(), descriptors_) << "a descriptor was leaked";
    }

private:
    std::vector<int> descriptors_;
};

/// Waits until something outside of the loop has come about.
[[nodiscard]] inline auto until(std::function<bool()> holds) -> Task<> {
    while (!holds()) co_await sleep(1ms);
}

/// A folder that is gone at the end of a test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "gyre-os-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    auto operator=(const TemporaryFolder&) -> TemporaryFolder& = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] auto path() const -> const std::filesystem::path& { return path_; }
    [[nodiscard]] auto operator/(const char* name) const -> std::filesystem::path { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace gyre::testing
