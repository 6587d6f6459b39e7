// Bytes of a file, from memory to a socket, and what is opened without the disk.

#include "backend/file_now.hpp"
#include "harness.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace gyre::backend::testing {

namespace {

/// A file with known bytes, which goes with the test.
class Scratch {
public:
    explicit Scratch(std::size_t size) : path_{std::filesystem::temp_directory_path() / "gyre-send-XXXXXX"} {
        descriptor_ = ::mkstemp(path_.data());
        for (std::size_t i = 0; content.size() < size; ++i) content += std::to_string(i) + " ";
        content.resize(size);
        EXPECT_EQ(::write(descriptor_, content.data(), content.size()), static_cast<ssize_t>(size));
    }
    Scratch(const Scratch&) = delete;
    auto operator=(const Scratch&) -> Scratch& = delete;
    ~Scratch() {
        ::close(descriptor_);
        ::unlink(path_.c_str());
    }
    [[nodiscard]] auto descriptor() const -> int { return descriptor_; }

    std::string content;

private:
    std::string path_;
    int descriptor_ = -1;
};

using SendFile = Conformance;

TEST_P(SendFile, sends_what_is_in_memory) {
    auto [client, server] = world().pair();
    const Scratch file{10'000};
    const auto sent = world()->send_file_now(server, file.descriptor(), 1'000, 5'000);
    if (is_sim()) {
        EXPECT_EQ(sent, -EOPNOTSUPP) << "its sockets are none of the kernel's";
    } else {
        ASSERT_EQ(sent, 5'000);
        EXPECT_EQ(world().receive_exactly(client, 5'000), file.content.substr(1'000, 5'000));
        EXPECT_EQ(world()->send_file_now(server, file.descriptor(), 9'990, 100), 10) << "the file ends there";
        EXPECT_EQ(world()->send_file_now(server, file.descriptor(), 10'000, 100), 0);
        EXPECT_EQ(world().receive_exactly(client, 10), file.content.substr(9'990));
        EXPECT_EQ(::lseek(file.descriptor(), 0, SEEK_CUR), 10'000) << "the position stays";
    }
    close(client, server);
}

TEST_P(SendFile, waits_for_no_peer) {
    if (is_sim()) return;
    auto [client, server] = world().pair();
    const Scratch file{100'000};
    std::int64_t sent = 0;
    std::size_t total = 0;
    while (total < 100'000'000 && (sent = world()->send_file_now(server, file.descriptor(), 0, 100'000)) > 0) {
        total += static_cast<std::size_t>(sent);
        world().settle();
    }
    EXPECT_EQ(sent, -EAGAIN);
    close(client, server);
}

TEST_P(SendFile, a_peer_that_has_gone_raises_no_signal) {
    if (is_sim()) return;
    auto [client, server] = world().pair();
    const Scratch file{1'000};
    struct sigaction before{};
    struct sigaction deadly{};
    deadly.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &deadly, &before);
    close(client);
    world().settle();
    std::int64_t sent = 0;
    for (int i = 0; i < 100 && sent >= 0; ++i) {
        sent = world()->send_file_now(server, file.descriptor(), 0, 1'000);
        world().settle();
    }
    EXPECT_TRUE(sent == -EPIPE || sent == -ECONNRESET) << sent;
    if (sent == -ECONNRESET) sent = world()->send_file_now(server, file.descriptor(), 0, 1'000);
    EXPECT_EQ(sent, -EPIPE);
    sigset_t pending;
    sigpending(&pending);
    EXPECT_FALSE(sigismember(&pending, SIGPIPE));
    ::sigaction(SIGPIPE, &before, nullptr);
    close(server);
}

TEST_P(SendFile, a_peer_that_goes_while_much_is_sent_raises_no_signal) {
    if (is_sim()) return;
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    const Scratch file{256'000};
    struct sigaction before{};
    struct sigaction deadly{};
    deadly.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &deadly, &before);
    // The kernel sends in steps: with luck the peer goes between two of them.
    std::thread peer([&] {
        std::array<char, 100'000> buffer{};
        while (::recv(ends[1], buffer.data(), buffer.size(), 0) <= 0) {}
        ::close(ends[1]);
    });
    std::int64_t sent = 0;
    for (int i = 0; i < 1000 && sent != -EPIPE && sent != -ECONNRESET; ++i) {
        sent = world()->send_file_now(ends[0], file.descriptor(), 0, 256'000);
    }
    peer.join();
    sigset_t pending;
    sigpending(&pending);
    EXPECT_FALSE(sigismember(&pending, SIGPIPE));
    ::sigaction(SIGPIPE, &before, nullptr);
    ::close(ends[0]);
}

TEST_P(SendFile, leaves_what_would_block_to_others) {
    if (is_sim()) return;
    auto [client, server] = world().pair();
    const Scratch file{1'000};
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    EXPECT_EQ(world()->send_file_now(server, ends[0], 0, 10), -EOPNOTSUPP) << "no file";
    ::close(ends[0]);
    ::close(ends[1]);
    const int flags = ::fcntl(server, F_GETFL);
    ::fcntl(server, F_SETFL, flags & ~O_NONBLOCK);
    EXPECT_EQ(world()->send_file_now(server, file.descriptor(), 0, 10), -EOPNOTSUPP) << "a blocking socket";
    ::fcntl(server, F_SETFL, flags);
    EXPECT_EQ(world()->send_file_now(server, file.descriptor(), 0, 0), -EOPNOTSUPP);
    EXPECT_EQ(world()->send_file_now(-1, file.descriptor(), 0, 10), -EBADF);
    close(client, server);
}

GYRE_ON_EVERY_BACKEND(SendFile);

TEST(OpenNow, opens_what_is_known_and_tells_of_it) {
    std::string pattern = (std::filesystem::temp_directory_path() / "gyre-now-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    std::ofstream(std::filesystem::path(pattern) / "file") << "12345";
    const std::string target = "file";
    struct statx status{};
    FileRequest request;
    request.call = FileCall::open_beneath;
    request.path = pattern.c_str();
    request.target = target.c_str();
    request.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    request.status = &status;
    const auto slowly = kernel_files().perform(request);
    ASSERT_GE(slowly, 0);
    EXPECT_EQ(status.stx_size, 5U);
    EXPECT_TRUE(S_ISREG(status.stx_mode));
    const auto inode = status.stx_ino;
    status = {};
    const auto at_once = perform_now(request);
    if (at_once == -EAGAIN) {
        kernel_files().close(static_cast<int>(slowly));
        GTEST_SKIP() << "this kernel, or its filter, does not look at what it knows only";
    }
    ASSERT_GE(at_once, 0);
    EXPECT_EQ(status.stx_ino, inode);
    EXPECT_EQ(status.stx_size, 5U);
    EXPECT_EQ(::fcntl(static_cast<int>(at_once), F_GETFL) & O_NONBLOCK, 0) << "that was for the opening";
    EXPECT_NE(::fcntl(static_cast<int>(at_once), F_GETFD) & FD_CLOEXEC, 0);
    kernel_files().close(static_cast<int>(at_once));
    kernel_files().close(static_cast<int>(slowly));
    const std::string outside = "../x";
    request.target = outside.c_str();
    const auto left = perform_now(request);
    EXPECT_TRUE(left == -EXDEV || left == -EAGAIN) << left;
    request.call = FileCall::sync;
    EXPECT_EQ(perform_now(request), -EAGAIN);
    std::filesystem::remove_all(pattern);
}

}  // namespace

}  // namespace gyre::backend::testing
