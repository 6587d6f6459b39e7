#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/core/fields.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace gyre::fs {
class File;
}  // namespace gyre::fs

namespace gyre {
class Event;
}  // namespace gyre

namespace gyre::http {

namespace internal {

/// Where a body goes: one piece after another.
class BodySink {
public:
    /// Takes a piece, which must live until this returns; waits as long as the receiver is behind. Throws, and is cancelled,
    /// as `BodyWriter::write`.
    [[nodiscard]] virtual auto write(std::string_view piece) -> Task<void> = 0;
    /// Takes a part of a file, which must stay open until this returns. Reads it, and writes what it reads.
    [[nodiscard]] virtual auto write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void>;
    /// Set when the server that the body comes from stops. Null: it does not come from one.
    [[nodiscard]] virtual auto stopping() noexcept -> gyre::Event* { return nullptr; }

protected:
    BodySink() = default;
    BodySink(const BodySink&) = default;
    auto operator=(const BodySink&) -> BodySink& = default;
    ~BodySink() = default;
};

}  // namespace internal

/// Sends a body piece by piece: that of a streamed response on the server, of a streamed request on the client.
class BodyWriter {
public:
    explicit BodyWriter(internal::BodySink& sink) noexcept : sink_(&sink) {}
    BodyWriter(const BodyWriter&) = delete;
    auto operator=(const BodyWriter&) -> BodyWriter& = delete;

    /// Sends a piece, which must live until this returns; it waits as long as the other side is behind.
    /// @throws ProtocolError past a Content-Length; IoError if the other side has gone; if it does not take it in time, IoError
    ///         (`timed_out`) on the server and TimeoutError on the client; InvalidStateError while another task writes: one at
    ///         a time does.
    /// On cancel: part of it may have been sent, and the body cannot be completed any more: whatever is written after that, and a
    /// producer that returns as if all were well, is InvalidStateError, which cuts the connection.
    [[nodiscard]] auto write(std::string_view piece) -> Task<void> { return sink_->write(piece); }

    /// Sends `size` bytes of a file from `offset` on; it must stay open until this returns. Where it can, as over a plain
    /// socket without a content coding, the kernel sends them without a copy (sendfile).
    /// @throws IoError if the file cannot be read, or is shorter; as `write`. On cancel, and after an error: as `write`.
    [[nodiscard]] auto write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void> {
        return sink_->write_file(file, offset, size);
    }

    /// Fields to send after the body, to a peer of HTTP/1.1. @throws ProtocolError, when the body ends, for one that
    /// frames, routes or authenticates.
    void trailer(std::string_view name, std::string_view value) { trailers_.add(name, value); }

    [[nodiscard]] auto trailers() noexcept -> Fields& { return trailers_; }

    // For the library.
    [[nodiscard]] auto stopping() const noexcept -> gyre::Event* { return sink_->stopping(); }

private:
    internal::BodySink* sink_;
    Fields trailers_;
};

/// Produces a streamed body. An error cuts the connection, since the head has been sent. It is cancelled when nobody wants the
/// body any more.
using BodyProducer = std::function<Task<void>(BodyWriter&)>;

}  // namespace gyre::http
