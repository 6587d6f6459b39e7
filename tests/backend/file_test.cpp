// File operations: done by the backend or left to a thread, cancelled, abandoned. The calls are tested in tests/os.

#include "backend/io_uring_files.hpp"
#include "harness.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace gyre::backend::testing {

namespace {

class FileRequestOf final : public FileOperation {
public:
    int completions = 0;
    void completed() noexcept override { ++completions; }
};

class FileOperations : public Conformance {
protected:
    /// Does it wherever it has to be done.
    auto perform(FileRequestOf& operation) -> std::int64_t {
        switch (world()->start_file(operation)) {
        case FileStart::ended:
            break;
        case FileStart::in_flight:
            world().finish(operation);
            EXPECT_EQ(operation.completions, 1);
            break;
        case FileStart::elsewhere:
            return world()->files().perform(operation.request);
        }
        return operation.result;
    }
    [[nodiscard]] auto has_ring() -> bool { return world()->name() == "io_uring" || world()->name() == "mixed"; }
};

TEST_P(FileOperations, opens_writes_reads_and_closes) {
    std::string path = "/tmp/gyre-file-XXXXXX";
    ::close(::mkstemp(path.data()));
    FileRequestOf open;
    open.request.call = FileCall::open;
    open.request.path = path.c_str();
    open.request.flags = O_RDWR;
    const auto descriptor = static_cast<int>(perform(open));
    ASSERT_GE(descriptor, 0);
    EXPECT_NE(::fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0);

    std::string text = "0123456789";
    FileRequestOf write;
    write.request.call = FileCall::write;
    write.request.descriptor = descriptor;
    write.request.buffer = text.data();
    write.request.size = text.size();
    EXPECT_EQ(perform(write), 10);
    std::array<char, 16> buffer{};
    FileRequestOf read;
    read.request.call = FileCall::read;
    read.request.descriptor = descriptor;
    read.request.buffer = buffer.data();
    read.request.size = buffer.size();
    read.request.offset = 7;
    EXPECT_EQ(perform(read), 3);
    EXPECT_STREQ(buffer.data(), "789");

    FileRequestOf close;
    close.request.call = FileCall::close;
    close.request.descriptor = descriptor;
    EXPECT_EQ(perform(close), 0);
    EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
    ::unlink(path.c_str());
}

TEST_P(FileOperations, an_error_is_a_negative_errno) {
    FileRequestOf open;
    open.request.call = FileCall::open;
    open.request.path = "/no/such/file";
    EXPECT_EQ(perform(open), -ENOENT);
}

TEST_P(FileOperations, a_read_that_would_wait_for_ever_is_cancelled) {
    if (!has_ring()) GTEST_SKIP() << "on a thread, nothing can stop it";
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    std::array<char, 16> buffer{};
    FileRequestOf read;
    read.request.call = FileCall::read;
    read.request.descriptor = ends[0];
    read.request.buffer = buffer.data();
    read.request.size = buffer.size();
    ASSERT_EQ(world()->start_file(read), FileStart::in_flight);
    world()->wait(Time::min());
    EXPECT_EQ(world()->in_flight(), 1U);
    world()->cancel(read);
    world().finish(read);
    EXPECT_EQ(read.result, -ECANCELED);
    EXPECT_EQ(read.completions, 1);
    ::close(ends[0]);
    ::close(ends[1]);
}

/// A pipe, and a read of it that another thread has begun and is gone since.
class ReadOfAThread {
public:
    explicit ReadOfAThread(Backend& backend) {
        EXPECT_EQ(::pipe(ends_.data()), 0);
        read.request.call = FileCall::read;
        read.request.descriptor = ends_[0];
        read.request.buffer = buffer.data();
        read.request.size = buffer.size();
        std::thread([&] {
            EXPECT_EQ(backend.start_file(read), FileStart::in_flight);
            backend.wait(Time::min());
        }).join();
    }
    ReadOfAThread(const ReadOfAThread&) = delete;
    auto operator=(const ReadOfAThread&) -> ReadOfAThread& = delete;
    ~ReadOfAThread() {
        for (const int end : ends_) ::close(end);
    }
    void write(std::string_view text) const {
        EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    std::array<char, 16> buffer{};
    FileRequestOf read;

private:
    std::array<int, 2> ends_{};
};

TEST_P(FileOperations, what_a_thread_began_another_can_end) {
    if (world()->name() != "mixed") GTEST_SKIP() << "only one thread waits, or threads do it";
    {
        ReadOfAThread goes_on(*world());
        EXPECT_EQ(goes_on.read.completions, 0);
        goes_on.write("late");
        world().finish(goes_on.read);
        EXPECT_EQ(goes_on.read.result, 4);
        EXPECT_EQ(std::string_view(goes_on.buffer.data(), 4), "late");
    }
    {
        ReadOfAThread cancelled(*world());
        world()->cancel(cancelled.read);
        world().finish(cancelled.read);
        EXPECT_EQ(cancelled.read.result, -ECANCELED);
        EXPECT_EQ(cancelled.read.completions, 1);
    }
    ReadOfAThread abandoned(*world());
    world().destroy();
    EXPECT_EQ(abandoned.read.completions, 0);
    EXPECT_FALSE(abandoned.read.in_flight);
}

TEST_P(FileOperations, an_open_that_nobody_hears_of_is_closed) {
    if (!has_ring()) GTEST_SKIP() << "threads are not the backend's";
    const int before = ::dup(0);
    ::close(before);
    FileRequestOf open;
    open.request.call = FileCall::open;
    open.request.path = "/dev/null";
    open.request.flags = O_RDONLY;
    ASSERT_EQ(world()->start_file(open), FileStart::in_flight);
    world().destroy();
    EXPECT_EQ(open.completions, 0);
    const int after = ::dup(0);
    ::close(after);
    EXPECT_LE(after, before) << "the lowest free number is free still";
}

TEST(RingFiles, an_interrupted_close_is_not_repeated) {
    FileRequest request;
    request.call = FileCall::close;
    EXPECT_FALSE(RingFiles::may_repeat(request, -EINTR)) << "the number may be somebody else's by now";
    EXPECT_TRUE(RingFiles::may_repeat(request, -ECANCELED)) << "that one did not happen";
    request.call = FileCall::read;
    EXPECT_TRUE(RingFiles::may_repeat(request, -EINTR));
}

INSTANTIATE_TEST_SUITE_P(All, FileOperations, ::testing::Values("epoll", "io_uring", "mixed", "sim"),
    [](const auto& test) { return test.param; });

}  // namespace

}  // namespace gyre::backend::testing
