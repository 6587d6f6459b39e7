#pragma once

// Takes the chunked coding off a body, a byte at a time around the data, which is passed on untouched.

#include "field_scanner.hpp"
#include "head_buffer.hpp"

#include <gyre/http/core/h1_parser.hpp>

namespace gyre::http::internal {

class ChunkedDecoder {
public:
    /// @param limits must outlive this.
    explicit ChunkedDecoder(const Limits& limits) noexcept
        : limits_(&limits), trailer_scanner_(trailer_budget(limits)) {}

    /// @param offset where the body starts in the message, for errors.
    void start(std::uint64_t offset) noexcept;

    /// Events `need_more`, `body` and `complete`.
    [[nodiscard]] auto next(std::span<const char> input, Fields& trailers) -> Event;

private:
    enum class Phase : std::uint8_t {
        size,
        extension_name_start,
        extension_name,
        extension_value_start,
        extension_token,
        extension_quoted,
        extension_escape,
        extension_after_quoted,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailers,
    };

    void framing_byte(char c);
    void size_byte(char c);
    void extension_byte(char c);
    void end_of_size(char c);
    void count_overhead();
    auto read_data(std::span<const char> input) -> Event;
    auto read_trailers(std::span<const char> input, Fields& trailers) -> Event;

    const Limits* limits_;
    FieldScanner trailer_scanner_;
    HeadBuffer trailer_bytes_;
    std::uint64_t offset_ = 0;    // of the next byte in the message
    std::uint64_t size_ = 0;      // of the current chunk, then what is left of it
    std::uint64_t total_ = 0;     // payload announced so far
    std::uint64_t overhead_ = 0;  // bytes that are not payload
    std::size_t extension_bytes_ = 0;
    unsigned digits_ = 0;
    Phase phase_ = Phase::size;
};

}  // namespace gyre::http::internal
