#pragma once

// permessage-deflate (RFC 7692 7.2) over zlib.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// Decompresses the messages of one direction. Memory is taken with the first message.
class MessageInflater {
public:
    enum class Result { good, more, bad_data, too_big };

    /// Bytes of a piece that one step takes at most: blocks may be long to read that unpack to nothing.
    static constexpr std::size_t largest_step = 4096;

    /// @param window_bits    8 to 15.
    /// @param keeps_context  whether a message may refer to those before.
    MessageInflater(int window_bits, bool keeps_context) noexcept
        : window_bits_(window_bits), keeps_context_(keeps_context) {}

    /// Decompresses the next piece of a message behind `out`, which does not grow past `limit` bytes, as far as a short
    /// time goes. @param piece loses what was taken. @return `more` if this is to be called again, with what is left of the
    /// piece, which may be nothing. @throws std::bad_alloc.
    [[nodiscard]] auto step(std::string_view& piece, std::string& out, std::size_t limit) -> Result;
    /// The same until there is nothing left of the piece.
    [[nodiscard]] auto take(std::string_view piece, std::string& out, std::size_t limit) -> Result;
    /// The message has ended: gives what is left of it. @throws std::bad_alloc.
    [[nodiscard]] auto finish(std::string& out, std::size_t limit) -> Result;

private:
    struct Stream;
    struct End {
        void operator()(Stream* stream) const noexcept;
    };

    void open();
    void begin_again() noexcept;
    [[nodiscard]] auto unpack(std::string& out, std::size_t limit) -> Result;

    std::unique_ptr<Stream, End> stream_;
    int window_bits_;
    bool keeps_context_;
    unsigned last_blocks_ = 0;  ///< Of this message.
};

/// Compresses the messages of one direction. Memory is taken with the first message.
class MessageDeflater {
public:
    /// @param level, memory_level 1 to 9.
    MessageDeflater(int window_bits, bool keeps_context, int level, int memory_level) noexcept
        : window_bits_(window_bits), keeps_context_(keeps_context), level_(level), memory_level_(memory_level) {}

    /// Compresses a piece of a message behind `out`. @throws std::bad_alloc.
    void take(std::string_view piece, bool is_last, std::string& out);
    /// What was taken last is not sent, so what comes must not refer to it.
    void forget() noexcept { stream_.reset(); }

private:
    struct Stream;
    struct End {
        void operator()(Stream* stream) const noexcept;
    };

    void open();

    std::unique_ptr<Stream, End> stream_;
    int window_bits_;
    bool keeps_context_;
    int level_;
    int memory_level_;
};

}  // namespace gyre::http::internal
