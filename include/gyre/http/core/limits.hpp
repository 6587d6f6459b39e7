#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace gyre::http {

/// How much of one HTTP/1 message a parser takes before it refuses.
///
/// Every limit is inclusive: exactly that much is accepted, one more is refused. Lengths of lines do not count the
/// line end. All limits are on by default; a larger value is a choice the caller makes in its own code.
struct Limits {
    /// Longest request line or status line, in bytes. Refused with 414.
    std::size_t start_line_bytes = 8 * 1024;

    /// Longest single field line (name, colon and value as sent), in bytes. Refused with 431.
    std::size_t field_line_bytes = 8 * 1024;

    /// Sum of all field lines of the header section, in bytes. Refused with 431.
    std::size_t fields_bytes = 32 * 1024;

    /// Number of field lines in the header section. Refused with 431.
    std::size_t field_count = 100;

    /// Sum of all field lines of the trailer section, in bytes. Refused with 431.
    std::size_t trailers_bytes = 8 * 1024;

    /// Number of field lines in the trailer section. Refused with 431.
    std::size_t trailer_count = 32;

    /// Longest extension part of one chunk-size line, from its first `;`, in bytes.
    std::size_t chunk_extension_bytes = 256;

    /// How far the framing of a chunked body (size lines, extensions, line ends) may exceed its payload, in bytes.
    /// Many tiny chunks cost the receiver far more than the sender (CVE-2023-39326).
    std::size_t chunk_overhead_bytes = 16 * 1024;

    /// Longest body, in bytes. Refused with 413: at the head if Content-Length announces more, else at the chunk
    /// that passes the limit. The default refuses only lengths that do not fit in 63 bits.
    std::uint64_t body_bytes = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

    /// The defaults for messages that a server reads.
    [[nodiscard]] static constexpr auto server() noexcept -> Limits { return {}; }

    /// The defaults for messages that a client reads: servers send more and longer fields than browsers do.
    [[nodiscard]] static constexpr auto client() noexcept -> Limits {
        Limits limits;
        limits.field_line_bytes = 16 * 1024;
        limits.fields_bytes = 64 * 1024;
        limits.field_count = 256;
        return limits;
    }
};

/// Interim (1xx) responses a client takes before the final one. The connection's driver counts and enforces it.
inline constexpr std::size_t max_interim_responses = 8;

/// Longest text, in bytes, that `Url::parse` takes, for the input and for the base each.
inline constexpr std::size_t max_url_bytes = 64 * 1024;

}  // namespace gyre::http
