#include <gyre/obs/recorder.hpp>

#include "core/tape.hpp"
#include "obs/read_tape.hpp"
#include "obs/triggers.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>

#include <bit>
#include <stdexcept>
#include <string>
#include <utility>

namespace gyre::obs {

namespace {

using internal::Tape;

constexpr std::size_t fewest_bytes = 64U << 10;
constexpr std::size_t most_bytes = 1U << 30;
constexpr Duration window = std::chrono::seconds(1);
constexpr std::uint64_t fewest_measured = 100;  // so that one in a hundred is one at least

/// Looks at what the loop measures, and stops the recorders of the run when it is too long.
class Triggers final : public Tape::Listener {
public:
    Triggers(EventLoop& loop, const RecorderOptions& options) noexcept : loop_(loop), options_(options) {}

    void deadlock_found(std::string_view text) noexcept override {
        if (options_.stop_on_deadlock) pull(text);
    }
    void measured(const internal::LoopHistograms& histograms) noexcept override {
        if (options_.turn_limit <= Duration::zero() && options_.delay_limit <= Duration::zero()) return;
        check(turn_, histograms.turn, options_.turn_limit, "a turn of the loop");
        // `on_trigger` may have switched them off.
        const auto& still = loop_.scheduler().histograms;
        if (still != nullptr) check(delay_, still->delay, options_.delay_limit, "the delay of a task");
    }

private:
    /// What there was at the begin of the window.
    struct Past {
        Histogram histogram;
        Time end{};
    };

    void check(Past& past, const Histogram& now, Duration limit, const char* what) noexcept {
        if (limit <= Duration::zero()) return;
        const Time time = loop_.scheduler().stamp;
        if (past.end == Time{} ||
            now.count() < past.histogram.count()) {  // the first time, or it was switched off and on
            past = {now, time + window};
            return;
        }
        if (time < past.end) return;
        const Histogram recent = now.since(past.histogram);
        if (recent.count() < fewest_measured) return;
        past = {now, time + window};
        const Duration p99 = recent.quantile(0.99);
        if (p99 <= limit) return;
        try {
            pull(std::string("one in a hundred times ") + what + " took " + internal::duration_text(p99) +
                 " or more, the limit is " + internal::duration_text(limit));
        } catch (...) {  // no memory for the words
            pull(what);
        }
    }
    void pull(std::string_view reason) noexcept {
        try {
            trigger_recorder(loop_, reason);
        } catch (...) {  // no memory for a recording: it stays in the loops, stopped
        }
    }

    EventLoop& loop_;
    RecorderOptions options_;
    Past turn_;
    Past delay_;
};

void check_options(const RecorderOptions& options) {
    if (options.bytes < fewest_bytes || options.bytes > most_bytes) {
        throw std::invalid_argument("recorder: " + std::to_string(options.bytes) + " bytes for each loop: from " +
                                    std::to_string(fewest_bytes) + " to " + std::to_string(most_bytes) +
                                    " are possible");
    }
    if (options.turn_limit < Duration::zero() || options.delay_limit < Duration::zero()) {
        throw std::invalid_argument("recorder: a limit is negative");
    }
}

/// Whether this thread may do something with a loop itself. Between two runs a loop may begin to run or close at any moment: then
/// only its own thread may, or one without a loop, which has to be that.
auto may_touch(const EventLoop& loop) -> bool {
    const EventLoop* here = gyre::internal::current_loop();
    return !loop.runs_elsewhere() && (here == nullptr || here == &loop);
}

/// Does something with a loop on its own thread. @throws LoopError: it is closed.
template<class F>
void on_loop(EventLoop& loop, F function) {
    if (may_touch(loop)) return function();
    loop.post(std::move(function));
}

/// What a trigger looks at has to be measured.
void measure_for(EventLoop& loop, const RecorderOptions& options) {
    if (options.delay_limit > Duration::zero()) return loop.set_timing(Timing::exact);
    if (options.turn_limit > Duration::zero() && loop.timing() == Timing::off) loop.set_timing(Timing::sampled);
}

/// A tape that is stopped takes nothing; without it the loop is as fast as before.
void take_off(EventLoop& loop, const std::shared_ptr<Tape>& tape) {
    try {
        on_loop(loop, [&loop, tape] { loop.take_tape_off(*tape); });
    } catch (const LoopError&) {  // it is closed
    }
}

}  // namespace

void start_recording(EventLoop& loop, const RecorderOptions& options) {
    check_options(options);
    if (may_touch(loop) && loop.is_closed()) throw LoopError("start_recording: this loop is closed");
    loop.siblings().front()->tape_slot().triggered = false;
    auto& slot = loop.tape_slot();
    const auto before = slot.get();
    const auto tape = std::make_shared<Tape>(
        loop, slot.backend_name, std::bit_ceil(options.bytes), options, std::make_unique<Triggers>(loop, options));
    if (!slot.replace(before, tape)) {
        throw InvalidStateError(
            "start_recording: another thread has started the recorder of this loop at the same moment");
    }
    const auto begin = [&loop, tape] {
        if (tape->stopped() || loop.tape_slot().get() != tape) return;  // there is a later one already
        measure_for(loop, tape->options);
        loop.put_tape_on(tape);
    };
    try {
        on_loop(loop, begin);
    } catch (...) {  // it closes: what it has recorded stays
        static_cast<void>(slot.replace(tape, before));
        throw;
    }
}

void start_recording(std::span<EventLoop* const> loops, const RecorderOptions& options) {
    for (EventLoop* loop : loops) start_recording(*loop, options);
}

void stop_recording(EventLoop& loop) {
    const auto tape = loop.tape_slot().get();
    if (tape != nullptr && !tape->stop()) take_off(loop, tape);
}

void stop_recording(std::span<EventLoop* const> loops) {
    for (EventLoop* loop : loops) stop_recording(*loop);
}

auto is_recording(const EventLoop& loop) -> bool {
    const auto tape = loop.tape_slot().get();
    return tape != nullptr && !tape->stopped();
}

namespace {

/// The tasks of a loop are its own thread's.
void add(TapeReader& reader, const EventLoop& loop) {
    EventLoop* here = gyre::internal::current_loop();
    if (here != &loop || !is_recording(loop)) return reader.add(loop, nullptr);
    const Snapshot look = snapshot(*here);
    reader.add(loop, &look);
}

}  // namespace

auto recording(const EventLoop& loop, AnyDuration last) -> Recording {
    TapeReader reader(last);
    add(reader, loop);
    return reader.take();
}

auto recording(std::span<EventLoop* const> loops, AnyDuration last) -> Recording {
    TapeReader reader(last);
    for (const EventLoop* loop : loops) add(reader, *loop);
    return reader.take();
}

void trigger_recorder(EventLoop& loop, std::string_view reason) {
    const auto tape = loop.tape_slot().get();
    if (tape == nullptr || tape->stop()) return;  // it does not record, or somebody was first
    tape->set_reason(std::string(reason));
    take_off(loop, tape);
    // Another loop's trigger may have come at the same moment, and stops these now.
    const bool is_first = !loop.siblings().front()->tape_slot().triggered.exchange(true);
    for (EventLoop* sibling : loop.siblings()) stop_recording(*sibling);
    if (is_first && tape->options.on_trigger != nullptr) tape->options.on_trigger(recording(loop.siblings()));
}

void stall_found(EventLoop& loop, const std::string& text) {
    const auto tape = loop.tape_slot().get();
    if (tape != nullptr && tape->options.stop_on_stall) trigger_recorder(loop, text.substr(0, text.find('\n')));
}

}  // namespace gyre::obs

namespace gyre::internal {

void start_recorder(EventLoop& loop, const RecorderOptions& options) { obs::start_recording(loop, options); }

}  // namespace gyre::internal
