#pragma once

#include "guarded_stream.hpp"
#include "http/wall_clock.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/core/h1_writer.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/os/file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// Writes one response at a time, and the fields that the server answers for.
class ResponseWriter {
public:
    ResponseWriter(GuardedStream& stream, WallClock& clock) noexcept : stream_(stream), clock_(clock) {}

    /// A request has come.
    void begin(std::string_view method, Version version);

    /// The whole response. @param content_type added to the head, unless empty; it need not become a field first.
    /// @param keep_alive whether the connection may be used again.
    [[nodiscard]] auto respond(ResponseHead head, std::string_view content_type, std::string_view body, bool keep_alive)
        -> Task<void>;
    [[nodiscard]] auto start(ResponseHead head, bool keep_alive) -> Task<void>;
    /// An interim response. Does not start the response.
    [[nodiscard]] auto inform(ResponseHead head) -> Task<void>;
    /// 101, after which there is no HTTP here any more.
    [[nodiscard]] auto switch_protocols(ResponseHead head) -> Task<void>;
    [[nodiscard]] auto write(std::string_view piece) -> Task<void>;
    /// Writes a part of a file.
    [[nodiscard]] auto write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void>;
    [[nodiscard]] auto finish(Fields trailers) -> Task<void>;

    /// Gives back what is kept for the next response. Between two of them.
    void trim() noexcept { std::string().swap(out_); }

    [[nodiscard]] auto has_started() const noexcept -> bool { return stage_ != Stage::none; }
    [[nodiscard]] auto is_finished() const noexcept -> bool { return stage_ == Stage::finished; }
    /// Of the response; 0 before it was started.
    [[nodiscard]] auto status() const noexcept -> int { return status_; }
    /// Bytes of the body that the client was sent, or was to be sent.
    [[nodiscard]] auto body_bytes() const noexcept -> std::uint64_t { return body_bytes_; }
    /// May another request follow? Known once the response was started.
    [[nodiscard]] auto keeps_alive() const noexcept -> bool { return keeps_alive_; }

private:
    enum class Stage : std::uint8_t { none, body, finished };

    void write_head_of(
        ResponseHead& head, std::string_view content_type, std::optional<std::size_t> body_bytes, bool keep_alive);
    void check_in_body() const;
    [[nodiscard]] auto end_piece() -> Task<void>;
    [[nodiscard]] auto send_part(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void>;

    GuardedStream& stream_;
    WallClock& clock_;
    BodyEncoder encoder_;
    std::string_view method_;  ///< HEAD, CONNECT, or GET for all others.
    bool is_head_ = false;
    std::string out_;
    Version version_;
    Stage stage_ = Stage::none;
    bool keeps_alive_ = false;
    bool is_writing_ = false;  ///< A task is in the middle of the response.
    bool is_torn_ = false;     ///< A piece was begun, and has not come to its end: nothing can follow.
    int status_ = 0;
    std::uint64_t body_bytes_ = 0;
};

}  // namespace gyre::http::internal
