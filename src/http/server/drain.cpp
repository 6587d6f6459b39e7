#include "drain.hpp"

#include <algorithm>

namespace gyre::http::internal {

namespace {

constexpr const char* reason = "the server stops";
constexpr const char* no_room = "the server is full";
/// Whether who was told to give way has gone is looked at soon.
constexpr Duration next_look = std::chrono::milliseconds(100);

}  // namespace

void Drain::begin() {
    begun_.set();
    for (auto* list : {&scopes_, &idle_}) {
        while (auto* scope = list->pop_front()) scope->scope().cancel(reason);
    }
}

void Drain::enter() noexcept {
    ++guests_;
    make_room();
}

void Drain::make_room() noexcept {
    if (!is_full()) return;
    const auto now = this_loop().now();
    auto next = Time::max();
    for (auto* list : {&idle_, &heads_}) {
        auto* const first = list->front();
        if (first == nullptr) continue;
        if (now - first->since_ >= patience) {
            first->unlink();
            first->since_ = Time::min();
            ++leaving_;
            return first->scope_.cancel(no_room);
        }
        next = std::min(next, first->since_ + patience);
    }
    // Where nobody waits for a client there is nobody to ask: who comes to wait asks again.
    if (next != Time::max()) look_in(next - now);
}

void Drain::has_heard() noexcept {
    --leaving_;
    if (is_full()) look_in(next_look);
}

void Drain::look_in(Duration delay) noexcept {
    if (will_look_) return;
    try {
        timer_ = this_loop().call_later(delay, [this] {
            will_look_ = false;
            make_room();
        });
        will_look_ = true;
    } catch (...) {  // no memory: the next connection asks again
    }
}

DrainScope::DrainScope(Drain& drain, DrainKind kind, Time since) : drain_(drain), since_(since) {
    if (kind != DrainKind::head && drain.has_begun()) {
        scope_.cancel(reason);
        return;
    }
    auto& list = kind == DrainKind::busy ? drain.scopes_ : kind == DrainKind::idle ? drain.idle_ : drain.heads_;
    list.push_back(*this);
    if (kind != DrainKind::busy) drain.make_room();
}

}  // namespace gyre::http::internal
