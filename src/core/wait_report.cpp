#include <gyre/core/wait_report.hpp>

#include <gyre/core/duration_text.hpp>

namespace gyre::internal {

namespace {

constexpr int most_tasks = 100;
constexpr int most_frames = 16;

auto wait_text(const WaitRecord& record) -> std::string {
    std::string text(to_string(record.kind));
    if (!record.name.empty()) text.append(" '").append(record.name).append("'");
    return text;
}

}  // namespace

auto wait_report(TaskOwner& owner) -> std::string {
    std::string text;
    int tasks = 0;
    for (TaskNode* task = owner.tasks.front(); task != nullptr; task = owner.tasks.after(*task)) {
        if (++tasks > most_tasks) return text + "  ... and more\n";
        text += "  task '" + task->title() + "'";
        Frame* frame = task->root;
        for (int depth = 0; frame != nullptr; ++depth) {
            if (depth < most_frames) text += " > " + place_text(frame->location());
            if (Wait* wait = frame->wait()) text += ": waits on " + wait_text(wait->record());
            frame = frame->child_link() != nullptr ? frame->child_link()->child : nullptr;
        }
        text += "\n";
    }
    return text;
}

}  // namespace gyre::internal
