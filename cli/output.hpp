#pragma once

#include "download.hpp"

#include <gyre/http/core/url.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace gyre::cli {

/// Where the body of one download goes.
class Sink {
public:
    virtual ~Sink() = default;
    /// @throws IoError.
    [[nodiscard]] virtual auto write(std::span<const char> piece) -> Task<void> = 0;
    /// The body is complete. @return the path it has now, or empty.
    [[nodiscard]] virtual auto commit() -> Task<std::string> = 0;
    /// Whether a second try may begin again from the start.
    [[nodiscard]] virtual auto can_restart() const -> bool = 0;
};

/// Makes the sinks of a run: names that do not clash, and standard output in the order of the URLs.
class Output {
public:
    explicit Output(const GetOptions& options);
    Output(const Output&) = delete;
    auto operator=(const Output&) -> Output& = delete;
    ~Output();

    /// Waits until download `index` may write. On standard output that is in the order of the URLs, each whole; it is waited
    /// for before the request is sent, so that no server waits for its body to be read.
    [[nodiscard]] auto turn(std::size_t index) -> Task<void>;
    /// Before the first download. @throws IoError.
    [[nodiscard]] auto prepare() -> Task<void>;
    /// The sink of download `index`. @throws IoError.
    [[nodiscard]] auto open(std::size_t index) -> Task<std::unique_ptr<Sink>>;
    /// Download `index` is over; the next one may write to standard output.
    void finished(std::size_t index);

private:
    class FileSink;
    class StandardOutputSink;
    class NullSink;

    const GetOptions& options_;
    std::vector<std::string> paths_;  ///< By index; empty for what is no URL.
    std::vector<char> over_;          ///< By index: its turn on standard output is over.
    std::size_t turn_ = 0;            ///< The first index whose turn is not over.
    Event turn_changed_{"turn on standard output"};
};

/// A file name for a URL: the last part of its path with the query, made harmless; "index.html" if there is none.
[[nodiscard]] auto file_name_of(std::string_view url) -> std::string;

}  // namespace gyre::cli
