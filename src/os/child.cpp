#include "os/command_specification.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/gather.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/try_finally.hpp>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace gyre::process {

namespace {

using internal::ProcessRecord;

constexpr int unknown_exit_code = 255;  // as Python's asyncio has it

auto status_of(const backend::ProcessEnd& end) noexcept -> Status {
    Status status;
    status.is_known = end.is_known;
    status.dumped_core = end.dumped_core;
    status.exit_code = !end.is_known ? unknown_exit_code : end.signal != 0 ? -end.signal : end.code;
    return status;
}

auto sent(int result, int signal, const std::string& name) -> bool {
    if (result == 0) return true;
    if (result == -ESRCH) return false;
    throw IoError(
        std::error_code(-result, std::generic_category()), "send signal " + std::to_string(signal) + " to", name);
}

auto wait_for(std::shared_ptr<ProcessRecord> record) -> Task<Status> {
    co_await internal::ProcessWait(*record);
    co_return status_of(record->end());
}

auto feed(std::optional<net::Stream>& stream, const std::string& text) -> Task<void> {
    if (!stream) co_return;
    try {
        co_await stream->write(text);
    } catch (const IoError& error) {
        // It has ended, or reads no more: what it makes of its input is its affair.
        if (error.code() != std::errc::broken_pipe) throw;
    }
    co_await stream->shutdown_write();
}

auto drain(std::optional<net::Stream>& stream, std::size_t limit, std::string& into) -> Task<void> {
    if (!stream) co_return;
    into = co_await stream->read_all(limit);
}

/// Whatever happens, nobody will feed or read the child after this.
class PipesClosed {
public:
    explicit PipesClosed(internal::ChildStreams& streams) noexcept : streams_(streams) {}
    PipesClosed(const PipesClosed&) = delete;
    auto operator=(const PipesClosed&) -> PipesClosed& = delete;
    ~PipesClosed() {
        for (auto& stream : streams_.of) {
            if (stream) stream->abort();
        }
    }

private:
    internal::ChildStreams& streams_;
};

auto end_within(std::shared_ptr<ProcessRecord> record, Duration grace) -> Task<void> {
    static_cast<void>(record->signal_group(SIGTERM));
    static_cast<void>(record->signal_group(SIGCONT));  // a stopped one would not hear the other
    co_await move_on_after(grace, internal::ProcessWait(*record));
}

auto end_at_once(std::shared_ptr<ProcessRecord> record) -> Task<void> {
    if (record->ended()) co_return;
    static_cast<void>(record->signal_group(SIGKILL));
    co_await internal::ProcessWait(*record);
}

}  // namespace

auto Status::text() const -> std::string {
    if (!is_known) return "ended, nobody knows how";
    if (signal() == 0) return "exited with " + std::to_string(exit_code);
    const char* const name = ::strsignal(signal());
    return "killed by signal " + std::to_string(signal()) + (name == nullptr ? "" : " (" + std::string(name) + ")");
}

Child::Child(std::shared_ptr<ProcessRecord> record, std::unique_ptr<internal::ChildStreams> streams) noexcept
    : record_(std::move(record)), streams_(std::move(streams)) {}

Child::Child(Child&& other) noexcept = default;

auto Child::operator=(Child&& other) noexcept -> Child& {
    std::swap(record_, other.record_);
    std::swap(streams_, other.streams_);
    return *this;
}

Child::~Child() {
    if (!record_ || record_->ended()) return;
    record_->end_group_with_it();
    static_cast<void>(record_->signal_group(SIGKILL));
    record_->let_go();
}

auto Child::record() const -> ProcessRecord& {
    if (record_ == nullptr) gyre::internal::throw_moved_from("Child");
    return *record_;
}

auto Child::streams() const -> internal::ChildStreams& {
    if (streams_ == nullptr) gyre::internal::throw_moved_from("Child");
    return *streams_;
}

auto Child::pid() const -> int { return record().pid(); }

auto Child::name() const -> std::string_view { return record().name(); }

auto Child::status() const -> std::optional<Status> {
    if (!record().ended()) return std::nullopt;
    return status_of(record_->end());
}

namespace {

auto piped(internal::ChildStreams& streams, std::size_t number, const char* what) -> net::Stream& {
    auto& stream = streams.of[number];
    if (!stream) throw InvalidStateError(std::string(what) + " of a child that has no pipe there: use Stdio::pipe");
    return *stream;
}

}  // namespace

auto Child::input() -> net::Stream& { return piped(streams(), 0, "input"); }

auto Child::output() -> net::Stream& { return piped(streams(), 1, "output"); }

auto Child::error_output() -> net::Stream& { return piped(streams(), 2, "error_output"); }

auto Child::wait() const -> Task<Status> {
    static_cast<void>(record());
    return wait_for(record_);
}

auto Child::communicate(std::string text, std::size_t limit) -> Task<Result> {
    internal::ChildStreams& pipes = streams();
    if (!text.empty()) static_cast<void>(input());
    Result result;
    {
        const PipesClosed closed(pipes);
        co_await gather(feed(pipes.of[0], text), drain(pipes.of[1], limit, result.output),
            drain(pipes.of[2], limit, result.error_output));
    }
    const auto status = co_await wait();
    static_cast<Status&>(result) = status;
    co_return result;
}

auto Child::kill(int signal) -> bool { return sent(record().signal(signal), signal, record_->name()); }

auto Child::kill_group(int signal) -> bool { return sent(record().signal_group(signal), signal, record_->name()); }

auto Child::stop(AnyDuration grace) -> Task<Status> {
    static_cast<void>(this->record());
    const auto record = record_;
    if (!record->ended()) {
        record->end_group_with_it();
        co_await try_finally(end_within(record, grace), end_at_once(record));
    }
    co_return status_of(record->end());
}

}  // namespace gyre::process
