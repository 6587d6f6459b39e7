#pragma once

#include <gyre/core/errors.hpp>
#include <gyre/core/task.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::net {

class SocketTransport;

/// A delimiter did not come within the limit. What was read stays buffered, and can be read otherwise.
using gyre::LimitError;

/// The stream ended before everything that was asked for had come. What came is in `partial()`.
class IncompleteReadError : public std::runtime_error {
public:
    IncompleteReadError(const std::string& what, std::string partial)
        : std::runtime_error(what), partial_(std::move(partial)) {}
    [[nodiscard]] auto partial() const noexcept -> const std::string& { return partial_; }

private:
    std::string partial_;
};

/// A connection: a byte stream with buffered reading over any transport. Move-only; destroying it drops the connection.
///
/// One task may read while another writes; a second one that reads gets InvalidStateError. None may do so when it is moved or
/// destroyed; `close` and `abort` end what is pending on a socket. A call on one that was moved from is InvalidStateError.
/// Thread: its loop's. Source: asyncio's StreamReader and StreamWriter.
class Stream {
public:
    /// What a line or a `read_until` may be long by default, in bytes, delimiter included.
    static constexpr std::size_t default_limit = 65'536;
    /// What `read_all` gathers by default at most, in bytes.
    static constexpr std::size_t default_read_all_limit = 64 * 1024 * 1024;

    explicit Stream(std::unique_ptr<Transport> transport);
    Stream(Stream&&) noexcept;
    auto operator=(Stream&&) noexcept -> Stream&;
    ~Stream();

    /// Reads what is there into `buffer`, at least one byte. @return how many; 0 at the end of the stream.
    /// @throws IoError. On cancel: nothing was read. The same holds for every read below: what came stays buffered.
    [[nodiscard]] auto read_some(std::span<std::byte> buffer) -> Task<std::size_t>;
    /// Reads what is there, at least one and at most `limit` bytes. Empty at the end of the stream.
    [[nodiscard]] auto read_some(std::size_t limit = default_limit) -> Task<std::string>;
    /// Reads exactly `size` bytes. @throws IncompleteReadError at an earlier end.
    [[nodiscard]] auto read_exactly(std::size_t size) -> Task<std::string>;
    /// Reads up to and including `delimiter`. @throws LimitError if it does not come within `limit` bytes,
    /// IncompleteReadError at an earlier end, std::invalid_argument for an empty delimiter.
    [[nodiscard]] auto read_until(std::string_view delimiter, std::size_t limit = default_limit) -> Task<std::string>;
    /// Reads a line, without its "\n" or "\r\n". Empty optional at the end of the stream; a last line without an end is a
    /// line. @throws LimitError.
    [[nodiscard]] auto read_line(std::size_t limit = default_limit) -> Task<std::optional<std::string>>;
    /// Reads to the end of the stream. @throws LimitError if that is more than `limit` bytes.
    [[nodiscard]] auto read_all(std::size_t limit = default_read_all_limit) -> Task<std::string>;

    /// Writes all of it; returns when the kernel has taken every byte. `data` must live until then. @throws IoError.
    /// On cancel: some of it may have been written; close the stream.
    [[nodiscard]] auto write(std::string_view data) -> Task<void>;
    [[nodiscard]] auto write(std::span<const std::byte> data) -> Task<void>;

    /// Writes what goes without waiting: all of it, the front of it, or nothing; `write` is for the rest.
    /// @return how many bytes. @throws IoError; InvalidStateError while another task writes.
    [[nodiscard]] auto write_now(std::string_view data) -> std::size_t;

    /// Sends bytes of a file without copying them through the program, where the connection can: plain TCP and Unix sockets
    /// can, for bytes that the machine has in memory. Waits until some have gone.
    /// @param file a descriptor, which must stay open until this returns. @return how many bytes went; 0: none, read them and
    /// `write` them. @throws IoError. On cancel: as `write`. Source: sendfile(2).
    [[nodiscard]] auto send_file(int file, std::uint64_t offset, std::size_t size) -> Task<std::size_t>;

    /// The peer reads an end of stream; reading goes on. @throws IoError; InvalidStateError while another task writes.
    /// On cancel: as `write`.
    [[nodiscard]] auto shutdown_write() -> Task<void>;
    /// Ends both directions politely. Idempotent. No error is thrown for a peer that has gone. On cancel: closed at once.
    [[nodiscard]] auto close() -> Task<void>;
    /// Drops the connection at once.
    void abort() noexcept;
    [[nodiscard]] auto is_closed() const noexcept -> bool;

    [[nodiscard]] auto local_address() const -> Address;
    [[nodiscard]] auto peer_address() const -> Address;

    /// For parsers that read in place: the bytes that came and were not consumed.
    [[nodiscard]] auto buffered() const noexcept -> std::span<const char>;
    /// Reads more behind them, waiting for at least one byte; makes room for at least `size_hint`.
    /// @return how many came; 0 at the end of the stream. `buffered()` spans taken before are void.
    [[nodiscard]] auto fill(std::size_t size_hint = 16'384) -> Task<std::size_t>;
    /// As `fill`, but holds no memory while it waits, if nothing is buffered: for waits that may be long. A stream that is read
    /// again and again in quick succession is better off with `fill`.
    [[nodiscard]] auto fill_late(std::size_t size_hint = 16'384) -> Task<std::size_t>;
    /// Whether something is there for a read, or may be: `buffered()` is not empty, or the transport has input. False is
    /// certain: a kept connection of which this is false is quiet. Never waits.
    [[nodiscard]] auto has_input() const noexcept -> bool;
    /// Takes `count` bytes off the front of `buffered()`.
    void consume(std::size_t count) noexcept;

    /// The layer below, for what only it knows (a TLS transport's peer certificate).
    [[nodiscard]] auto transport() noexcept -> Transport& { return *transport_; }
    /// Takes the layer below out, as a TLS handshake over an open connection does. @throws InvalidStateError if bytes are
    /// buffered, for they would be lost.
    [[nodiscard]] auto release_transport() -> std::unique_ptr<Transport>;

private:
    [[nodiscard]] auto layer() const -> Transport&;
    [[nodiscard]] auto find(std::string_view delimiter, std::size_t start, std::size_t limit) const noexcept
        -> std::size_t;
    [[nodiscard]] auto take(std::size_t count) -> std::string;
    [[nodiscard]] auto make_room(std::size_t size) -> std::span<std::byte>;
    auto take_into(std::span<std::byte> buffer) noexcept -> std::size_t;
    [[nodiscard]] auto read_layer(std::span<std::byte> buffer) -> Task<std::size_t>;
    [[nodiscard]] auto read_socket(std::span<std::byte> buffer) -> Task<std::size_t>;
    [[nodiscard]] auto fill_from_layer(std::size_t size_hint) -> Task<std::size_t>;
    [[nodiscard]] auto fill_from_socket(std::size_t size_hint) -> Task<std::size_t>;
    [[nodiscard]] auto fill_late_from_layer(std::size_t size_hint) -> Task<std::size_t>;
    [[nodiscard]] auto fill_late_from_socket(std::size_t size_hint) -> Task<std::size_t>;
    void trim() noexcept;

    std::unique_ptr<Transport> transport_;
    SocketTransport* socket_ = nullptr;  ///< `transport_`, if it is a plain socket, whose waits are awaited right here.
    std::string buffer_;                 ///< Storage; the bytes from `begin_` to `end_` came and were not consumed.
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool is_reading_ = false;  ///< One task at a time.
};

}  // namespace gyre::net
