#include "connections.hpp"

#include <gyre/core/loop.hpp>
#include <gyre/core/scheduler.hpp>

#include <utility>

namespace gyre::http::internal {

ConnectionSlot::ConnectionSlot(Connections& connections, OriginConnections& origin) noexcept
    : connections_(&connections), origin_(&origin) {
    ++connections.open_;
    ++origin.open;
}

void ConnectionSlot::move_to(OriginConnections& origin) noexcept {
    ++origin.open;
    OriginConnections& former = *std::exchange(origin_, &origin);
    --former.open;
    // It looks as if nobody needed that any more.
    ++former.waiting;
    connections_->let_go(former);
}

void ConnectionSlot::taken_by(gyre::internal::TaskNode* user) noexcept {
    put_down();
    user_ = gyre::internal::TaskMark(user);
    if (user_.get() != nullptr) connections_->used_.push_back(*this);
}

void ConnectionSlot::take_from(ConnectionSlot& other) noexcept {
    const bool is_used = other.linked();
    other.unlink();  // first: a signal handler may read whatever is in the list
    connections_ = std::exchange(other.connections_, nullptr);
    origin_ = std::exchange(other.origin_, nullptr);
    user_ = std::move(other.user_);
    if (is_used) connections_->used_.push_back(*this);
}

void ConnectionSlot::release() noexcept {
    if (connections_ == nullptr) return;
    put_down();
    Connections& connections = *std::exchange(connections_, nullptr);
    OriginConnections& origin = *std::exchange(origin_, nullptr);
    --connections.open_;
    --origin.open;
    ++origin.waiting;
    connections.serve();
    connections.let_go(origin);
}

auto Connections::turn(std::string_view origin) -> ConnectionWait { return {*this, hold(origin)}; }

auto Connections::hold(std::string_view origin) -> OriginConnections& {
    auto found = origins_.find(origin);
    if (found == origins_.end()) {
        found = origins_.try_emplace(std::string(origin), "connections to " + std::string(origin)).first;
        found->second.key = found->first;
    }
    ++found->second.waiting;
    return found->second;
}

void Connections::let_go(OriginConnections& origin) noexcept {
    if (--origin.waiting == 0 && origin.open == 0) origins_.erase(origins_.find(origin.key));
}

auto Connections::grant(OriginConnections& origin) noexcept -> ConnectionTurn {
    if (auto connection = take_kept(origin)) return ConnectionTurn(std::move(connection));
    if (is_full(origin)) return {};
    if (limits_.total == 0 || open_ < limits_.total) return ConnectionTurn(ConnectionSlot(*this, origin));
    const auto idle = take_oldest_kept();
    if (!idle) return {};
    ConnectionSlot slot = std::move(idle->slot);
    slot.move_to(origin);
    return ConnectionTurn(std::move(slot));
}

auto Connections::take_kept(OriginConnections& origin) noexcept -> std::unique_ptr<Connection> {
    if (origin.kept.empty()) return nullptr;
    const Time now = this_loop().now();
    if (!is_too_old(*origin.kept.back(), now)) {
        --kept_;
        auto last = std::move(origin.kept.back());
        origin.kept.pop_back();
        return last;
    }
    // The last one is the youngest.
    while (!origin.kept.empty()) static_cast<void>(take_first(origin));
    return nullptr;
}

auto Connections::take_first(OriginConnections& origin) noexcept -> std::unique_ptr<Connection> {
    --kept_;
    auto first = std::move(origin.kept.front());
    origin.kept.erase(origin.kept.begin());
    return first;
}

auto Connections::take_oldest_kept() noexcept -> std::unique_ptr<Connection> {
    if (kept_ == 0) return nullptr;
    OriginConnections* oldest = nullptr;
    for (auto& [key, origin] : origins_) {
        if (origin.kept.empty()) continue;
        if (oldest == nullptr || origin.kept.front()->kept_since < oldest->kept.front()->kept_since) oldest = &origin;
    }
    return take_first(*oldest);
}

void Connections::keep(std::unique_ptr<Connection> connection) {
    OriginConnections& origin = connection->slot.origin();
    connection->slot.put_down();
    std::unique_ptr<Connection> surplus;
    origin.kept.push_back(std::move(connection));
    ++kept_;
    if (origin.kept.size() > limits_.kept_per_origin) surplus = take_first(origin);
    serve();
}

auto Connections::close_old() noexcept -> Time {
    const Time now = this_loop().now();
    for (;;) {
        OriginConnections* oldest = nullptr;
        for (auto& [key, origin] : origins_) {
            if (origin.kept.empty()) continue;
            const bool is_older = oldest == nullptr ||
                                  origin.kept.front()->kept_since < oldest->kept.front()->kept_since;
            if (is_older) oldest = &origin;
        }
        if (oldest == nullptr) return Time::max();
        if (!is_too_old(*oldest->kept.front(), now)) return oldest->kept.front()->kept_since;
        static_cast<void>(take_first(*oldest));
    }
}

void Connections::close_kept() noexcept {
    while (kept_ > 0) static_cast<void>(take_oldest_kept());
}

auto Connections::is_too_old(const Connection& connection, Time now) const noexcept -> bool {
    return limits_.kept_for > Duration::zero() && now - connection.kept_since >= limits_.kept_for;
}

auto Connections::is_full(const OriginConnections& origin) const noexcept -> bool {
    return limits_.per_origin != 0 && origin.open >= limits_.per_origin;
}

auto Connections::user_at(const OriginConnections& origin, std::size_t index) const noexcept
    -> const gyre::internal::TaskNode* {
    const bool only_its_own = is_full(origin);
    auto& used = const_cast<gyre::internal::IntrusiveList<ConnectionSlot>&>(used_);  // a list has no view for readers
    for (ConnectionSlot* slot = used.front(); slot != nullptr; slot = used.after(*slot)) {
        if (only_its_own && &slot->origin() != &origin) continue;
        if (index-- == 0) return slot->user();
    }
    return nullptr;
}

// What becomes free once is of use to one at most: before it, nobody who waits could have had anything.
void Connections::serve() noexcept {
    ++freed_;
    if (std::exchange(is_serving_, true)) return;
    while (freed_ > 0) {
        --freed_;
        for (ConnectionWait* wait = waits_.front(); wait != nullptr; wait = waits_.after(*wait)) {
            auto turn = grant(wait->origin());
            if (!turn) continue;
            wait->granted(std::move(turn));
            break;
        }
    }
    is_serving_ = false;
}

auto ConnectionWait::await_ready() noexcept -> bool {
    if (interrupted()) return false;
    turn_ = connections_->grant(*origin_);
    if (!turn_) return false;
    turn_.place().taken_by(frame_->scope->task());
    return true;
}

void ConnectionWait::await_suspend(std::coroutine_handle<>) noexcept {
    if (!begin()) return;
    connections_->waits_.push_back(*this);
    ++connections_->waiting_;
}

void ConnectionWait::granted(ConnectionTurn turn) noexcept {
    unlink();
    --connections_->waiting_;
    turn_ = std::move(turn);
    turn_.place().taken_by(frame_->scope->task());
    scheduler().wake(*frame_);
}

auto ConnectionWait::record() const noexcept -> WaitRecord {
    const auto& limits = connections_->limits_;
    WaitRecord record{WaitKind::limiter, origin_, origin_->name};
    record.waiting = connections_->waiting_;
    const bool its_own = connections_->is_full(*origin_);
    record.used = its_own ? origin_->open : connections_->open_;
    record.bound = its_own ? limits.per_origin : limits.total;
    return record;
}

void ConnectionWait::cancel() noexcept {
    unlink();
    --connections_->waiting_;
    scheduler().stop(*frame_);
}

}  // namespace gyre::http::internal
