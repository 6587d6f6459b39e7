#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace gyre::net {

/// A stream of bytes in both directions: TCP, Unix, TLS, memory. What a `Stream` is made of, and what users may add.
///
/// One read and one write may be pending at a time, side by side. Thread: its loop's.
class Transport {
public:
    virtual ~Transport() = default;
    Transport() = default;
    Transport(const Transport&) = delete;
    auto operator=(const Transport&) -> Transport& = delete;

    /// Reads what is there, at least one byte, waiting for it. @return how many bytes; 0 at the end of the stream.
    /// @throws IoError. On cancel: nothing was read, and nothing is lost.
    [[nodiscard]] virtual auto read_some(std::span<std::byte> buffer) -> Task<std::size_t> = 0;

    /// Waits until `read_some` is worth a try, and holds no memory for what comes: for waits that may be long. It may return for
    /// nothing, and returns at once where a transport has no such way. @throws IoError. On cancel: nothing is lost.
    [[nodiscard]] virtual auto wait_for_input() -> Task<void> { co_return; }

    /// Writes all of it. Returns when the layer below has taken every byte. @throws IoError.
    /// On cancel: some of it may have been written; what follows on this stream is undefined, so close it.
    [[nodiscard]] virtual auto write_all(std::span<const std::byte> data) -> Task<void> = 0;

    /// Writes what the layer below takes without waiting: all of it, the front of it, or nothing, as it is with a transport
    /// that has no such way. `write_all` is for the rest. @return how many bytes. @throws IoError.
    [[nodiscard]] virtual auto write_now(std::span<const std::byte> data) -> std::size_t {
        static_cast<void>(data);
        return 0;
    }

    /// How many bytes of all that was written have arrived at the other end's machine, if the layer below can tell. What was written
    /// may lie in this machine for long: the kernel takes megabytes ahead of a slow peer. Source: tcp(7), TCP_INFO.
    [[nodiscard]] virtual auto arrived() const noexcept -> std::optional<std::uint64_t> { return std::nullopt; }

    /// Whether some of what was written has not arrived there yet; false also if the layer below cannot tell.
    [[nodiscard]] virtual auto is_underway() const noexcept -> bool { return false; }

    /// Sends bytes of an open file without copying them through the program, waiting until the layer below takes some.
    /// @param file a descriptor that stays open until this returns. @return how many bytes went; 0 if there is no such way, or
    /// not for these bytes, as it is with a transport that does not know it: read them, and write them. @throws IoError.
    /// On cancel: as `write_all`.
    [[nodiscard]] virtual auto send_file(int file, std::uint64_t offset, std::size_t size) -> Task<std::size_t> {
        static_cast<void>(file), static_cast<void>(offset), static_cast<void>(size);
        co_return 0;
    }

    /// Says that nothing more will be written: the peer reads an end of stream. Reading goes on. @throws IoError.
    /// On cancel: as `write_all`.
    [[nodiscard]] virtual auto shutdown_write() -> Task<void> = 0;

    /// Ends both directions politely (a TLS goodbye) and lets go of the descriptor. Idempotent. No error is thrown for a
    /// peer that has gone. On cancel: closed at once.
    [[nodiscard]] virtual auto close() -> Task<void> = 0;

    /// Drops the stream at once, without a goodbye. Nothing may be pending. Idempotent.
    virtual void abort() noexcept = 0;

    [[nodiscard]] virtual auto local_address() const -> Address = 0;
    [[nodiscard]] virtual auto peer_address() const -> Address = 0;

    /// Whether something has arrived that no read has taken: bytes, an end, an error. False is certain; true may turn out
    /// to be nothing for the reader (messages of TLS itself), and is what a transport says that cannot tell.
    [[nodiscard]] virtual auto has_input() const noexcept -> bool { return true; }

    /// Whether it was closed or aborted on this side.
    [[nodiscard]] virtual auto is_closed() const noexcept -> bool = 0;
};

}  // namespace gyre::net
