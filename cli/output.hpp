#pragma once

#include "download.hpp"

#include <gyre/http/core/url.hpp>

#include <memory>
#include <set>
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

    /// Before the first download. @throws IoError.
    [[nodiscard]] auto prepare() -> Task<void>;
    /// The sink of download `index`, whose answer came from `url`. @throws IoError.
    [[nodiscard]] auto open(std::size_t index, const http::Url& url) -> Task<std::unique_ptr<Sink>>;
    /// Download `index` is over; the next one may write to standard output.
    void finished(std::size_t index);

private:
    class FileSink;
    class StandardOutputSink;
    class NullSink;

    [[nodiscard]] auto path_of(std::size_t index, const http::Url& url) -> const std::string&;

    const GetOptions& options_;
    std::set<std::string> names_;
    std::vector<std::string> paths_;  ///< By index: another try has the same name.
    std::vector<char> over_;          ///< By index: its turn on standard output is over.
    std::size_t turn_ = 0;            ///< The first index whose turn is not over.
    Event turn_changed_{"turn on standard output"};
};

/// A file name for a URL: the last part of its path, made harmless; "index.html" if there is none.
[[nodiscard]] auto file_name_of(const http::Url& url) -> std::string;

}  // namespace gyre::cli
