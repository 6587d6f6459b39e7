#include "report.hpp"

#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace gyre::cli {

namespace {

constexpr std::size_t most_rows = 50;
constexpr std::size_t column = 9;

auto state_text(const Download& download) -> std::string {
    switch (download.state) {
    case Download::State::done:
        return std::to_string(download.status);
    case Download::State::failed:
        return download.status >= 400 ? std::to_string(download.status) : "error";
    case Download::State::running:
    case Download::State::cancelled:
        return "cut";
    case Download::State::waiting:
        break;
    }
    return "-";
}

auto cell(std::int64_t nanoseconds) -> std::string {
    return " " + right_aligned(time_text(Duration(nanoseconds)), column);
}

auto figures_text(const TaskStats& figures) -> std::string {
    return cell(figures.init) + cell(figures.queue()) + cell(figures.first_delay) + cell(figures.process) +
           cell(figures.exec()) + cell(figures.wait);
}

auto row_text(const Download& download, Time end, std::size_t url_width) -> std::string {
    const bool begun = download.state != Download::State::waiting;
    return left_aligned(state_text(download), 6) + right_aligned(size_text(download.bytes), 10) +
           (begun ? cell(download.elapsed(end).count()) + figures_text(download.figures)
                  : std::string(7 * (column + 1), ' ')) +
           "  " + shortened(harmless(download.url), url_width) + "\n";
}

/// Failures first, then the slowest: what somebody wants to see when there are too many.
auto rows_to_show(const Progress& progress, bool every_row) -> std::vector<std::size_t> {
    std::vector<std::size_t> rows(progress.downloads.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    if (every_row || rows.size() <= most_rows) return rows;
    std::sort(rows.begin(), rows.end(), [&](std::size_t left, std::size_t right) {
        const Download& a = progress.downloads[left];
        const Download& b = progress.downloads[right];
        const bool a_failed = a.state == Download::State::failed;
        const bool b_failed = b.state == Download::State::failed;
        if (a_failed != b_failed) return a_failed;
        const Duration a_time = a.elapsed(progress.ended);
        const Duration b_time = b.elapsed(progress.ended);
        return a_time != b_time ? a_time > b_time : left < right;
    });
    rows.resize(most_rows);
    return rows;
}

auto totals_text(const Progress& progress) -> std::string {
    const Duration elapsed = progress.ended - progress.started;
    const double seconds = std::max(1e-9, static_cast<double>(elapsed.count()) / 1e9);
    TaskStats sum;
    for (const Download& download : progress.downloads) {
        sum.init += download.figures.init;
        sum.delay += download.figures.delay;
        sum.first_delay += download.figures.first_delay;
        sum.process += download.figures.process;
        sum.wait += download.figures.wait;
    }
    std::string text = progress.interrupted ? "interrupted: " : "";
    text += std::to_string(progress.done) + " of " + std::to_string(progress.downloads.size()) + " done, " +
            std::to_string(progress.failed) + " failed, " + size_text(progress.bytes) + " in " + time_text(elapsed) +
            " (" + size_text(static_cast<std::uint64_t>(static_cast<double>(progress.bytes) / seconds)) + "/s)\n";
    text += "at most " + std::to_string(progress.peak_running) + " at a time over " +
            std::to_string(progress.connections_opened) + " connections, used again " +
            std::to_string(progress.connections_reused) + " times\n";
    text += "all tasks: T_init " + time_text(Duration(sum.init)) + ", D_total " + time_text(Duration(sum.delay)) +
            ", T_process " + time_text(Duration(sum.process)) + ", T_wait " + time_text(Duration(sum.wait)) +
            " (together " + time_text(Duration(sum.lifetime())) + ")\n";
    return text;
}

auto figures_json(const TaskStats& figures) -> nlohmann::ordered_json {
    return {{"T_init", figures.init}, {"T_queue", figures.queue()}, {"D_schedule", figures.first_delay},
        {"D_total", figures.delay}, {"T_process", figures.process}, {"T_task", figures.task()},
        {"E_exec", figures.exec()}, {"T_wait", figures.wait}, {"resumes", figures.resumes}};
}

auto seconds_of(Duration length) -> double { return static_cast<double>(length.count()) / 1e9; }

auto state_name(Download::State state) -> const char* {
    static constexpr std::array names = {"waiting", "running", "done", "failed", "cancelled"};
    return names[static_cast<std::size_t>(state)];
}

}  // namespace

auto table_text(const Progress& progress, std::size_t width, bool every_row) -> std::string {
    constexpr std::array headings = {"time", "T_init", "T_queue", "D_sched", "T_process", "E_exec", "T_wait"};
    std::string text = left_aligned("status", 6) + right_aligned("bytes", 10);
    for (const char* heading : headings) text += " " + right_aligned(heading, column);
    text += "  URL\n";
    const std::size_t used = 16 + headings.size() * (column + 1) + 2;
    const std::size_t url_width = width > used + 16 ? width - used - 1 : 16;
    const auto rows = rows_to_show(progress, every_row);
    for (const std::size_t row : rows) text += row_text(progress.downloads[row], progress.ended, url_width);
    if (rows.size() < progress.downloads.size()) {
        text += "... and " + std::to_string(progress.downloads.size() - rows.size()) +
                " more (failures and the slowest are shown; --all shows every one)\n";
    }
    return text + totals_text(progress);
}

auto json_text(const Progress& progress) -> std::string {
    nlohmann::ordered_json urls = nlohmann::ordered_json::array();
    for (const Download& download : progress.downloads) {
        nlohmann::ordered_json row = {{"url", download.url}, {"state", state_name(download.state)},
            {"status", download.status}, {"bytes", download.bytes},
            {"seconds", seconds_of(download.elapsed(progress.ended))}, {"attempts", download.attempts}};
        if (!download.file.empty()) row["file"] = download.file;
        if (!download.error.empty()) row["error"] = download.error;
        row["figures_ns"] = figures_json(download.figures);
        urls.push_back(std::move(row));
    }
    const nlohmann::ordered_json document = {{"urls", std::move(urls)},
        {"totals",
            {{"done", progress.done}, {"failed", progress.failed}, {"urls", progress.downloads.size()},
                {"bytes", progress.bytes}, {"seconds", seconds_of(progress.ended - progress.started)},
                {"concurrency_reached", progress.peak_running}, {"connections_opened", progress.connections_opened},
                {"connections_reused", progress.connections_reused}, {"interrupted", progress.interrupted}}}};
    // A URL may hold bytes that are no UTF-8.
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace gyre::cli
