#include "obs/at_work.hpp"
#include "obs/rules.hpp"

#include <gyre/core/duration_text.hpp>

#include <algorithm>
#include <utility>

namespace gyre::obs {

namespace {

using internal::duration_text;

constexpr std::string_view clean_up_advice =
    "clean-up that waits (shield, try_finally) needs a time limit of its own, and a blocking call a way to be stopped";

/// The outermost part of a chain that was cancelled on its own, and the line above it.
struct CancelledPart {
    const Stack* stack = nullptr;
    Place above;
};

auto find_cancelled(const Stack& stack, const Place& above) -> CancelledPart {
    if (stack.part_cancelled) return {&stack, above};
    const Place place = last_line(stack, above);
    for (const Stack& branch : stack.branches) {
        const CancelledPart part = find_cancelled(branch, place);
        if (part.stack != nullptr) return part;
    }
    return {};
}

class EndRules {
public:
    explicit EndRules(const Examined& all) noexcept : all_(all), works_(all.looks, all.long_wait) {}

    void apply() {
        for (const TaskInfo& task : all_.now.tasks) {
            cancel_ignored(task);
            part_goes_on(task);
            slow_branch(task);
        }
    }

private:
    void cancel_ignored(const TaskInfo& task) {
        if (!task.cancelled || task.cancelled->since < all_.long_wait) return;
        const std::string ago = "was cancelled " + duration_text(task.cancelled->since) + " ago and has not ended: it ";
        if (all_.looks.goes_on(task)) {
            return all_.add(Rule::cancel_ignored, Severity::warning, task, end_of(task),
                ago + "catches its cancellation and goes on, at " + text_of(end_of(task)) +
                    ", where each of its waits ends at once; " + task.cancelled->text,
                "let CancelledError out: do not catch it, nor take it for an outcome like others, in a loop that goes "
                "on");
        }
        all_.add(Rule::cancel_ignored, Severity::warning, task, end_of(task),
            ago + standing_of(task) + "; " + task.cancelled->text, clean_up_advice);
    }

    /// A time limit inside of a task that has passed, or the branches of a race that is won. Of a group its tasks tell.
    void part_goes_on(const TaskInfo& task) {
        if (task.cancelled) return;
        const CancelledPart part = find_cancelled(task.stack, task.spawned);
        if (part.stack == nullptr || part.stack->part_cancelled->since < all_.long_wait) return;
        const Cancelled& cause = *part.stack->part_cancelled;
        const Stack* last = nullptr;
        Place place;
        for_each_end(*part.stack, part.above, [&](const Stack& end, const Place& at) {
            if (last != nullptr || (end.wait && end.wait->kind == WaitKind::group)) return;
            last = &end;
            place = at;
        });
        if (last == nullptr) return;
        const bool has_branches = !part.stack->branches.empty();
        const std::string ago = duration_text(cause.since) + " ago";
        std::string text = cause.kind == CancelKind::deadline
                               ? "is inside of a time limit that passed " + ago + ", and has not ended: it "
                               : (has_branches ? "has a branch that was cancelled " : "has a part that was cancelled ") +
                                     ago + " and has not ended: it ";
        text += (last->wait ? "waits on " + last->wait->text : std::string("is ready")) + " at " + text_of(place);
        if (!cause.text.empty()) text += "; " + cause.text;
        all_.add(Rule::cancel_ignored, Severity::warning, task, place, std::move(text), clean_up_advice);
    }

    void slow_branch(const TaskInfo& task) {
        const Duration stands = all_.looks.stands(task);
        if (stands < all_.long_wait || !task.stack.wait) return;
        const WaitKind kind = task.stack.wait->kind;
        if (kind != WaitKind::gather || task.stack.branches.size() != 1) return;
        const Stack& branch = task.stack.branches.front();
        if (!branch.wait || works_.is_at_work(task, branch)) return;
        all_.add(Rule::slow_branch, Severity::note, task, end_of(task),
            "its gather waits for one branch alone, since " + duration_text(stands) + " or longer, which waits on " +
                branch.wait->text,
            "give the branch a time limit, or take the results as they come with as_completed");
    }

    const Examined& all_;
    AtWork works_;
};

}  // namespace

void find_unended(const Examined& all) { EndRules(all).apply(); }

}  // namespace gyre::obs
