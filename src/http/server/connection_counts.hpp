#pragma once

#include <gyre/net/ip_network.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

namespace gyre::http::internal {

/// How many connections a server has from each source, over all its loops. Holds no more entries than there are connections.
/// Thread: any.
class ConnectionCounts {
public:
    ConnectionCounts() = default;
    ConnectionCounts(const ConnectionCounts&) = delete;
    auto operator=(const ConnectionCounts&) -> ConnectionCounts& = delete;
    ~ConnectionCounts() = default;

    /// One connection of its source; counted as long as it lives.
    class Place {
    public:
        Place(Place&& other) noexcept;
        auto operator=(Place&&) -> Place& = delete;
        ~Place();

    private:
        friend class ConnectionCounts;
        using Entry = std::map<net::IpNetwork, std::size_t>::iterator;
        Place(ConnectionCounts* counts, Entry entry) noexcept : counts_(counts), entry_(entry) {}

        ConnectionCounts* counts_;
        Entry entry_;
    };

    /// @return empty if there are `most` connections of that source already.
    [[nodiscard]] auto enter(const net::IpNetwork& source, std::size_t most) -> std::optional<Place>;

private:
    std::mutex mutex_;
    std::map<net::IpNetwork, std::size_t> counts_;
};

}  // namespace gyre::http::internal
