#pragma once

#include <utility>

namespace gyre::http::internal {

class Connections;
struct OriginConnections;

/// A place among the connections that may be open: held from before one is made until it is closed. Move-only.
class ConnectionSlot {
public:
    /// None.
    ConnectionSlot() noexcept = default;
    /// Counts.
    ConnectionSlot(Connections& connections, OriginConnections& origin) noexcept;
    ConnectionSlot(ConnectionSlot&& other) noexcept
        : connections_(std::exchange(other.connections_, nullptr)), origin_(std::exchange(other.origin_, nullptr)) {}
    auto operator=(ConnectionSlot&& other) noexcept -> ConnectionSlot& {
        const ConnectionSlot old(std::move(*this));
        connections_ = std::exchange(other.connections_, nullptr);
        origin_ = std::exchange(other.origin_, nullptr);
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

private:
    Connections* connections_ = nullptr;
    OriginConnections* origin_ = nullptr;
};

}  // namespace gyre::http::internal
