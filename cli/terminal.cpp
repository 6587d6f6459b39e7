#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace gyre::cli {

namespace {

void put(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

auto size_of_terminal() -> winsize {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size.ws_col = 80;
        size.ws_row = 24;
    }
    return size;
}

}  // namespace

Terminal::Terminal() {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
        throw std::runtime_error("top needs a terminal; --once prints one screen to whatever there is");
    }
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) throw std::system_error(errno, std::generic_category(), "tcgetattr");
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;  // a read takes what is there
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // the shell would get a screen that is not its own
    if (::tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
        throw std::system_error(errno, std::generic_category(), "tcsetattr");
    put("\x1b[?1049h\x1b[?25l\x1b[2J");
}

Terminal::~Terminal() {
    put("\x1b[?25h\x1b[?1049l");
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

auto Terminal::width() const -> std::size_t { return size_of_terminal().ws_col; }
auto Terminal::height() const -> std::size_t { return size_of_terminal().ws_row; }

void Terminal::draw(const std::vector<std::string>& lines) {
    std::string text = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool is_bar = lines[i].starts_with("> ") || i + 1 == lines.size();
        if (i > 0) text += "\r\n";
        text += (is_bar ? "\x1b[7m" : "") + lines[i] + (is_bar ? "\x1b[0m" : "") + "\x1b[K";
    }
    put(text + "\x1b[J");
}

auto Terminal::read(std::string& bytes) -> bool {
    std::array<char, 256> buffer{};
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

}  // namespace gyre::cli
