#include <gyre/http/server/access_log.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/task_handle.hpp>
#include <gyre/os/file.hpp>
#include <gyre/sync/event.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace gyre::http {

/// The queue is for all threads; the rest belongs to the loop that opened the file.
struct LogFile::State {
    State(std::string its_path, fs::File its_file, const LogFileOptions& its_options)
        : path(std::move(its_path)), file(std::move(its_file)), options(its_options) {}

    /// A file that is to take the place of the present one, and who waits until it has.
    struct Successor {
        explicit Successor(fs::File opened) : file(std::move(opened)) {}

        fs::File file;
        gyre::Event settled{"a log file that is opened anew"};
        bool is_used = false;
    };

    void add(std::string_view line) {
        const std::lock_guard lock(mutex);
        if (is_closed || queue.size() + line.size() > options.queue_bytes) {
            dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        queue.append(line);
    }

    /// Lines that could not be written.
    void drop(std::string_view lines) {
        const auto count = std::count(lines.begin(), lines.end(), '\n');
        dropped.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
    }

    /// What waits, in the place of what `text` held.
    void take(std::string& text) {
        text.clear();
        const std::lock_guard lock(mutex);
        queue.swap(text);
    }

    void take_more(bool wanted) {
        const std::lock_guard lock(mutex);
        is_closed = !wanted;
    }

    /// The last of the first `count` successors takes over.
    void succeed(std::size_t count) {
        for (; count > 0 && !successors.empty(); --count) {
            const auto next = successors.front();
            successors.erase(successors.begin());
            file = std::move(next->file);
            next->is_used = true;
            next->settled.set();
        }
    }

    std::string path;
    fs::File file;
    LogFileOptions options;
    std::mutex mutex;
    std::string queue;
    bool is_closed = false;
    std::atomic<std::uint64_t> dropped = 0;
    std::vector<std::shared_ptr<Successor>> successors;
    bool is_ending = false;
    gyre::Event changed{"a log file that is closed or opened anew"};
    std::optional<TaskHandle<void>> task;
};

namespace {

auto open_log(const std::string& path, unsigned mode) -> Task<fs::File> {
    fs::OpenOptions how;
    how.permissions = mode;
    return fs::open(path, "a", how);
}

/// @return why it was not written, or null.
auto try_write(fs::File& file, std::string_view text) -> Task<std::exception_ptr> {
    try {
        co_await file.write(text);
    } catch (const IoError&) {
        co_return std::current_exception();
    }
    co_return std::exception_ptr();
}

}  // namespace

/// However the writing ends, nobody waits for it any more.
class LogFile::WriterEnd {
public:
    explicit WriterEnd(State& state) noexcept : state_(state) {}
    WriterEnd(const WriterEnd&) = delete;
    auto operator=(const WriterEnd&) -> WriterEnd& = delete;
    ~WriterEnd() {
        for (auto& successor : std::exchange(state_.successors, {})) successor->settled.set();
    }

private:
    State& state_;
};

LogFile::LogFile(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
LogFile::LogFile(LogFile&&) noexcept = default;

auto LogFile::operator=(LogFile&& other) noexcept -> LogFile& {
    std::swap(state_, other.state_);
    return *this;
}

LogFile::~LogFile() {
    if (!state_) return;
    state_->take_more(false);
    if (state_->task && !state_->task->done()) state_->task->cancel("its http::LogFile is gone");
}

auto LogFile::open(std::string path, LogFileOptions options) -> Task<LogFile> {
    auto file = co_await open_log(path, options.mode);
    auto state = std::make_shared<State>(std::move(path), std::move(file), options);
    begin(state);
    co_return LogFile(std::move(state));
}

auto LogFile::over(fs::File file, LogFileOptions options) -> LogFile {
    auto state = std::make_shared<State>(std::string(), std::move(file), options);
    begin(state);
    return LogFile(std::move(state));
}

void LogFile::begin(const std::shared_ptr<State>& state) {
    auto writing = write_lines(state);
    state->task = spawn(std::move(writing), {.name = "log file"});
}

auto LogFile::write_lines(std::shared_ptr<State> state) -> Task<void> {
    const Duration pause = std::max<Duration>(state->options.flush_interval, std::chrono::milliseconds(1));
    std::string text;
    bool is_failing = false;
    const WriterEnd end(*state);
    for (;;) {
        static_cast<void>(co_await move_on_after(pause, state->changed.wait()));
        state->changed.clear();
        const bool is_last = state->is_ending;
        // A successor that comes while this is written waits for what has come meanwhile.
        auto due = state->successors.size();
        state->take(text);
        while (!text.empty()) {
            const auto failure = co_await try_write(state->file, text);
            if (!failure) {
                is_failing = false;
                break;
            }
            // What the old file does not take goes to the one that takes its place, from the start.
            if (!state->successors.empty()) {
                this_loop().handle_error({failure, ErrorOrigin::task, "a log file that is opened anew"});
                state->succeed(state->successors.size());
                due = 0;
                continue;
            }
            state->drop(text);
            if (is_last) std::rethrow_exception(failure);
            // Told once: a disk that is full is full for long, and there may be room the next time.
            if (!is_failing) this_loop().handle_error({failure, ErrorOrigin::task, "a log file"});
            is_failing = true;
            break;
        }
        if (is_last) break;
        state->succeed(due);
    }
    co_await state->file.close();
}

auto LogFile::reopen_file(std::shared_ptr<State> state) -> Task<void> {
    if (state->path.empty()) throw InvalidStateError("http::LogFile::reopen: it was made over a file, and has no path");
    auto file = co_await open_log(state->path, state->options.mode);
    if (state->is_ending) throw InvalidStateError("http::LogFile::reopen: the log was closed");
    if (state->task->done()) {  // it had no memory, say
        state->file = std::move(file);
        state->take_more(true);
        begin(state);
        co_return;
    }
    const auto successor = std::make_shared<State::Successor>(std::move(file));
    state->successors.push_back(successor);
    state->changed.set();
    co_await successor->settled.wait();
    if (successor->is_used) co_return;
    co_await state->task->join();
    throw InvalidStateError("http::LogFile::reopen: the log was closed");
}

auto LogFile::sink() const -> LogSink {
    return [state = state_](std::string_view line) { state->add(line); };
}

auto LogFile::dropped_lines() const noexcept -> std::uint64_t {
    return state_->dropped.load(std::memory_order_relaxed);
}

auto LogFile::reopen() -> Task<void> { return reopen_file(state_); }

auto LogFile::close() -> Task<void> {
    const auto state = state_;
    state->take_more(false);
    state->is_ending = true;
    state->changed.set();
    co_await state->task->join();
}

}  // namespace gyre::http
