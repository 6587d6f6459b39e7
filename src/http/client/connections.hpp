#pragma once

#include "connection.hpp"
#include "connection_slot.hpp"

#include <gyre/core/frame.hpp>
#include <gyre/core/intrusive_list.hpp>

#include <coroutine>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http::internal {

class ConnectionWait;

/// The connections of one origin. It exists as long as there are any, or somebody waits for one.
struct OriginConnections {
    explicit OriginConnections(std::string title) : name(std::move(title)) {}

    std::string name;                               ///< As dumps show it: "connections to http://127.0.0.1:80".
    std::string_view key;                           ///< Under which it is found.
    std::vector<std::unique_ptr<Connection>> kept;  ///< The last one back is the first one out.
    std::size_t open = 0;                           ///< Being made, in use and kept.
    std::size_t waiting = 0;                        ///< Those who hold on to this without a connection.
};

/// What a request gets: a kept connection, or the right to open one.
struct ConnectionTurn {
    ConnectionTurn() noexcept = default;
    explicit ConnectionTurn(std::unique_ptr<Connection> connection) noexcept : kept(std::move(connection)) {}
    explicit ConnectionTurn(ConnectionSlot place) noexcept : slot(std::move(place)) {}

    explicit operator bool() const noexcept { return kept != nullptr || slot; }
    /// If there is anything.
    [[nodiscard]] auto place() noexcept -> ConnectionSlot& { return kept != nullptr ? kept->slot : slot; }

    std::unique_ptr<Connection> kept;
    ConnectionSlot slot;
};

/// How many connections a client may have. 0: no end.
struct ConnectionLimits {
    std::size_t total = 0;
    std::size_t per_origin = 0;
    std::size_t kept_per_origin = 0;
    Duration kept_for{};  ///< Zero or less: no end.
};

/// The connections of a client: those that are kept, how many there are, and who waits for one.
///
/// Whoever waits longest comes first, unless all that is free is of no use to it. When the total is reached, an idle
/// connection of another origin makes room. Outlives its slots. Thread: the loop's.
class Connections {
public:
    explicit Connections(const ConnectionLimits& limits) noexcept : limits_(limits) {}
    Connections(const Connections&) = delete;
    auto operator=(const Connections&) -> Connections& = delete;
    ~Connections() { close_kept(); }

    /// Waits for a turn. @param origin scheme, host and port.
    /// On cancel: nothing was taken; what was handed over already is given back by the turn's end.
    [[nodiscard]] auto turn(std::string_view origin) -> ConnectionWait;
    /// A kept connection of the origin if there is one now.
    [[nodiscard]] auto take_kept(OriginConnections& origin) noexcept -> std::unique_ptr<Connection>;
    /// For the next request, or to be closed if there is no room. @throws std::bad_alloc, and it is closed.
    void keep(std::unique_ptr<Connection> connection);

    /// Closes those that have been kept too long. @return since when the oldest of the others has been kept, or Time::max().
    auto close_old() noexcept -> Time;
    void close_kept() noexcept;

    [[nodiscard]] auto slots() const noexcept -> std::size_t { return open_; }
    [[nodiscard]] auto kept() const noexcept -> std::size_t { return kept_; }
    [[nodiscard]] auto waiting() const noexcept -> std::size_t { return waiting_; }

private:
    friend class ConnectionSlot;
    friend class ConnectionWait;

    [[nodiscard]] auto hold(std::string_view origin) -> OriginConnections&;
    void let_go(OriginConnections& origin) noexcept;
    /// What `origin` can have now; empty if nothing.
    [[nodiscard]] auto grant(OriginConnections& origin) noexcept -> ConnectionTurn;
    [[nodiscard]] auto take_oldest_kept() noexcept -> std::unique_ptr<Connection>;
    [[nodiscard]] auto take_first(OriginConnections& origin) noexcept -> std::unique_ptr<Connection>;
    /// Whether it has as many as one origin may.
    [[nodiscard]] auto is_full(const OriginConnections& origin) const noexcept -> bool;
    /// A task that has one of the connections that `origin` cannot have: number 0, 1 and so on; null past the last.
    [[nodiscard]] auto user_at(const OriginConnections& origin, std::size_t index) const noexcept
        -> const gyre::internal::TaskNode*;
    [[nodiscard]] auto is_too_old(const Connection& connection, Time now) const noexcept -> bool;
    /// Something has become free: whoever can use it and waits longest gets it.
    void serve() noexcept;

    const ConnectionLimits limits_;
    std::map<std::string, OriginConnections, std::less<>> origins_;
    gyre::internal::IntrusiveList<ConnectionWait> waits_;
    gyre::internal::IntrusiveList<ConnectionSlot> used_;  ///< Those that tasks have.
    std::size_t open_ = 0;
    std::size_t kept_ = 0;
    std::size_t waiting_ = 0;
    std::size_t freed_ = 0;  ///< How many things have become free that `serve` has not looked at.
    bool is_serving_ = false;
};

class [[nodiscard("co_await it")]] ConnectionWait final : public gyre::internal::Wait,
                                                          public gyre::internal::ListLink<ConnectionWait> {
public:
    ConnectionWait(Connections& connections, OriginConnections& origin) noexcept
        : connections_(&connections), origin_(&origin) {}
    ConnectionWait(ConnectionWait&& other) noexcept
        : gyre::internal::Wait(static_cast<gyre::internal::Wait&&>(other)),
          gyre::internal::ListLink<ConnectionWait>(static_cast<gyre::internal::ListLink<ConnectionWait>&&>(other)),
          connections_(other.connections_),
          origin_(std::exchange(other.origin_, nullptr)) {}
    auto operator=(ConnectionWait&&) -> ConnectionWait& = delete;
    ~ConnectionWait() {
        if (origin_ != nullptr) connections_->let_go(*origin_);
    }

    [[nodiscard]] auto await_ready() noexcept -> bool;
    void await_suspend(std::coroutine_handle<>) noexcept;
    [[nodiscard]] auto await_resume() noexcept -> ConnectionTurn { return std::move(turn_); }

    [[nodiscard]] auto origin() const noexcept -> OriginConnections& { return *origin_; }
    /// It has what it waited for, and is in no list any more.
    void granted(ConnectionTurn turn) noexcept;
    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;
    [[nodiscard]] auto holder_at(std::size_t index) const noexcept -> const gyre::internal::TaskNode* override {
        return connections_->user_at(*origin_, index);
    }

private:
    Connections* connections_;
    OriginConnections* origin_;
    ConnectionTurn turn_;
};

}  // namespace gyre::http::internal
