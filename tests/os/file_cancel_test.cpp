// Files under cancellation: nothing is lost, nothing is left, no memory is let go of before its time.

#include "scratch.hpp"

#include "support/loops.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <vector>

namespace gyre::testing {

namespace {

/// Cancels a scope before a given entry of the ready queue has its turn.
class CancelBefore final : public internal::Order {
public:
    explicit CancelBefore(std::size_t step) noexcept : left_(step) {}

    auto choose(std::size_t) noexcept -> std::size_t override {
        if (scope_ != nullptr && left_-- == 0) scope_->cancel("now");
        return 0;
    }
    void enter(CancelScope& scope) noexcept { scope_ = &scope; }
    void leave() noexcept { scope_ = nullptr; }

private:
    CancelScope* scope_ = nullptr;
    std::size_t left_;
};

auto run_until_cancelled(std::function<Task<>()>& scenario, CancelBefore& order, bool& ended) -> Task<> {
    this_loop().scheduler().use_order(&order);
    ended = co_await cancel_scope([&](CancelScope& scope) -> Task<> {
        order.enter(scope);
        co_await scenario();
        order.leave();
    });
    order.leave();
    this_loop().scheduler().use_order(nullptr);
}

/// As CancelEverywhere, on the kernel backend of this program: before each step, until the scenario ends before it.
void cancel_before_each_step(std::function<Task<>()> scenario, const std::function<void()>& invariant) {
    bool ended = false;
    for (std::size_t step = 0; !ended && step < 1000; ++step) {
        SCOPED_TRACE("cancelled before step " + std::to_string(step));
        CancelBefore order(step);
        {
            TestLoop loop(kernel_backend());
            loop.run(run_until_cancelled(scenario, order, ended));
        }
        invariant();
    }
    EXPECT_TRUE(ended);
}

/// What a scenario is tried with: a folder that must be as it was, and descriptors that must not become more.
struct Ground {
    Scratch scratch;
    std::vector<int> descriptors = open_descriptors();

    void expect_no_leak() const { EXPECT_EQ(open_descriptors(), descriptors); }
};

auto use_a_file(const Scratch& scratch) -> Task<> {
    auto file = co_await fs::open(scratch / "a", "w+");
    co_await file.write("first\nsecond\nthird\n");
    co_await file.seek(0);
    const auto line = co_await file.read_line();
    if (line != "first") throw std::runtime_error("read " + line.value_or("nothing"));
    const auto second = co_await file.pread(6, 6);
    if (second != "second") throw std::runtime_error("pread " + second);
    co_await file.sync();
    co_await file.truncate(3);
    const auto info = co_await file.info();
    if (info.size != 3) throw std::runtime_error("not truncated");
    co_await file.close();
}

/// Lines are read by attempts that are cut short; together they must be all lines.
auto read_in_attempts(const Scratch& scratch, std::vector<std::string>& lines) -> Task<> {
    auto file = co_await fs::open(scratch / "lines");
    bool more = true;
    while (more) {
        co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            this_loop().call_soon([&scope] { scope.cancel("enough"); });
            for (;;) {
                auto line = co_await file.read_line();
                if (!line) break;
                lines.push_back(std::move(*line));
            }
            more = false;
        });
    }
}

auto write_atomically(const Scratch& scratch) -> Task<> {
    auto file = co_await fs::AtomicFile::create(scratch / "a");
    co_await file.write("new ");
    co_await file.write("content");
    co_await file.commit(true);
}

auto use_a_directory(const Scratch& scratch) -> Task<> {
    auto directory = co_await fs::TemporaryDirectory::create(scratch.path());
    co_await fs::create_directories(directory.path() / "x/y");
    co_await fs::write_text(directory.path() / "x/y/file", "text");
    co_await fs::copy(directory.path() / "x/y/file", directory.path() / "x/copy");
    const auto found = co_await fs::glob(directory.path(), "**/*");
    if (found.size() != 4) throw std::runtime_error("found " + std::to_string(found.size()));
    co_await directory.remove();
}

auto use_a_watch(const Scratch& scratch) -> Task<> {
    auto watch = co_await fs::DirectoryWatch::open(scratch.path(), {.recursive = true});
    co_await fs::create_directories(scratch / "x/y");
    for (;;) {
        const auto event = co_await watch.next();
        if (event.path == scratch / "x/y") break;
    }
    co_await fs::remove_all(scratch / "x");
}

auto content_of(const std::filesystem::path& path) -> std::string {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class FileOnKernel : public OnKernel {};
class AtomicFileOnKernel : public OnKernel {};
class TemporaryDirectoryOnKernel : public OnKernel {};
class DirectoryWatchOnKernel : public OnKernel {};

auto write_to(int descriptor, std::string_view text) -> void {
    EXPECT_EQ(::write(descriptor, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

/// Until a pipe is empty.
auto has_been_read(int descriptor) -> Task<> {
    for (int left = 1; left > 0;) {
        EXPECT_EQ(::ioctl(descriptor, FIONREAD, &left), 0);
        co_await yield_now();
    }
}

auto read_from(const std::filesystem::path& path, std::string& text) -> Task<> {
    auto file = co_await fs::open(path);
    text = co_await file.read(100'000);
}

}  // namespace

TEST(File, survives_cancellation_anywhere) {
    const Ground ground;
    CancelEverywhere([&] {
        return use_a_file(ground.scratch);
    }).invariant([&](const CancelledRun&) {
          ground.expect_no_leak();
      }).run();
}

TEST_P(FileOnKernel, survives_cancellation_anywhere) {
    const Ground ground;
    cancel_before_each_step([&] { return use_a_file(ground.scratch); }, [&] { ground.expect_no_leak(); });
}

TEST_P(FileOnKernel, a_cancelled_read_loses_no_line) {
    const Scratch scratch;
    std::vector<std::string> expected;
    for (int i = 0; i < 20'000; ++i) expected.push_back("this is line " + std::to_string(i));
    {
        std::ofstream file(scratch / "lines");
        for (const auto& line : expected) file << line << "\n";
    }
    std::vector<std::string> lines;
    run(read_in_attempts(scratch, lines));
    EXPECT_EQ(lines, expected);
}

TEST_P(FileOnKernel, a_write_in_flight_when_cancelled_has_happened_whole) {
    const Scratch scratch;
    const std::string content(8'000'000, 'x');
    run([&]() -> Task<> {
        auto file = co_await fs::open(scratch / "a", "w");
        auto writing = spawn(file.write(content));
        co_await yield_now();  // it is with the kernel, or a thread
        writing.cancel("enough");
        const auto outcome = co_await as_outcome(writing.join());
        EXPECT_TRUE(outcome.has_value() || failed_with<CancelledError>(outcome));
        const auto info = co_await file.info();
        EXPECT_EQ(info.size, outcome.has_value() ? content.size() : 0U);
    });
}

TEST_P(FileOnKernel, a_read_that_was_cancelled_does_not_begin_again) {
    const Scratch scratch;
    const auto path = scratch / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const int other_end = ::open(path.c_str(), O_RDWR | O_CLOEXEC);  // held open: there is no end of the file
    ASSERT_GE(other_end, 0);
    std::string text;
    run([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            write_to(other_end, "one ");
            auto reader = group.spawn(read_from(path, text));
            co_await has_been_read(other_end);
            reader.cancel("enough");
            write_to(other_end, "two");  // for a read that is under way in a thread, which nothing else ends
        });
    });
    ::close(other_end);
    EXPECT_TRUE(text.empty() || text == "one " || text == "one two") << text;
}

TEST_P(FileOnKernel, nothing_begins_inside_a_cancelled_scope) {
    const Scratch scratch;
    run([&]() -> Task<> {
        co_await cancel_scope([&](CancelScope& scope) -> Task<> {
            scope.cancel("before");
            co_await fs::write_text(scratch / "a", "text");
        });
        EXPECT_EQ(scratch.count(), 0U);
    });
}

TEST(AtomicFile, survives_cancellation_anywhere) {
    const Ground ground;
    CancelEverywhere([&] { return write_atomically(ground.scratch); })
        .before_each([&] { std::ofstream(ground.scratch / "a") << "old"; })
        .invariant([&](const CancelledRun& run) {
            const std::string content = content_of(ground.scratch / "a");
            EXPECT_TRUE(content == "new content" || (run.end == CancelledRun::End::cancelled && content == "old"));
            EXPECT_EQ(ground.scratch.count(), 1U);
            ground.expect_no_leak();
        })
        .run();
}

TEST_P(AtomicFileOnKernel, survives_cancellation_anywhere) {
    const Ground ground;
    cancel_before_each_step([&] { return write_atomically(ground.scratch); },
        [&] {
            EXPECT_LE(ground.scratch.count(), 1U);
            const std::string content = content_of(ground.scratch / "a");
            EXPECT_TRUE(content.empty() || content == "new content");
            std::filesystem::remove(ground.scratch / "a");
            ground.expect_no_leak();
        });
}

TEST(TemporaryDirectory, survives_cancellation_anywhere) {
    const Ground ground;
    CancelEverywhere([&] { return use_a_directory(ground.scratch); })
        .invariant([&](const CancelledRun&) {
            EXPECT_EQ(ground.scratch.count(), 0U);
            ground.expect_no_leak();
        })
        .run();
}

TEST_P(TemporaryDirectoryOnKernel, survives_cancellation_anywhere) {
    const Ground ground;
    cancel_before_each_step([&] { return use_a_directory(ground.scratch); },
        [&] {
            EXPECT_EQ(ground.scratch.count(), 0U);
            ground.expect_no_leak();
        });
}

TEST_P(DirectoryWatchOnKernel, survives_cancellation_anywhere) {
    const Ground ground;
    cancel_before_each_step([&] { return use_a_watch(ground.scratch); },
        [&] {
            std::filesystem::remove_all(ground.scratch / "x");
            ground.expect_no_leak();
        });
}

GYRE_ON_KERNEL(FileOnKernel);
GYRE_ON_KERNEL(AtomicFileOnKernel);
GYRE_ON_KERNEL(TemporaryDirectoryOnKernel);
GYRE_ON_KERNEL(DirectoryWatchOnKernel);

}  // namespace gyre::testing
