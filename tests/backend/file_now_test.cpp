// What a loop does with files itself: only where the kernel need ask nobody.

#include "backend/file_now.hpp"
#include "backend/local_files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

namespace gyre::backend::testing {

namespace {

constexpr const char* memory = "/dev/shm";

auto is_memory(const char* path) -> bool {
    constexpr long tmpfs = 0x01021994;
    struct statfs found{};
    return ::statfs(path, &found) == 0 && found.f_type == tmpfs;
}

/// A file in memory, which goes with the test.
class MemoryFile {
public:
    MemoryFile() : path_{std::string(memory) + "/gyre-now-XXXXXX"} {
        const int file = ::mkstemp(path_.data());
        EXPECT_EQ(::write(file, "bytes", 5), 5);
        ::close(file);
    }
    MemoryFile(const MemoryFile&) = delete;
    auto operator=(const MemoryFile&) -> MemoryFile& = delete;
    ~MemoryFile() { ::unlink(path_.c_str()); }

    [[nodiscard]] auto path() const -> const std::string& { return path_; }
    [[nodiscard]] auto name() const -> std::string { return std::filesystem::path(path_).filename(); }

private:
    std::string path_;
};

auto open_now(const char* root, const std::string& name) -> std::int64_t {
    FileRequest request;
    request.call = FileCall::open_beneath;
    request.path = root;
    request.target = name.c_str();
    request.flags = O_RDONLY | O_NOFOLLOW;
    return perform_now(request);
}

auto close_now(int file) -> std::int64_t {
    FileRequest request;
    request.call = FileCall::close;
    request.descriptor = file;
    return perform_now(request);
}

TEST(FileNow, opens_and_closes_what_is_in_memory) {
    if (!is_memory(memory)) GTEST_SKIP() << memory << " is not memory here";
    const MemoryFile file;
    const auto opened = open_now(memory, file.name());
    ASSERT_GE(opened, 0);
    EXPECT_EQ(close_now(static_cast<int>(opened)), 0);
    EXPECT_EQ(close_now(static_cast<int>(opened)), -EAGAIN) << "for a thread, which says what is wrong";
}

TEST(FileNow, knows_the_end_of_a_file) {
    std::string path = std::filesystem::temp_directory_path() / "gyre-now-XXXXXX";
    const int file = ::mkstemp(path.data());
    ::unlink(path.c_str());
    EXPECT_EQ(::pwrite(file, "bytes", 5, 0), 5);
    std::array<char, 16> bytes{};
    FileRequest request;
    request.descriptor = file;
    request.buffer = bytes.data();
    request.size = bytes.size();
    const auto count = perform_now(request);
    if (count == 5) {
        EXPECT_EQ(perform_now(request), 0) << "at the file's own position";
        request.offset = 5;
        EXPECT_EQ(perform_now(request), 0) << "at one that is named";
        request.offset = 4;
        EXPECT_EQ(perform_now(request), 1);
    }
    ::close(file);
    if (count != 5) GTEST_SKIP() << "this file system reads nothing without waiting";
}

// As FUSE and network file systems would be, which a test has not at hand.
TEST(FileNow, leaves_file_systems_of_elsewhere_to_others) {
    EXPECT_EQ(open_now("/proc/self", "stat"), -EAGAIN);
    const int file = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    EXPECT_FALSE(is_local(file));
    EXPECT_FALSE(is_local(file)) << "the second time it is known";
    EXPECT_EQ(close_now(file), -EAGAIN);
    EXPECT_EQ(::close(file), 0) << "it is still open";
    EXPECT_FALSE(is_local(-1));
}

TEST(FileNow, leaves_what_is_mounted_below_to_others) {
    struct stat above{};
    struct stat below{};
    const bool is_mount = ::stat("/dev", &above) == 0 && ::stat(memory, &below) == 0 && above.st_dev != below.st_dev;
    if (!is_memory(memory) || !is_mount) GTEST_SKIP() << "no mount within another";
    const MemoryFile file;
    EXPECT_EQ(open_now("/dev", "shm/" + file.name()), -EAGAIN);
}

}  // namespace

}  // namespace gyre::backend::testing
