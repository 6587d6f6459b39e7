#pragma once

// Reads a request line or a status line, resumable at any byte, each byte looked at once.

#include "grammar.hpp"

#include <gyre/http/core/message.hpp>

#include <span>

namespace gyre::http::internal {

class RequestLineScanner {
public:
    void start() noexcept { *this = {}; }

    /// Goes on from where it stopped. `data` must hold the same bytes as before, perhaps elsewhere, and more.
    /// @return true once the line was read; `position()` is then just after it.
    [[nodiscard]] auto scan(std::span<const char> data, std::size_t limit) -> bool;

    /// Copies the parts of the line, once `scan` was true, and refuses a target whose form does not fit its method.
    void finish(std::span<const char> data, RequestHead& head) const;

    [[nodiscard]] auto position() const noexcept -> std::size_t { return position_; }

private:
    enum class Phase : std::uint8_t { before_line, before_line_lf, method, target, version, line_lf };

    auto skip_empty_line(std::span<const char> data) -> bool;
    auto scan_target(const char* data, std::size_t at, std::size_t stop) noexcept -> std::size_t;
    auto pause(std::size_t position, Phase phase) noexcept -> bool;
    void check_version_byte(char c, std::size_t position) const;
    [[noreturn]] void refuse_in_method(char c, std::size_t position) const;
    [[noreturn]] void refuse_in_target(char c, std::size_t position) const;

    std::size_t position_ = 0;
    std::size_t line_start_ = 0;
    std::size_t method_end_ = 0;
    std::size_t target_end_ = 0;
    std::uint8_t target_classes_ = 0;
    bool skipped_empty_line_ = false;
    Phase phase_ = Phase::before_line;
};

class StatusLineScanner {
public:
    void start() noexcept { *this = {}; }

    /// As in RequestLineScanner.
    [[nodiscard]] auto scan(std::span<const char> data, std::size_t limit) -> bool;

    /// Copies the parts of the line, once `scan` was true.
    void finish(std::span<const char> data, ResponseHead& head) const;

    [[nodiscard]] auto position() const noexcept -> std::size_t { return position_; }

private:
    enum class Phase : std::uint8_t { fixed_part, reason, line_lf };

    void check_fixed_byte(char c, std::size_t position) const;

    std::size_t position_ = 0;
    std::size_t line_end_ = 0;
    Phase phase_ = Phase::fixed_part;
};

}  // namespace gyre::http::internal
