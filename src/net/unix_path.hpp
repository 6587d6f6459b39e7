#pragma once

#include "net/socket.hpp"

#include <gyre/core/task.hpp>
#include <gyre/net/address.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace gyre::internal {

/// The socket file of a Unix listener, known by its inode: what stands there later under the same name is not touched.
class UnixPath {
public:
    /// None: of a listener that is not a Unix one.
    UnixPath() noexcept = default;
    /// The socket that stands at `address` now. None if there is no such file, or it is not a socket; nor for abstract
    /// names and in simulation, which have no files.
    UnixPath(const net::Address& address, const LoopSockets& sockets);
    UnixPath(UnixPath&& other) noexcept;
    auto operator=(UnixPath&& other) noexcept -> UnixPath&;
    ~UnixPath() = default;

    [[nodiscard]] auto exists() const noexcept -> bool { return !path_.empty(); }
    /// Removes it, if it is still the same file. Idempotent.
    void remove() noexcept;

private:
    std::string path_;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

/// The address of a Unix path. @throws IoError "<operation> unix:<path>: ..." if it is none.
[[nodiscard]] auto address_of_path(const std::string& path, std::string_view operation) -> net::Address;

/// Whether a socket file stands at `address` that nobody listens on.
[[nodiscard]] auto is_stale_socket(net::Address address) -> Task<bool>;

}  // namespace gyre::internal
