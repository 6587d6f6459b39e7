#include "net/tls_buffers.hpp"

namespace gyre::net {

void TlsBuffers::join(EventLoop& loop) {
    keeper_ = &loop.local<TlsBufferKeeper>();
    used();
}

void TlsBuffers::used() noexcept {
    was_used_ = true;
    if (!linked() && keeper_ != nullptr) keeper_->add(*this);
}

void TlsBuffers::give_back() noexcept {
    leave();
    engine_.release_buffers();
}

void TlsBuffers::leave() noexcept {
    if (!linked()) return;
    unlink();
    keeper_->removed();
}

TlsBufferKeeper::~TlsBufferKeeper() {
    timer_.cancel();
    while (auto* buffers = held_.pop_front()) buffers->keeper_ = nullptr;
}

void TlsBufferKeeper::add(TlsBuffers& buffers) noexcept {
    held_.push_back(buffers);
    if (!will_look_) look_later();
}

void TlsBufferKeeper::removed() noexcept {
    if (!held_.empty() || !will_look_) return;
    timer_.cancel();
    will_look_ = false;
}

void TlsBufferKeeper::look() noexcept {
    will_look_ = false;
    auto* buffers = held_.front();
    while (buffers != nullptr) {
        auto* const next = held_.after(*buffers);
        if (buffers->was_used_) {
            buffers->was_used_ = false;
        } else {
            buffers->give_back();
        }
        buffers = next;
    }
    if (!held_.empty()) look_later();
}

void TlsBufferKeeper::look_later() noexcept {
    try {
        timer_ = loop_.call_later(interval, [this] { look(); });
        will_look_ = true;
    } catch (...) {  // no memory: the next connection tries again
    }
}

}  // namespace gyre::net
