// Pipes as streams.

#include "os_support.hpp"

#include <fcntl.h>
#include <stdlib.h>

namespace gyre::testing {

class Pipes : public KeepsDescriptors {};
GYRE_ON_KERNEL(Pipes);

TEST_P(Pipes, carry_bytes_and_their_end) {
    run([]() -> Task<> {
        auto pipe = open_pipe();
        const std::string text(1'000'000, 'x');
        std::string read;
        co_await gather(
            [&]() -> Task<> {
                co_await pipe.writer.write(text);
                co_await pipe.writer.shutdown_write();
            },
            [&]() -> Task<> { read = co_await pipe.reader.read_all(); });
        EXPECT_TRUE(read == text);
        EXPECT_TRUE(pipe.writer.is_closed());
    });
}

TEST_P(Pipes, a_reader_that_has_gone_is_an_error_and_no_signal) {
    run([]() -> Task<> {
        auto pipe = open_pipe();
        co_await pipe.reader.close();
        auto outcome = co_await as_outcome(pipe.writer.write("x"));
        EXPECT_EQ(describe(outcome.error()), "write pipe: Broken pipe");
        sigset_t pending;
        sigpending(&pending);
        EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    });
}

TEST_P(Pipes, the_wrong_direction_is_a_mistake) {
    run([]() -> Task<> {
        auto pipe = open_pipe();
        auto read = co_await as_outcome(pipe.writer.read_line());
        EXPECT_EQ(describe(read.error()), "read pipe: this end of the pipe is for writing");
        auto write = co_await as_outcome(pipe.reader.write("x"));
        EXPECT_EQ(describe(write.error()), "write pipe: this end of the pipe is for reading");
    });
}

TEST_P(Pipes, closing_ends_what_waits) {
    run([]() -> Task<> {
        auto pipe = open_pipe();
        auto reader = spawn(pipe.reader.read_line());
        co_await all_blocked();
        EXPECT_FALSE(pipe.reader.has_input());
        pipe.reader.abort();
        auto outcome = co_await as_outcome(reader.join());
        EXPECT_EQ(describe(outcome.error()), "read pipe: closed on this side");
    });
}

TEST_P(Pipes, a_cancelled_read_takes_nothing) {
    run([]() -> Task<> {
        auto pipe = open_pipe();
        auto reader = spawn(pipe.reader.read_line());
        co_await all_blocked();
        reader.cancel();
        co_await pipe.writer.write("line\n");
        auto outcome = co_await as_outcome(reader.join());
        if (!outcome.has_value()) {
            auto line = co_await pipe.reader.read_line();
            EXPECT_EQ(line, "line");
        }
        co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            co_await pipe.writer.write("rest\n");
            scope.cancel();
            auto ended = co_await as_outcome(pipe.reader.read_line());
            EXPECT_TRUE(ended.is_cancelled());
        });
        auto rest = co_await pipe.reader.read_line();
        EXPECT_EQ(rest, "rest");
    });
}

TEST_P(Pipes, a_busy_pipe_leaves_others_their_turn) {
    run([]() -> Task<> {
        auto pipe = open_pipe();
        co_await pipe.writer.write(std::string(10'000, 'x'));
        bool turned = false;
        this_loop().call_soon([&] { turned = true; });
        for (int i = 0; i < 200; ++i) {
            std::byte one{};
            co_await pipe.reader.transport().read_some(std::span(&one, 1));
        }
        EXPECT_TRUE(turned);
    });
}

TEST_P(Pipes, a_regular_file_or_folder_is_refused) {
    TemporaryFolder folder;
    run([&]() -> Task<> {
        const int file = ::open((folder / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        EXPECT_EQ(error_of([&] { static_cast<void>(adopt_pipe(file, "log")); }),
            "adopt_pipe: log is a regular file, which is always ready; use gyre::fs");
        ::close(file);
        EXPECT_EQ(error_of([&] { static_cast<void>(adopt_pipe(9999, "log")); }), "adopt log: Bad file descriptor");
        co_return;
    });
}

TEST_P(Pipes, the_end_of_a_pseudo_terminal_is_an_end_of_stream) {
    run([]() -> Task<> {
        const int controller = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        ::grantpt(controller);
        ::unlockpt(controller);
        const int terminal = ::open(::ptsname(controller), O_RDWR | O_NOCTTY | O_CLOEXEC);
        auto stream = adopt_pipe(controller, "terminal");
        auto child = co_await process::Command::shell("test -t 1 && echo yes").output_descriptor(terminal).spawn();
        ::close(terminal);
        auto line = co_await stream.read_line();
        EXPECT_EQ(line, "yes");
        auto end = co_await stream.read_line();
        EXPECT_EQ(end, std::nullopt);
        co_await child.wait();
    });
}

}  // namespace gyre::testing
