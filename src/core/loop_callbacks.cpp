// What a loop calls and is told: callbacks, timers, posts, watched descriptors, errors that nobody receives.

#include <gyre/core/descriptor_watch.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <utility>

namespace gyre {

namespace {

constexpr std::size_t kept_errors = 64;

}  // namespace

auto ErrorContext::text() const -> std::string {
    static constexpr const char* names[] = {
        "task", "callback", "sibling", "clean-up", "connection", "future", "deadlock", "leak"};
    return std::string(names[static_cast<std::size_t>(origin)]) + " " + source + ": " + describe(error);
}

void Handle::cancel() {
    if (!callback_ || callback_->cancelled || callback_->finished) return;
    callback_->scheduler->loop.check_thread("Handle::cancel", "this callback");
    // The function that is dropped may own this very handle.
    const auto callback = callback_;
    callback->cancelled = true;
    callback->drop();
    if (callback->armed()) {
        callback->scheduler->timers.cancel(*callback.get());
        callback->scheduler->leave();
        callback->release();  // the loop's reference
    }
}

void EventLoop::handle_error(ErrorContext context) noexcept {
    ++unreceived_count_;
    try {
        if (handler_) {
            handler_(context);
        } else if (unreceived_.size() < kept_errors) {
            unreceived_.push_back(std::move(context));
        }
    } catch (...) {
        // The handler's own failure must not end the loop, and there is nobody further to tell: it stays counted.
    }
}

auto EventLoop::enqueue(internal::CallbackPointer callback) -> internal::CallbackPointer {
    check_open("call_soon");
    scheduler_.admit();
    callback->scheduler = &scheduler_;
    if (scheduler_.carries_contexts()) callback->context = scheduler_.inherited_context();
    callback->retain();
    scheduler_.ready.push(*callback.get());
    wake_host();
    return callback;
}

auto EventLoop::schedule(Time deadline, internal::CallbackPointer callback) -> internal::CallbackPointer {
    check_open("call_later, call_at");
    scheduler_.timers.reserve_one();
    scheduler_.admit();
    callback->scheduler = &scheduler_;
    callback->when = deadline;
    if (scheduler_.carries_contexts()) callback->context = scheduler_.inherited_context();
    callback->retain();
    scheduler_.timers.insert(*callback.get(), deadline);
    wake_host();
    return callback;
}

void EventLoop::post_callback(internal::CallbackPointer callback) {
    check_process();
    if (!mailbox_->post(std::move(callback))) throw LoopError("post: this loop is closed");
}

void EventLoop::stop() {
    check_thread("stop");
    stopping_ = true;
}

void EventLoop::set_exception_handler(std::function<void(const ErrorContext&)> handler) {
    check_thread("set_exception_handler");
    handler_ = std::move(handler);
}

void EventLoop::add_reader(int descriptor, std::function<void()> function) {
    check_open("add_reader");
    watches_->add(descriptor, internal::DescriptorWatches::Direction::read, std::move(function));
}

void EventLoop::add_writer(int descriptor, std::function<void()> function) {
    check_open("add_writer");
    watches_->add(descriptor, internal::DescriptorWatches::Direction::write, std::move(function));
}

auto EventLoop::remove_reader(int descriptor) -> bool {
    check_thread("remove_reader");
    return watches_->remove(descriptor, internal::DescriptorWatches::Direction::read);
}

auto EventLoop::remove_writer(int descriptor) -> bool {
    check_thread("remove_writer");
    return watches_->remove(descriptor, internal::DescriptorWatches::Direction::write);
}

}  // namespace gyre
