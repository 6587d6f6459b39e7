#include <gyre/sync/passage.hpp>

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <cstdint>

namespace gyre::internal {

void WaitLine::finish_all(Ending ending) noexcept {
    while (TransferWait* first = waits_.front()) finish(*first, ending);
}

void TransferWait::cancel() noexcept {
    line_->remove(*this);
    scheduler().stop(*frame_);
}

auto TransferWait::record() const noexcept -> WaitRecord {
    WaitRecord record{.object = core_, .name = core_->name, .waiting = line_->count()};
    if (line_ == &core_->joiners) {
        record.kind = WaitKind::queue_join;
        record.used = static_cast<std::size_t>(core_->unfinished());
        return record;
    }
    record.kind = line_ == &core_->takers ? core_->take_kind() : core_->give_kind();
    // Who takes waits for the first item, and who gives for room.
    record.used = line_ == &core_->takers ? 0 : core_->capacity;
    record.bound = core_->capacity == SIZE_MAX ? 0 : core_->capacity;
    return record;
}

auto PassageCore::take_kind() const noexcept -> WaitKind {
    if (form_ == Form::queue) return WaitKind::queue_get;
    return form_ == Form::watch ? WaitKind::watch : WaitKind::receive;
}

auto PassageCore::give_kind() const noexcept -> WaitKind {
    return form_ == Form::queue ? WaitKind::queue_put : WaitKind::send;
}

auto PassageCore::give_operation() const noexcept -> std::string_view { return form_ == Form::queue ? "put" : "send"; }

auto PassageCore::form_text(Form form) noexcept -> std::string_view {
    static constexpr const char* forms[] = {"queue", "channel", "broadcast", "watch"};
    return forms[static_cast<std::size_t>(form)];
}

auto PassageCore::title() const -> std::string {
    std::string text(form_text(form_));
    if (!name.empty()) text += " '" + name + "'";
    return text;
}

void PassageCore::throw_ended(Ending ending, std::string_view operation) const {
    std::string text = title() + ": " + std::string(operation) + ": ";
    if (form_ == Form::queue) throw QueueShutDown(text + "the queue was shut down");
    if (form_ != Form::channel && ending == Ending::own_closed) throw ChannelClosed(text + "it is closed");
    if (ending == Ending::own_closed || !take_closed) throw ChannelClosed(text + "this end of it was closed");
    throw ChannelClosed(text + "every receiver is closed");
}

void PassageCore::close_end(WaitLine& line, std::uint64_t end) noexcept {
    TransferWait* wait = line.front();
    while (wait != nullptr) {
        TransferWait* next = line.after(*wait);
        if (wait->end_id() == end) line.finish(*wait, Ending::own_closed);
        wait = next;
    }
}

void PassageCore::report_done(std::uint64_t count) {
    if (count > unfinished()) {
        throw InvalidStateError(title() + ": task_done was called more often than items were put");
    }
    require_loop_of_waiters();
    reported_done += count;
    if (unfinished() == 0) joiners.finish_all(Ending::done);
}

void throw_subscription_shared(const PassageCore& core) {
    throw InvalidStateError(core.title() + ": another task receives with this subscription; clone it");
}

void PassageCore::require_loop_here() const {
    const EventLoop* loop = current_loop();
    if (loop == nullptr || &const_cast<EventLoop*>(loop)->scheduler() != home_) throw_wrong_loop();
}

void PassageCore::require_no_loop() const {
    if (home_ != nullptr) throw_wrong_loop();
}

void PassageCore::throw_wrong_loop() const {
    throw InvalidStateError(
        title() + ": it belongs to another loop, whose tasks wait in it; between loops and threads use shared_channel");
}

}  // namespace gyre::internal
