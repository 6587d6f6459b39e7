#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <termios.h>

namespace gyre::cli {

/// The whole of the terminal, as long as this lives: a screen of its own, keys as they are pressed, no cursor. What was there
/// comes back at the end.
class Terminal {
public:
    /// @throws std::runtime_error if standard input and output are no terminal.
    Terminal();
    Terminal(const Terminal&) = delete;
    auto operator=(const Terminal&) -> Terminal& = delete;
    ~Terminal();

    [[nodiscard]] auto width() const -> std::size_t;
    [[nodiscard]] auto height() const -> std::size_t;
    /// Shows these lines, from the top.
    void draw(const std::vector<std::string>& lines);
    /// What was typed and not taken yet. Does not wait. @return false if there is nobody to type any more.
    [[nodiscard]] auto read(std::string& bytes) -> bool;

private:
    termios before_{};
};

}  // namespace gyre::cli
