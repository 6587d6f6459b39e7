#include "obs/wait_info.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/wait_report.hpp>

#include <utility>

namespace gyre::obs {

namespace {

auto left_text(Duration left) -> std::string {
    if (left < Duration::zero()) return ", overdue by " + internal::duration_text(-left);
    return ", " + internal::duration_text(left) + " left";
}

}  // namespace

auto describe_wait(const WaitRecord& record, WaitOwner owner, Time now) -> WaitInfo {
    WaitInfo info;
    info.kind = record.kind;
    info.object = record.name;
    info.address = record.object;
    info.action = record.action;
    info.descriptor = record.descriptor;
    info.text = internal::wait_text(record, owner.name, owner.ended);
    info.owner = std::move(owner.name);
    info.owner_id = owner.id;
    info.owner_ended = owner.ended;
    info.waiting = record.waiting;
    info.used = record.used;
    info.bound = record.bound;
    if (record.deadline != Time::max()) {
        info.left = record.deadline - now;
        info.text += left_text(*info.left);
    }
    return info;
}

void describe_sent(const internal::SentWork& work, WaitInfo& info) {
    info.text = internal::wait_text(work);
    info.loop = work.loop;
    if (work.task == 0) return;
    info.owner = internal::place_text(work.where);
    info.owner_id = work.task;
}

void add_scope(std::string& text, const WaitRecord& record, Time now) {
    if (!text.empty()) text += "; ";
    text += record.kind == WaitKind::scope ? record.name : to_string(record.kind);
    if (record.kind == WaitKind::group && !record.name.empty()) text.append(" '").append(record.name).append("'");
    if (record.deadline != Time::max()) text += left_text(record.deadline - now);
}

void add_cancelled(std::string& text, const Cancelled& part) {
    text += ", cancelled " + internal::duration_text(part.since) + " ago";
    if (!part.text.empty()) text += ": " + part.text;
}

void shorten(std::vector<Await>& awaits, std::size_t most) {
    if (awaits.size() > most) awaits.erase(awaits.begin(), awaits.end() - static_cast<std::ptrdiff_t>(most));
}

}  // namespace gyre::obs
