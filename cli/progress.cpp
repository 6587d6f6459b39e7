#include "progress.hpp"

#include "text.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace gyre::cli {

namespace {

constexpr std::size_t most_slow_lines = 4;
constexpr std::size_t bar_width = 28;

void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

auto bar(double part) -> std::string {
    const auto filled = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * bar_width + 0.5);
    return "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "]";
}

auto line_of(const Download& download) -> std::string {
    return right_aligned(std::to_string(download.status), 3) + "  " + right_aligned(size_text(download.bytes), 9) +
           "  " + right_aligned(time_text(download.ended - download.started), 8) + "  " + harmless(download.url) + "\n";
}

}  // namespace

auto terminal_width(int descriptor) -> std::size_t {
    constexpr std::size_t unlimited = 100'000;
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
    return unlimited;
}

auto display_mode(bool json) -> ProgressDisplay::Mode {
    if (json) return ProgressDisplay::Mode::errors;
    const char* terminal = std::getenv("TERM");
    const bool able = terminal != nullptr && std::string_view(terminal) != "dumb" && ::isatty(STDERR_FILENO) == 1;
    return able ? ProgressDisplay::Mode::live : ProgressDisplay::Mode::lines;
}

ProgressDisplay::ProgressDisplay(const Progress& progress, Mode mode) : progress_(progress), mode_(mode) {}

ProgressDisplay::~ProgressDisplay() { wipe(); }

void ProgressDisplay::finished(const Progress& progress, const Download& download) {
    static_cast<void>(progress);
    if (download.state == Download::State::failed) {
        wipe();
        put("gyre: " + harmless(download.error) + "\n");
    } else if (mode_ == Mode::lines) {
        put(line_of(download));
    }
}

auto ProgressDisplay::run() -> Task<void> {
    if (mode_ != Mode::live) co_return;
    last_drawn_ = this_loop().now();
    for (;;) {
        co_await sleep(std::chrono::milliseconds(100));
        draw();
    }
}

void ProgressDisplay::wipe() {
    if (drawn_lines_ == 0) return;
    std::string text = "\r";
    for (std::size_t i = 1; i < drawn_lines_; ++i) text += "\x1b[A";
    put(text + "\x1b[J");
    drawn_lines_ = 0;
}

void ProgressDisplay::draw() {
    const Time now = this_loop().now();
    const double seconds = static_cast<double>((now - last_drawn_).count()) / 1e9;
    if (seconds > 0) {
        const auto moved = static_cast<double>(progress_.bytes) - static_cast<double>(last_bytes_);
        const double fresh = std::max(0.0, moved / seconds);
        rate_ = rate_ == 0 ? fresh : rate_ * 0.8 + fresh * 0.2;
    }
    last_bytes_ = progress_.bytes;
    last_drawn_ = now;
    wipe();
    const std::size_t width = terminal_width(STDERR_FILENO) - 1;
    const std::string text = summary_line(width) + slowest_lines(width);
    drawn_lines_ = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    put(text);
}

auto ProgressDisplay::summary_line(std::size_t width) const -> std::string {
    const std::size_t total = progress_.downloads.size();
    // By files; a file that runs counts as far as its announced length tells.
    double part = static_cast<double>(progress_.finished());
    for (const Download& download : progress_.downloads) {
        if (download.state != Download::State::running || !download.expected || *download.expected == 0) continue;
        part += static_cast<double>(download.bytes) / static_cast<double>(*download.expected);
    }
    part = total == 0 ? 1 : part / static_cast<double>(total);
    const Duration elapsed = last_drawn_ - progress_.started;
    std::string text = bar(part) + " " + std::to_string(progress_.finished()) + "/" + std::to_string(total);
    if (progress_.failed > 0) text += " (" + std::to_string(progress_.failed) + " failed)";
    text += "  " + size_text(progress_.bytes) + "  " + size_text(static_cast<std::uint64_t>(rate_)) + "/s";
    if (part > 0.01 && part < 1) {
        const auto left = static_cast<double>(elapsed.count()) * (1 - part) / part;
        text += "  ETA " + time_text(Duration(static_cast<std::int64_t>(left)));
    }
    return shortened(text, width);
}

auto ProgressDisplay::slowest_lines(std::size_t width) const -> std::string {
    std::vector<const Download*> running;
    for (const Download& download : progress_.downloads) {
        if (download.state == Download::State::running) running.push_back(&download);
    }
    const std::size_t shown = std::min(running.size(), most_slow_lines);
    std::partial_sort(running.begin(), running.begin() + static_cast<std::ptrdiff_t>(shown), running.end(),
        [](const Download* left, const Download* right) { return left->started < right->started; });
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        const Download& download = *running[i];
        std::string line = "  " + right_aligned(time_text(download.elapsed(last_drawn_)), 8) + "  " +
                           right_aligned(size_text(download.bytes), 9);
        line += download.expected ? " of " + left_aligned(size_text(*download.expected), 9) : std::string(13, ' ');
        const std::size_t room = width > line.size() + 2 ? width - line.size() - 2 : 10;
        text += "\n" + shortened(line + "  " + shortened(harmless(download.url), room), width);
    }
    return text;
}

}  // namespace gyre::cli
