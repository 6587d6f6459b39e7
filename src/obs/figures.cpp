#include <gyre/obs/figures.hpp>

#include "obs/program_loops.hpp"
#include "obs/recent_stalls.hpp"
#include "obs/task_reader.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <sstream>

namespace gyre::obs {

namespace {

constexpr int first_power = 10;  // of a bucket's upper end, in ns: a microsecond
constexpr int last_power = 34;   // 17 s

auto seconds(double nanoseconds) -> std::string {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.9g", nanoseconds / 1e9);
    return text.data();
}

class MetricsWriter {
public:
    MetricsWriter(std::ostream& out, std::span<const LoopFigures> all) : out_(out), all_(all) {}

    void write() {
        each("gyre_tasks", "gauge", "Tasks that live.", [](const LoopFigures& of) { return of.task_count; });
        each("gyre_ready", "gauge", "Entries of the ready queue.", [](const LoopFigures& of) { return of.ready; });
        each("gyre_timers", "gauge", "Timers that are armed.", [](const LoopFigures& of) { return of.timers; });
        each("gyre_operations_in_flight", "gauge", "Operations that the kernel has.",
            [](const LoopFigures& of) { return of.in_flight; });
        each("gyre_loop_turns_total", "counter", "Turns of the loop.", [](const LoopFigures& of) { return of.turns; });
        each("gyre_slices_total", "counter", "Slices of tasks, and callbacks.",
            [](const LoopFigures& of) { return of.slices; });
        each("gyre_unreceived_errors_total", "counter", "Errors that nobody received.",
            [](const LoopFigures& of) { return of.unreceived_errors; });
        blocked();
        cancellations();
        stalls();
        histogram("turn", "gyre_loop_turn_seconds", "Turns of the loop, of which one in 16 is measured.");
        histogram("slice", "gyre_task_run_seconds", "What tasks do between two waits.");
        histogram("delay", "gyre_task_queue_seconds", "From the wake-up of a task to its turn.");
        for (const std::string& name : others()) {
            histogram(name, "gyre_" + name + "_seconds", "How long it took: " + name + ".");
        }
    }

private:
    void head(std::string_view name, const char* type, std::string_view help) {
        out_ << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
    }

    /// Of a loop that was not read there is no number: none is not 0, which would look like a new start.
    template<class F>
    void each(std::string_view name, const char* type, std::string_view help, F value) {
        head(name, type, help);
        for (const LoopFigures& of : all_) {
            if (of.is_read) out_ << name << "{loop=\"" << of.loop << "\"} " << value(of) << '\n';
        }
    }

    void blocked() {
        head("gyre_loop_blocked", "gauge", "1 if the loop did not answer when it was asked for these numbers.");
        for (const LoopFigures& of : all_) {
            if (!of.is_read && !of.blocked_for) continue;  // nobody runs it
            out_ << "gyre_loop_blocked{loop=\"" << of.loop << "\"} " << (of.blocked_for ? 1 : 0) << '\n';
        }
    }

    void cancellations() {
        head("gyre_cancel_total", "counter", "What was cancelled and has ended.");
        each_cause("gyre_cancel_total", [](const CancelCount& of) { return std::to_string(of.count); });
        head("gyre_cancel_latency_seconds", "summary", "From a cancellation to the end of what was cancelled.");
        const auto total = [](const CancelCount& of) { return seconds(static_cast<double>(of.total.count())); };
        each_cause("gyre_cancel_latency_seconds_sum", total);
        each_cause("gyre_cancel_latency_seconds_count", [](const CancelCount& of) { return std::to_string(of.count); });
    }

    template<class F>
    void each_cause(std::string_view name, F value) {
        for (const LoopFigures& of : all_) {
            for (std::size_t i = 0; of.is_read && i < of.cancelled.size(); ++i) {
                out_ << name << "{loop=\"" << of.loop << "\",cause=\"" << to_string(static_cast<CancelKind>(i))
                     << "\"} " << value(of.cancelled[i]) << '\n';
            }
        }
    }

    void stalls() {
        head("gyre_stalls_total", "counter", "Stalls that were reported, with RunOptions::stall_limit.");
        const auto counts = stall_counts();
        for (std::size_t i = 0; i < counts.size(); ++i) {
            out_ << "gyre_stalls_total{cause=\"" << to_string(static_cast<StallCause>(i)) << "\"} " << counts[i] << '\n';
        }
    }

    void histogram(const std::string& which, std::string_view name, std::string_view help) {
        head(name, "histogram", help);
        for (const LoopFigures& of : all_) {
            for (const NamedHistogram& one : of.histograms) {
                if (one.name == which) buckets(name, of.loop, one.histogram);
            }
        }
    }

    void buckets(std::string_view name, std::size_t loop, const Histogram& of) {
        const std::string label = "loop=\"" + std::to_string(loop) + "\"";
        for (int power = first_power; power <= last_power; power += 2) {
            const Duration end(std::int64_t{1} << power);
            std::uint64_t below = 0;
            of.for_each_bucket([&](Duration upper, std::uint64_t count) { below += upper < end ? count : 0; });
            out_ << name << "_bucket{" << label << ",le=\"" << seconds(static_cast<double>(end.count())) << "\"} "
                 << below << '\n';
        }
        out_ << name << "_bucket{" << label << ",le=\"+Inf\"} " << of.count() << '\n'
             << name << "_sum{" << label << "} " << seconds(static_cast<double>(of.total().count())) << '\n'
             << name << "_count{" << label << "} " << of.count() << '\n';
    }

    /// The names of histograms that have no metric of their own above.
    [[nodiscard]] auto others() const -> std::vector<std::string> {
        std::vector<std::string> names;
        for (const LoopFigures& of : all_) {
            for (const NamedHistogram& one : of.histograms) {
                const bool has_own = one.name == "turn" || one.name == "slice" || one.name == "delay";
                if (!has_own && std::find(names.begin(), names.end(), one.name) == names.end()) {
                    names.emplace_back(one.name);
                }
            }
        }
        return names;
    }

    std::ostream& out_;
    std::span<const LoopFigures> all_;
};

}  // namespace

auto figures(EventLoop& loop) -> LoopFigures {
    loop.check_thread("obs::figures");
    LoopHead head;
    head.read(loop);
    return figures_of(head);
}

void write_metrics(std::ostream& out, std::span<const LoopFigures> all) { MetricsWriter(out, all).write(); }

auto metrics_text() -> Task<std::string> {
    const auto all = co_await figures_of_run();
    std::ostringstream out;
    write_metrics(out, all);
    co_return out.str();
}

}  // namespace gyre::obs
