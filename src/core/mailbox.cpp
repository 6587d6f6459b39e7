#include <gyre/core/mailbox.hpp>

#include <gyre/backend/backend.hpp>

namespace gyre::internal {

auto Mailbox::post(CallbackPointer callback) noexcept -> bool {
    Callback* raw = callback.take();
    switch (queue.push(*raw)) {
    case PostQueue::Pushed::awake:
        return true;
    case PostQueue::Pushed::closed:
        raw->release();
        return false;
    case PostQueue::Pushed::asleep:
        break;
    }
    wake();
    return true;
}

void Mailbox::wake() noexcept {
    const std::lock_guard lock(mutex_);
    if (backend_ != nullptr) backend_->wake();
}

void Mailbox::close() noexcept {
    Callback* callback = queue.close();
    while (callback != nullptr) {
        Callback* next = callback->next;
        callback->release();
        callback = next;
    }
    const std::lock_guard lock(mutex_);
    backend_ = nullptr;
}

}  // namespace gyre::internal
