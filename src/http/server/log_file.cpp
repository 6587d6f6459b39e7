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

namespace gyre::http {

/// The queue is for all threads; the rest belongs to the loop that opened the file.
struct LogFile::State {
    State(fs::File its_file, const LogFileOptions& its_options) : file(std::move(its_file)), options(its_options) {}

    void add(std::string_view line) {
        const std::lock_guard lock(mutex);
        if (is_closed || queue.size() + line.size() > options.queue_bytes) {
            dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        queue.append(line);
    }

    /// What waits, in the place of what `text` held.
    void take(std::string& text) {
        text.clear();
        const std::lock_guard lock(mutex);
        queue.swap(text);
    }

    void refuse_more() {
        const std::lock_guard lock(mutex);
        is_closed = true;
    }

    fs::File file;
    LogFileOptions options;
    std::mutex mutex;
    std::string queue;
    bool is_closed = false;
    std::atomic<std::uint64_t> dropped = 0;
    Event closing{"the end of a log file"};
    std::optional<TaskHandle<void>> task;
};

LogFile::LogFile(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
LogFile::LogFile(LogFile&&) noexcept = default;

auto LogFile::operator=(LogFile&& other) noexcept -> LogFile& {
    std::swap(state_, other.state_);
    return *this;
}

LogFile::~LogFile() {
    if (!state_) return;
    state_->refuse_more();
    if (state_->task && !state_->task->done()) state_->task->cancel("its http::LogFile is gone");
}

auto LogFile::open(std::string path, LogFileOptions options) -> Task<LogFile> {
    fs::OpenOptions how;
    how.permissions = options.mode;
    auto file = co_await fs::open(std::move(path), "a", how);
    auto state = std::make_shared<State>(std::move(file), options);
    auto writing = write_lines(state);
    state->task = spawn(std::move(writing), {.name = "log file"});
    co_return LogFile(std::move(state));
}

auto LogFile::write_lines(std::shared_ptr<State> state) -> Task<void> {
    const Duration pause = std::max<Duration>(state->options.flush_interval, std::chrono::milliseconds(1));
    std::string text;
    try {
        for (;;) {
            const bool is_last = co_await move_on_after(pause, state->closing.wait());
            state->take(text);
            if (!text.empty()) co_await state->file.write(text);
            if (is_last) break;
        }
        co_await state->file.close();
    } catch (const IoError&) {
        state->dropped.fetch_add(
            static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')), std::memory_order_relaxed);
        state->refuse_more();
        throw;
    }
}

auto LogFile::sink() const -> LogSink {
    return [state = state_](std::string_view line) { state->add(line); };
}

auto LogFile::dropped_lines() const noexcept -> std::uint64_t {
    return state_->dropped.load(std::memory_order_relaxed);
}

auto LogFile::close() -> Task<void> {
    const auto state = state_;
    state->refuse_more();
    state->closing.set();
    co_await state->task->join();
}

}  // namespace gyre::http
