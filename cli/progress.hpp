#pragma once

#include "download.hpp"

#include <cstddef>
#include <string>

namespace gyre::cli {

/// Shows on standard error how the downloads go: a live picture on a terminal, else a line for each that has ended.
class ProgressDisplay final : public Observer {
public:
    enum class Mode : std::uint8_t {
        live,    ///< A terminal: drawn again ten times a second.
        lines,   ///< A line for each download that ended.
        errors,  ///< Only those that failed: for `--json`.
    };

    ProgressDisplay(const Progress& progress, Mode mode);
    ProgressDisplay(const ProgressDisplay&) = delete;
    auto operator=(const ProgressDisplay&) -> ProgressDisplay& = delete;
    /// Wipes the live picture.
    ~ProgressDisplay() override;

    void finished(const Progress& progress, const Download& download) override;

    /// Draws until it is cancelled; returns at once where there is nothing to draw.
    [[nodiscard]] auto run() -> Task<void>;

private:
    void draw();
    void wipe();
    [[nodiscard]] auto summary_line(std::size_t width) const -> std::string;
    [[nodiscard]] auto slowest_lines(std::size_t width) const -> std::string;

    const Progress& progress_;
    Mode mode_;
    std::size_t drawn_lines_ = 0;
    double rate_ = 0;  ///< Bytes a second, smoothed.
    std::uint64_t last_bytes_ = 0;
    Time last_drawn_{};
};

/// live for a terminal that can move its cursor, else lines.
[[nodiscard]] auto display_mode(bool json) -> ProgressDisplay::Mode;

/// How many columns the terminal behind a descriptor has; as many as anybody may need if it is none.
[[nodiscard]] auto terminal_width(int descriptor) -> std::size_t;

}  // namespace gyre::cli
