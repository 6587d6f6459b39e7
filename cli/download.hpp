#pragma once

#include <gyre/gyre.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gyre::cli {

/// Where the bodies go.
enum class Destination : std::uint8_t { directory, standard_output, nowhere };

/// What `gyre get` was asked to do.
struct GetOptions {
    std::vector<std::string> urls;
    std::size_t concurrency = 16;
    Destination destination = Destination::directory;
    std::string directory = ".";
    Duration timeout = std::chrono::seconds(30);  ///< Without progress: a connection, an answer, the next bytes.
    int retries = 2;
    std::string ca_file;
    std::string ca_pem;
    bool insecure = false;
    bool json = false;
    bool every_row = false;
};

/// One URL and what became of it.
struct Download {
    enum class State : std::uint8_t { waiting, running, done, failed, cancelled };

    std::string url;
    State state = State::waiting;
    int status = 0;                         ///< Of the last answer; 0 if there was none.
    std::uint64_t bytes = 0;                ///< Of the body, so far.
    std::optional<std::uint64_t> expected;  ///< As announced by the server.
    Time started{};
    Time ended{};
    int attempts = 0;
    std::string file;   ///< The path it was written to; empty before it is complete.
    std::string error;  ///< One line; empty if there is none.
    TaskStats figures;  ///< What its task cost.

    [[nodiscard]] auto elapsed(Time now) const -> Duration {
        if (state == State::waiting) return Duration::zero();
        return (state == State::running ? now : ended) - started;
    }
};

/// All of them, and how far they are.
struct Progress {
    std::vector<Download> downloads;
    std::size_t running = 0;
    std::size_t peak_running = 0;
    std::size_t done = 0;
    std::size_t failed = 0;
    std::uint64_t bytes = 0;
    Time started{};
    Time ended{};
    std::uint64_t connections_opened = 0;
    std::uint64_t connections_reused = 0;
    bool interrupted = false;

    [[nodiscard]] auto finished() const noexcept -> std::size_t { return done + failed; }
};

/// Whoever shows how it goes.
class Observer {
public:
    virtual ~Observer() = default;
    virtual void finished(const Progress& progress, const Download& download) = 0;
};

/// What https trusts, by the options.
[[nodiscard]] auto tls_options(const GetOptions& options) -> net::TlsClientOptions;

/// Downloads everything, at most `options.concurrency` at a time. On cancel: everything ends at once, no half file is left,
/// and `progress` says what was done.
[[nodiscard]] auto download_all(const GetOptions& options, Progress& progress, Observer& observer) -> Task<void>;

}  // namespace gyre::cli
