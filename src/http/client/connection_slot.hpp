#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/task_node.hpp>

#include <utility>

namespace gyre::http::internal {

class Connections;
struct OriginConnections;

/// A place among the connections that may be open: held from before one is made until it is closed. Move-only.
class ConnectionSlot : public gyre::internal::ListLink<ConnectionSlot> {
public:
    /// None.
    ConnectionSlot() noexcept = default;
    /// Counts.
    ConnectionSlot(Connections& connections, OriginConnections& origin) noexcept;
    ConnectionSlot(ConnectionSlot&& other) noexcept
        : gyre::internal::ListLink<ConnectionSlot>(static_cast<gyre::internal::ListLink<ConnectionSlot>&&>(other)) {
        take_from(other);
    }
    auto operator=(ConnectionSlot&& other) noexcept -> ConnectionSlot& {
        const ConnectionSlot old(std::move(*this));
        take_from(other);
        return *this;
    }
    ~ConnectionSlot() { release(); }

    explicit operator bool() const noexcept { return connections_ != nullptr; }
    /// Whose it is. There has to be one.
    [[nodiscard]] auto origin() const noexcept -> OriginConnections& { return *origin_; }
    /// From now on it counts for another origin.
    void move_to(OriginConnections& origin) noexcept;
    /// Gives the place to whoever waits longest for it. No effect if there is none.
    void release() noexcept;

    /// A task has it now, and goes by its name in dumps until `put_down` or the end. @param user null: nobody's.
    void taken_by(gyre::internal::TaskNode* user) noexcept;
    void taken_over_from(ConnectionSlot& other) noexcept { taken_by(other.user_.get()); }
    void put_down() noexcept {
        unlink();
        user_ = gyre::internal::TaskMark();
    }
    /// May have ended: what it got lives on elsewhere.
    [[nodiscard]] auto user() const noexcept -> const gyre::internal::TaskNode* { return user_.get(); }

private:
    void take_from(ConnectionSlot& other) noexcept;

    Connections* connections_ = nullptr;
    OriginConnections* origin_ = nullptr;
    gyre::internal::TaskMark user_;
};

}  // namespace gyre::http::internal
