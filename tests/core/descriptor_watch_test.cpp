// add_reader, add_writer: listeners on descriptors that belong to somebody else. Kernel backends only.

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace gyre::testing {

namespace {

/// A pipe that closes itself.
class Pipe {
public:
    Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
    Pipe(const Pipe&) = delete;
    auto operator=(const Pipe&) -> Pipe& = delete;
    ~Pipe() {
        close_write();
        ::close(ends_[0]);
    }
    [[nodiscard]] auto reader() const -> int { return ends_[0]; }
    [[nodiscard]] auto writer() const -> int { return ends_[1]; }
    void put(char byte) const { EXPECT_EQ(::write(ends_[1], &byte, 1), 1); }
    [[nodiscard]] auto take() const -> char {
        char byte = 0;
        EXPECT_EQ(::read(ends_[0], &byte, 1), 1);
        return byte;
    }
    void close_write() {
        if (ends_[1] >= 0) ::close(ends_[1]);
        ends_[1] = -1;
    }

private:
    std::array<int, 2> ends_{};
};

}  // namespace

class DescriptorWatch : public OnKernel {};
GYRE_ON_KERNEL(DescriptorWatch);

TEST_P(DescriptorWatch, calls_each_time_there_is_something) {
    const Pipe pipe;
    std::string got;
    run([&]() -> Task<> {
        Event two;
        this_loop().add_reader(pipe.reader(), [&] {
            got += pipe.take();
            if (got.size() == 2) two.set();
        });
        pipe.put('a');
        co_await sleep(1ms);
        pipe.put('b');
        co_await two.wait();
        EXPECT_TRUE(this_loop().remove_reader(pipe.reader()));
        EXPECT_FALSE(this_loop().remove_reader(pipe.reader()));
        EXPECT_FALSE(this_loop().remove_writer(pipe.reader()));
        pipe.put('c');
        co_await sleep(2ms);
    });
    EXPECT_EQ(got, "ab");
}

TEST_P(DescriptorWatch, is_level_triggered) {
    const Pipe pipe;
    int calls = 0;
    run([&]() -> Task<> {
        Event thrice;
        pipe.put('a');
        this_loop().add_reader(pipe.reader(), [&] {
            if (++calls == 3) thrice.set();
        });
        co_await thrice.wait();
        this_loop().remove_reader(pipe.reader());
    });
    EXPECT_EQ(calls, 3);
}

TEST_P(DescriptorWatch, a_writer_is_called_while_there_is_room) {
    const Pipe pipe;
    run([&]() -> Task<> {
        Event room;
        this_loop().add_writer(pipe.writer(), [&] {
            EXPECT_TRUE(this_loop().remove_writer(pipe.writer()));
            room.set();
        });
        co_await room.wait();
    });
}

TEST_P(DescriptorWatch, may_remove_or_replace_itself) {
    const Pipe pipe;
    Log log;
    int alive = 0;
    run([&]() -> Task<> {
        Event done;
        pipe.put('a');
        this_loop().add_reader(pipe.reader(), [&, token = Counted(alive)] {
            this_loop().add_reader(pipe.reader(), [&] {
                log.push_back("second");
                this_loop().remove_reader(pipe.reader());
                done.set();
            });
            EXPECT_EQ(alive, 1) << "what runs is not destroyed under itself";
            log.push_back("first");
        });
        co_await done.wait();
    });
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(log, (Log{"first", "second"}));
}

TEST_P(DescriptorWatch, one_removed_between_its_event_and_its_turn_is_not_called) {
    const Pipe first;
    const Pipe second;
    int calls = 0;
    run([&]() -> Task<> {
        for (int round = 0; round < 300; ++round) {
            first.put('a');
            second.put('b');
            Event called;
            const auto either = [&] {
                ++calls;
                this_loop().remove_reader(first.reader());
                this_loop().remove_reader(second.reader());
                called.set();
            };
            this_loop().add_reader(first.reader(), either);
            this_loop().add_reader(second.reader(), either);
            co_await called.wait();
            co_await yield_now();
            static_cast<void>(first.take());
            static_cast<void>(second.take());
        }
        // The room in the ready queue was given back as often as it was taken: many at once still fit.
        std::vector<Task<>> many;
        for (int i = 0; i < 500; ++i) many.push_back([]() -> Task<> { co_await yield_now(); }());
        co_await gather(std::move(many));
    });
    EXPECT_EQ(calls, 300);
}

TEST_P(DescriptorWatch, both_directions_of_one_socket) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    run([&]() -> Task<> {
        Event readable;
        Event writable;
        this_loop().add_reader(ends[0], [&] {
            this_loop().remove_reader(ends[0]);
            readable.set();
        });
        this_loop().add_writer(ends[0], [&] {
            this_loop().remove_writer(ends[0]);
            writable.set();
        });
        co_await writable.wait();
        EXPECT_FALSE(readable.is_set());
        EXPECT_EQ(::write(ends[1], "x", 1), 1);
        co_await readable.wait();
    });
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_P(DescriptorWatch, the_end_of_a_pipe_is_something_to_read) {
    Pipe pipe;
    run([&]() -> Task<> {
        Event ended;
        this_loop().add_reader(pipe.reader(), [&] {
            this_loop().remove_reader(pipe.reader());
            ended.set();
        });
        pipe.close_write();
        co_await ended.wait();
    });
}

TEST_P(DescriptorWatch, an_error_of_the_function_goes_to_the_handler_and_it_stays) {
    const Pipe pipe;
    std::vector<std::string> heard;
    run([&]() -> Task<> {
        this_loop().set_exception_handler(
            [&](const ErrorContext& context) { heard.push_back(describe(context.error)); });
        Event twice;
        int calls = 0;
        pipe.put('a');
        this_loop().add_reader(pipe.reader(), [&] {
            if (++calls == 2) {
                this_loop().remove_reader(pipe.reader());
                twice.set();
            }
            throw std::runtime_error("listener");
        });
        co_await twice.wait();
        co_await yield_now();
    });
    EXPECT_EQ(heard.size(), 2U);
}

TEST_P(DescriptorWatch, a_bad_descriptor_is_an_error_that_names_it) {
    std::string text;
    run([&]() -> Task<> {
        // epoll refuses at once, io_uring when it has looked.
        this_loop().set_exception_handler([&](const ErrorContext& context) { text = describe(context.error); });
        const std::string thrown = error_of([] { this_loop().add_reader(9999, [] {}); });
        if (thrown != "nothing") text = thrown;
        while (text.empty()) co_await sleep(1ms);
        this_loop().remove_reader(9999);
    });
    EXPECT_NE(text.find("descriptor 9999"), std::string::npos) << text;
    EXPECT_NE(text.find("Bad file descriptor"), std::string::npos) << text;
}

TEST_P(DescriptorWatch, ones_that_are_left_go_with_the_loop) {
    const Pipe pipe;
    int alive = 0;
    run([&]() -> Task<> {
        this_loop().add_reader(pipe.reader(), [token = Counted(alive)] {});
        co_await sleep(1ms);
    });
    EXPECT_EQ(alive, 1);
    loop().allow_left_tasks();
    loop()->close();
    EXPECT_EQ(alive, 0);
}

TEST_P(DescriptorWatch, what_cannot_be_watched_is_refused_at_the_call) {
    std::FILE* const file = std::tmpfile();
    const int regular = ::fileno(file);
    const int closed = ::dup(regular);
    ::close(closed);
    run([&]() -> Task<> {
        const auto add = [](int descriptor) {
            const std::string read = error_of([&] { this_loop().add_reader(descriptor, [] { ADD_FAILURE(); }); });
            const std::string write = error_of([&] { this_loop().add_writer(descriptor, [] { ADD_FAILURE(); }); });
            EXPECT_EQ(read, write);
            EXPECT_FALSE(this_loop().remove_reader(descriptor));
            return read;
        };
        EXPECT_EQ(add(-1), "watch descriptor -1: Bad file descriptor");
        EXPECT_EQ(add(closed), "watch descriptor " + std::to_string(closed) + ": Bad file descriptor");
        EXPECT_EQ(add(regular), "watch descriptor " + std::to_string(regular) +
                                    ": a file on a disk is always ready, there is nothing to wait for");
        try {
            this_loop().add_reader(regular, [] {});
        } catch (const IoError& error) {
            EXPECT_EQ(error.code(), std::errc::operation_not_permitted);
        }
        co_await sleep(1ms);
        EXPECT_EQ(this_loop().unreceived_error_count(), 0U);
    });
    std::fclose(file);
}

TEST(SimDescriptorWatch, knows_only_its_own_descriptors) {
    TestLoop("sim").run([]() -> Task<> {
        for (const int descriptor : {-1, 0, 12345}) {
            EXPECT_EQ(error_of([&] { this_loop().add_reader(descriptor, [] {}); }),
                "watch descriptor " + std::to_string(descriptor) + ": Bad file descriptor");
        }
        co_await yield_now();
    });
}

}  // namespace gyre::testing
