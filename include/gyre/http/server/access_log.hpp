#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/server/server_observer.hpp>
#include <gyre/os/file.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gyre::http {

/// How a line of an access log looks.
enum class AccessLogFormat : std::uint8_t {
    common,    ///< Common Log Format: client, time, request line, status, bytes.
    combined,  ///< The same with Referer and User-Agent, as most tools read it.
    timed,     ///< The same with the seconds it took and the request's id.
    json,      ///< All of it, one JSON object a line.
};

/// Takes one line of a log, with its "\n". Called by one thread at a time.
using LogSink = std::function<void(std::string_view line)>;

/// Writes a line for each request: also for what the server refused itself, for connections that it turned away with 503, and for
/// requests whose client went. Who was turned away without a word has none: `ServerMetrics` counts those.
///
/// No client can write a line of its own or break one: control characters, quotes, backslashes and bytes from 0x80 are
/// written as a backslash, x and two digits, in JSON as JSON does. A request without a response is logged with status 499, as nginx does.
/// It outlives the server. Thread: any. Source: Apache's mod_log_config, CVE-2003-0020.
class AccessLog final : public ServerObserver {
public:
    /// @throws std::invalid_argument for an empty sink. An error that the sink throws loses its line.
    explicit AccessLog(LogSink sink, AccessLogFormat format = AccessLogFormat::combined);
    ~AccessLog() override;

    void request_ends(const RequestRecord& record) noexcept override;
    void connection_refused(const RefusalRecord& record) noexcept override;
    /// Lines that the sink did not take, because it threw.
    [[nodiscard]] auto lost_lines() const noexcept -> std::uint64_t;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// How a log file is written.
struct LogFileOptions {
    /// Bytes that wait for the disk at most. What comes beyond it is dropped and counted: a slow disk does not stop a server.
    std::size_t queue_bytes = 1024 * 1024;
    AnyDuration flush_interval = std::chrono::milliseconds(200);  ///< How long a line may wait before it is written.
    unsigned mode = 0640;                                         ///< Of a file that is made.
};

/// A file that lines are added to, by a task of its own on the loop that opened it. Move-only.
///
/// A write that fails, the disk being full, is told to the loop's exception handler: once, until one succeeds again. Its lines
/// are dropped, and what comes after them is tried when its time has come.
class LogFile {
public:
    /// Opens `path` for appending, and makes it if it is not there. @throws IoError naming it. On cancel: nothing is open.
    [[nodiscard]] static auto open(std::string path, LogFileOptions options = {}) -> Task<LogFile>;
    /// Adds lines to a file that is open already, such as standard output: `fs::duplicate(1, "standard output")`. It belongs
    /// to the loop that runs here, and `reopen` does not know how to open it again. @throws LoopError if no loop runs here.
    [[nodiscard]] static auto over(fs::File file, LogFileOptions options = {}) -> LogFile;
    LogFile(LogFile&&) noexcept;
    auto operator=(LogFile&&) noexcept -> LogFile&;
    /// Cancels the writing: what still waits is lost, unless it was closed before.
    ~LogFile();

    /// What puts lines in: give it to `AccessLog`. Lives on after the file; lines are dropped then.
    [[nodiscard]] auto sink() const -> LogSink;
    /// Lines that were dropped: the queue was full, the file closed, or their write failed.
    [[nodiscard]] auto dropped_lines() const noexcept -> std::uint64_t;
    /// Opens the path again, for programs such as logrotate that have moved the file away: what waits goes to the old one, lines
    /// from the return of this on to the new one. What the old one does not take, its disk being full, goes to the new one as
    /// well, and the loop's exception handler is told.
    /// @throws IoError if it cannot be opened: the old one stays in use; InvalidStateError once the log was closed, and for one
    /// that was made `over` a file.
    /// On cancel: the old file or the new one is in use, and no line is lost.
    [[nodiscard]] auto reopen() -> Task<void>;
    /// Writes what waits and closes the file. Idempotent. @throws IoError if that fails; not for what was told before.
    /// On cancel: the writing goes on, and what still waits when the LogFile goes is lost.
    [[nodiscard]] auto close() -> Task<void>;

private:
    struct State;
    class WriterEnd;
    explicit LogFile(std::shared_ptr<State> state) noexcept;
    static void begin(const std::shared_ptr<State>& state);
    static auto write_lines(std::shared_ptr<State> state) -> Task<void>;
    static auto reopen_file(std::shared_ptr<State> state) -> Task<void>;
    std::shared_ptr<State> state_;
};

}  // namespace gyre::http
