#include "top_screen.hpp"

#include "inspect_views.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

namespace gyre::cli {

namespace {

constexpr std::size_t chart_length = 24;

auto count_text(double value) -> std::string {
    if (value < 10'000) return std::to_string(static_cast<long>(value + 0.5));
    if (value < 10'000'000) return std::to_string(static_cast<long>(value / 1000 + 0.5)) + " k";
    return std::to_string(static_cast<long>(value / 1e6 + 0.5)) + " M";
}

/// A column of eight heights for each value.
auto chart(const std::deque<double>& values) -> std::string {
    static constexpr std::array bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const double most = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    std::string text;
    for (const double value : values) {
        const auto height = most <= 0 ? 0 : static_cast<std::size_t>(value / most * (bars.size() - 1) + 0.5);
        text += bars[std::min(height, bars.size() - 1)];
    }
    return text;
}

auto lines_of(const std::string& text) -> std::vector<std::string> {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
    return lines;
}

/// The front of a text, in whole characters.
auto cut(std::string_view text, std::size_t width) -> std::string {
    std::size_t columns = 0;
    std::size_t end = 0;
    for (; end < text.size(); ++end) {
        if ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) continue;
        if (columns++ == width) break;
    }
    return std::string(text.substr(0, end));
}

auto run_of(const obs::TaskInfo& task) -> std::int64_t { return task.stats ? task.stats->process : 0; }

auto escape_sequence(std::string_view rest, std::size_t& length) -> Key {
    struct Known {
        std::string_view text;
        Key key;
    };
    static constexpr std::array<Known, 12> known = {{{"[A", Key::up}, {"[B", Key::down}, {"OA", Key::up},
        {"OB", Key::down}, {"[5~", Key::page_up}, {"[6~", Key::page_down}, {"[H", Key::home}, {"[F", Key::end},
        {"OH", Key::home}, {"OF", Key::end}, {"[1~", Key::home}, {"[4~", Key::end}}};
    for (const Known& one : known) {
        if (!rest.starts_with(one.text)) continue;
        length = one.text.size();
        return one.key;
    }
    length = 0;
    return Key::escape;
}

}  // namespace

auto take_presses(std::string& bytes) -> std::vector<Press> {
    std::vector<Press> presses;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const char byte = bytes[at++];
        if (byte == '\x1b') {
            std::size_t length = 0;
            const Key key = escape_sequence(std::string_view(bytes).substr(at), length);
            presses.push_back({key, 0});
            at += length;
            // An unknown sequence is none of our keys, nor are its letters.
            if (key == Key::escape && at < bytes.size() && (bytes[at] == '[' || bytes[at] == 'O')) {
                presses.pop_back();
                for (++at; at < bytes.size() && (bytes[at] < '@' || bytes[at] > '~'); ++at) {}
                at = std::min(at + 1, bytes.size());
            }
        } else if (byte == '\r' || byte == '\n') {
            presses.push_back({Key::enter, 0});
        } else if (byte == '\x7f' || byte == '\b') {
            presses.push_back({Key::backspace, 0});
        } else if (static_cast<unsigned char>(byte) >= 0x20) {
            presses.push_back({Key::character, byte});
        }
    }
    bytes.clear();
    return presses;
}

void TopScreen::update(const nlohmann::json& snapshot, const nlohmann::json& figures, const nlohmann::json& histograms) {
    auto now = std::make_unique<ProgramSnapshot>(snapshot);
    if (snapshot_) now->compare_with(*snapshot_);
    snapshot_ = std::move(now);
    figures_ = figures;
    histograms_ = histograms;
    error_.clear();
    read_rates(figures);
}

void TopScreen::read_rates(const nlohmann::json& figures) {
    Rates now;
    now.at = figures.at("uptime_ns").get<std::int64_t>();
    for (const auto& loop : figures.at("loops")) {
        if (!loop.value("is_read", true)) return;  // zeros, which would look like a new start
        now.turns += loop.at("turns").get<std::uint64_t>();
        now.slices += loop.at("slices").get<std::uint64_t>();
    }
    const double seconds = static_cast<double>(now.at - last_.at) / 1e9;
    if (seconds > 0 && now.turns >= last_.turns && now.slices >= last_.slices) {
        turn_rate_ = static_cast<double>(now.turns - last_.turns) / seconds;
        slice_rate_ = static_cast<double>(now.slices - last_.slices) / seconds;
        slice_rates_.push_back(slice_rate_);
        if (slice_rates_.size() > chart_length) slice_rates_.pop_front();
    }
    last_ = now;
}

auto TopScreen::head(std::size_t width) const -> std::vector<std::string> {
    std::vector<std::string> lines;
    std::string first = title_;
    if (snapshot_) first += ", up " + time_text(snapshot_->uptime());
    if (timing() == "exact") first += ", timing exact";
    if (paused_) first += "   PAUSED: space goes on";
    lines.push_back(first);
    if (!snapshot_) return lines;
    std::size_t tasks = 0, ready = 0, timers = 0, in_flight = 0, errors = 0;
    std::string backends;
    for (const auto& loop : figures_.at("loops")) {
        tasks += loop.at("task_count").get<std::size_t>();
        ready += loop.at("ready").get<std::size_t>();
        timers += loop.at("timers").get<std::size_t>();
        in_flight += loop.at("in_flight").get<std::size_t>();
        errors += loop.at("unreceived_errors").get<std::size_t>();
        // A loop that could not be read does not say it.
        if (const auto backend = loop.value("backend", ""); !backend.empty()) backends = " (" + harmless(backend) + ")";
    }
    const auto loops = figures_.at("loops").size();
    lines.push_back(std::to_string(loops) + (loops == 1 ? " loop" : " loops") + backends + "  " +
                    std::to_string(tasks) + " tasks  " + std::to_string(ready) + " ready  " + std::to_string(timers) +
                    " timers  " + std::to_string(in_flight) + " in flight" +
                    (errors > 0 ? "  " + std::to_string(errors) + " errors not received" : ""));
    if (const std::string cut_off = not_all(); !cut_off.empty())
        lines.push_back(cut_off + ": gyre ps and gyre tree show all");
    lines.push_back(
        count_text(turn_rate_) + " turns/s  " + count_text(slice_rate_) + " slices/s  " + chart(slice_rates_));
    for (const auto& [name, of] : figures_.at("loops").at(0).items()) {
        if (!of.is_object() || !of.contains("p50") || name.starts_with("io_") ||
            of.at("count").get<std::uint64_t>() == 0)
            continue;
        const auto part = [&figure = of](const char* which) {
            return right_aligned(time_text(Duration(figure.at(which).get<std::int64_t>())), 8);
        };
        lines.push_back(left_aligned(harmless(name), 6) + " half" + part("p50") + "  90 %" + part("p90") + "  99 %" +
                        part("p99") + "  longest" + part("longest") + (loops > 1 ? "  (loop 0)" : ""));
    }
    for (const obs::Snapshot& loop : snapshot_->loops()) {
        if (!loop.blocked_for) {
            if (!loop.is_read)
                lines.push_back("LOOP " + std::to_string(loop.loop) +
                                " COULD NOT BE READ: nobody runs it, or its thread gets no core");
            continue;
        }
        std::string line = "LOOP " + std::to_string(loop.loop) + " DOES NOT ANSWER: its turn lasts " +
                           time_text(*loop.blocked_for);
        for (const obs::TaskInfo& task : loop.tasks) {
            if (task.state == obs::TaskState::running)
                line += ", in " + task_title(task) + " at " + place_text(innermost_place(task));
        }
        lines.push_back(line);
    }
    for (std::string& line : lines) line = cut(line, width);
    return lines;
}

auto TopScreen::not_all() const -> std::string {
    if (!snapshot_) return {};
    std::size_t listed = 0, all = 0;
    for (const obs::Snapshot& loop : snapshot_->loops()) {
        listed += loop.tasks.size();
        all += loop.task_count;
    }
    if (listed >= all) return {};
    return "only " + std::to_string(listed) + " of " + std::to_string(all) + " tasks are looked at";
}

auto TopScreen::timing() const -> std::string {
    const auto loops = figures_.find("loops");
    return loops == figures_.end() || loops->empty() ? std::string() : harmless(loops->at(0).value("timing", ""));
}

auto TopScreen::take_switch() -> std::string { return std::exchange(wanted_timing_, {}); }

auto TopScreen::rows() const -> std::vector<const obs::TaskInfo*> {
    std::vector<const obs::TaskInfo*> all;
    if (!snapshot_) return all;
    std::vector<std::pair<const obs::TaskInfo*, std::size_t>> found;  // and where: equals stay in order
    for (const obs::Snapshot& loop : snapshot_->loops()) {
        for (const obs::TaskInfo& task : loop.tasks) {
            const bool fits = filter_.empty() || task_title(task).find(filter_) != std::string::npos ||
                              doing_text(task).find(filter_) != std::string::npos ||
                              place_text(innermost_place(task)).find(filter_) != std::string::npos;
            if (fits) found.emplace_back(&task, found.size());
        }
    }
    const auto before = [this](const obs::TaskInfo* left, const obs::TaskInfo* right) {
        switch (column_) {
        case Column::name:
            return task_title(*left) < task_title(*right);
        case Column::state:
            return left->state < right->state;
        case Column::age:
            return left->age.value_or(Duration::zero()) > right->age.value_or(Duration::zero());
        case Column::run:
            return run_of(*left) > run_of(*right);
        case Column::wait:
            return doing_text(*left) < doing_text(*right);
        }
        return false;
    };
    std::sort(found.begin(), found.end(), [&](const auto& left, const auto& right) {
        if (before(left.first, right.first)) return true;
        return !before(right.first, left.first) && left.second < right.second;
    });
    for (const auto& [task, index] : found) all.push_back(task);
    if (reversed_) std::reverse(all.begin(), all.end());
    return all;
}

auto TopScreen::task_lines(std::size_t width, std::size_t height) -> std::vector<std::string> {
    const auto all = rows();
    list_height_ = height > 1 ? height - 1 : 1;
    const auto found = std::find_if(all.begin(), all.end(), [this](const auto* task) { return task->id == selected_; });
    if (found != all.end()) selected_row_ = static_cast<std::size_t>(found - all.begin());
    selected_row_ = all.empty() ? 0 : std::min(selected_row_, all.size() - 1);
    selected_ = all.empty() ? 0 : all[selected_row_]->id;
    first_line_ = std::min(first_line_, selected_row_);
    if (selected_row_ >= first_line_ + list_height_) first_line_ = selected_row_ + 1 - list_height_;
    const std::size_t name_width = std::clamp<std::size_t>(width / 3, 16, 40);
    const auto title = [this](Column column, std::string_view text) {
        return std::string(text) + (column_ == column ? (reversed_ ? "^" : "v") : " ");
    };
    std::vector<std::string> lines;
    lines.push_back(left_aligned("  " + title(Column::name, "TASK (n)"), name_width + 2) + " " +
                    left_aligned(title(Column::state, "(s)TATE"), 8) + right_aligned(title(Column::age, "(a)GE"), 10) +
                    right_aligned(title(Column::run, "(r)AN"), 10) + "  " + title(Column::wait, "(w)AITS ON, AT"));
    for (std::size_t row = first_line_; row < all.size() && lines.size() < height; ++row) {
        const obs::TaskInfo& task = *all[row];
        const std::string name = task.name.empty() ? place_text(task.spawned) : task.name;
        const std::string state = task.cancelled ? "CANCEL" : std::string(to_string(task.state));
        const std::string wait = (task.stack.wait ? doing_text(task) + ", " : std::string()) +
                                 place_text(innermost_place(task));
        lines.push_back(left_aligned((row == selected_row_ ? "> " : "  ") + shortened(name, name_width), name_width + 2) +
                        " " + left_aligned(state, 8) + right_aligned(task.age ? time_text(*task.age) : "-", 10) +
                        right_aligned(task.stats ? time_text(Duration(task.stats->process)) : "-", 10) + "  " + wait);
    }
    if (all.empty()) lines.push_back(filter_.empty() ? "  no task" : "  no task fits '" + filter_ + "'");
    if (all.empty() && !not_all().empty()) lines.push_back("  " + not_all());
    return lines;
}

auto TopScreen::detail_lines() const -> std::vector<std::string> {
    const obs::TaskInfo* task = snapshot_ ? snapshot_->find(selected_) : nullptr;
    if (task == nullptr) return {"the task has ended"};
    auto lines = lines_of(reason_text(*snapshot_, *task));
    if (task->stats) {
        const auto& stats = *task->stats;
        lines.push_back("");
        lines.push_back("ran " + time_text(Duration(stats.process)) + " in " + std::to_string(stats.resumes) +
                        " slices, was ready " + time_text(Duration(stats.delay)) + ", waited " +
                        time_text(Duration(stats.wait)));
    }
    lines.push_back("");
    lines.push_back("number " + std::to_string(task->id) + ", spawned at " + place_text(task->spawned));
    return lines;
}

auto TopScreen::histogram_lines(std::size_t width) const -> std::vector<std::string> {
    std::map<std::string, std::map<int, std::uint64_t>> all;  // by name, by power of two
    for (const auto& loop : histograms_.value("loops", nlohmann::json::array())) {
        for (const auto& of : loop.at("histograms")) {
            for (const auto& bucket : of.at("buckets")) {
                int power = 0;
                while ((std::int64_t{1} << power) <= bucket.at("upto_ns").get<std::int64_t>()) ++power;
                all[harmless(of.at("name").get<std::string>())][power] += bucket.at("count").get<std::uint64_t>();
            }
        }
    }
    std::vector<std::string> lines;
    for (const auto& [name, buckets] : all) {
        if (buckets.empty()) continue;
        lines.push_back(name);
        std::uint64_t most = 1;
        for (const auto& [power, count] : buckets) most = std::max(most, count);
        for (const auto& [power, count] : buckets) {
            const std::size_t room = width > 34 ? width - 34 : 1;
            const auto length = static_cast<std::size_t>(
                static_cast<double>(count) / static_cast<double>(most) * static_cast<double>(room));
            lines.push_back("  below " + right_aligned(time_text(Duration(std::int64_t{1} << power)), 8) +
                            right_aligned(std::to_string(count), 12) + "  " +
                            std::string(std::max<std::size_t>(length, 1), '#'));
        }
    }
    if (lines.empty()) lines.emplace_back("the program measures nothing: its RunOptions::timing is off");
    return lines;
}

auto TopScreen::help_lines() -> std::vector<std::string> {
    return {"up, down, page up, page down, home, end: choose a task     enter: all about it",
        "n s a r w: sort by name, state, age, what it ran, what it waits on; again: the other way round",
        "/: show only what has a text in its name, wait or place; escape: show all again",
        "t: the program measures each task (Timing::exact), and what it ran is known; again: it samples",
        "h: histograms     space: stand still     ?: this     q: leave"};
}

auto TopScreen::lines(std::size_t width, std::size_t height) -> std::vector<std::string> {
    auto lines = head(width);
    std::string foot = "q quit  / search  enter details  h histograms  space pause  ? help";
    if (!filter_.empty()) foot = "only '" + filter_ + "': escape shows all    " + foot;
    if (searching_) foot = "search: " + filter_ + "_";
    if (!error_.empty()) foot = error_;
    const std::size_t room = height > lines.size() + 2 ? height - lines.size() - 2 : 1;
    lines.emplace_back();
    std::vector<std::string> body;
    switch (view_) {
    case View::tasks:
        body = task_lines(width, room);
        break;
    case View::details:
        body = detail_lines();
        break;
    case View::histograms:
        body = histogram_lines(width);
        break;
    case View::help:
        body = help_lines();
        break;
    }
    std::size_t first = 0;
    if (view_ == View::details || view_ == View::histograms) {
        first_line_ = std::min(first_line_, body.size() > room ? body.size() - room : 0);
        first = first_line_;
    }
    for (std::size_t i = first; i < body.size() && i < first + room; ++i) lines.push_back(cut(body[i], width));
    lines.resize(height > 0 ? height - 1 : 0);
    lines.push_back(cut(foot, width));
    return lines;
}

void TopScreen::move(std::ptrdiff_t by) {
    if (view_ != View::tasks) {
        const auto line = static_cast<std::ptrdiff_t>(first_line_) + by;
        first_line_ = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, line));
        return;
    }
    const auto all = rows();
    if (all.empty()) return;
    const auto row = static_cast<std::ptrdiff_t>(selected_row_) + by;
    selected_row_ = static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(row, 0, static_cast<std::ptrdiff_t>(all.size()) - 1));
    selected_ = all[selected_row_]->id;
}

void TopScreen::press_in_search(const Press& press) {
    constexpr std::size_t longest = 60;
    if (press.key == Key::enter || press.key == Key::escape) searching_ = false;
    if (press.key == Key::escape) filter_.clear();
    if (press.key == Key::backspace && !filter_.empty()) filter_.pop_back();
    if (press.key == Key::character && filter_.size() < longest) filter_ += press.character;
}

auto TopScreen::press(const Press& press) -> bool {
    if (searching_) {
        press_in_search(press);
        return true;
    }
    constexpr std::ptrdiff_t far = 1'000'000'000;
    const auto page = static_cast<std::ptrdiff_t>(list_height_);
    switch (press.key) {
    case Key::up:
        move(-1);
        return true;
    case Key::down:
        move(1);
        return true;
    case Key::page_up:
        move(-page);
        return true;
    case Key::page_down:
        move(page);
        return true;
    case Key::home:
        move(-far);
        return true;
    case Key::end:
        move(far);
        return true;
    case Key::enter:
        view_ = view_ == View::tasks ? View::details : View::tasks;
        first_line_ = 0;
        return true;
    case Key::escape:
    case Key::backspace:
        if (view_ == View::tasks) filter_.clear();
        view_ = View::tasks;
        first_line_ = 0;
        return true;
    case Key::character:
        return press_letter(press.character);
    }
    return true;
}

auto TopScreen::press_letter(char letter) -> bool {
    const auto show = [this](View view) {
        view_ = view_ == view ? View::tasks : view;
        first_line_ = 0;
    };
    const auto sort = [this](Column column) {
        reversed_ = column_ == column && !reversed_;
        column_ = column;
    };
    switch (letter) {
    case 'q':
        if (view_ == View::tasks) return false;
        show(view_);
        break;
    case 'j':
        move(1);
        break;
    case 'k':
        move(-1);
        break;
    case 'n':
        sort(Column::name);
        break;
    case 's':
        sort(Column::state);
        break;
    case 'a':
        sort(Column::age);
        break;
    case 'r':
        sort(Column::run);
        break;
    case 'w':
        sort(Column::wait);
        break;
    case 'h':
        show(View::histograms);
        break;
    case '?':
        show(View::help);
        break;
    case 't':
        wanted_timing_ = timing() == "exact" ? "sampled" : "exact";
        break;
    case ' ':
        paused_ = !paused_;
        break;
    case '/':
        view_ = View::tasks;
        searching_ = true;
        filter_.clear();
        break;
    default:
        break;
    }
    return true;
}

}  // namespace gyre::cli
