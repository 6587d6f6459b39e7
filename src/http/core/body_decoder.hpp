#pragma once

// The body of one message, whatever its framing.

#include "chunked_decoder.hpp"

namespace gyre::http::internal {

class BodyDecoder {
public:
    /// @param limits must outlive this.
    explicit BodyDecoder(const Limits& limits) noexcept : chunks_(limits), limit_(limits.body_bytes) {}

    void start(BodyFraming framing, std::uint64_t content_length, std::uint64_t offset);

    /// Events `need_more`, `body` and `complete`.
    [[nodiscard]] auto next(std::span<const char> input) -> Event;

    [[nodiscard]] auto framing() const noexcept -> BodyFraming { return framing_; }
    [[nodiscard]] auto trailers() const noexcept -> const Fields& { return trailers_; }

private:
    auto read_counted(std::span<const char> input) -> Event;

    ChunkedDecoder chunks_;
    Fields trailers_;
    std::uint64_t left_ = 0;
    std::uint64_t limit_;
    std::uint64_t offset_ = 0;
    BodyFraming framing_ = BodyFraming::none;
};

}  // namespace gyre::http::internal
