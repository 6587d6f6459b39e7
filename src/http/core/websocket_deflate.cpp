#include "websocket_deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace gyre::http::internal {
namespace {

constexpr std::size_t step_bytes = 16 * 1024;     // of output at a time, after which a step ends
constexpr std::size_t largest_input = 64 * 1024;  // of the compressor at a time: zlib counts in 32 bits
// The empty block that a sender leaves out at the end of each message (RFC 7692 7.2.1).
constexpr std::string_view empty_block("\0\0\xff\xff", 4);
constexpr int is_between_blocks = 128;  // of z_stream::data_type after inflate
// How many blocks of a message may say that they are the last. Each costs as much as many bytes of data, and takes two.
constexpr unsigned most_last_blocks = 16;

void point_at(z_stream& stream, std::string_view input) noexcept {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
}

}  // namespace

struct MessageInflater::Stream : z_stream {
    Stream() : z_stream{} {}
};

void MessageInflater::End::operator()(Stream* stream) const noexcept {
    inflateEnd(stream);
    delete stream;
}

void MessageInflater::open() {
    auto stream = std::make_unique<Stream>();
    if (inflateInit2(stream.get(), -window_bits_) != Z_OK) throw std::bad_alloc();
    stream_.reset(stream.release());
}

/// After a block that says it is the last one: another stream follows, which may still refer to this one.
void MessageInflater::begin_again() noexcept {
    std::array<Bytef, 32 * 1024> window;
    uInt size = 0;
    // None of these fails for a stream that was opened; a window that has something in it needs no memory any more.
    inflateGetDictionary(stream_.get(), window.data(), &size);
    inflateReset(stream_.get());
    stream_->data_type = is_between_blocks;
    if (size != 0) inflateSetDictionary(stream_.get(), window.data(), size);
}

auto MessageInflater::take(std::string_view piece, std::string& out, std::size_t limit) -> Result {
    auto result = Result::more;
    while (result == Result::more) result = step(piece, out, limit);
    return result;
}

auto MessageInflater::step(std::string_view& piece, std::string& out, std::size_t limit) -> Result {
    if (!stream_) open();
    const auto part = piece.substr(0, largest_step);
    point_at(*stream_, part);
    const auto result = unpack(out, limit);
    piece.remove_prefix(part.size() - stream_->avail_in);
    return result == Result::good && !piece.empty() ? Result::more : result;
}

/// What the stream points at.
auto MessageInflater::unpack(std::string& out, std::size_t limit) -> Result {
    Stream& stream = *stream_;
    std::array<char, step_bytes> output;
    for (std::size_t unpacked = 0; unpacked < output.size(); unpacked += output.size() - stream.avail_out) {
        stream.next_out = reinterpret_cast<Bytef*>(output.data());
        stream.avail_out = static_cast<uInt>(output.size());
        const int status = inflate(&stream, Z_SYNC_FLUSH);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        // What was made before a mistake counts, so that the verdict does not depend on how the input is cut.
        const std::size_t made = output.size() - stream.avail_out;
        const std::size_t room = limit - out.size();
        out.append(output.data(), std::min(made, room));
        if (made > room) return Result::too_big;
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return Result::bad_data;
        if (status == Z_STREAM_END) {
            last_blocks_ += 1;
            if (last_blocks_ > most_last_blocks) return Result::bad_data;
            begin_again();
            if (stream.avail_in == 0) return Result::good;
            continue;
        }
        if (stream.avail_out != 0) return Result::good;  // it stops for want of input only
    }
    return Result::more;
}

auto MessageInflater::finish(std::string& out, std::size_t limit) -> Result {
    const auto result = take(empty_block, out, limit);
    last_blocks_ = 0;
    if (result != Result::good) return result;
    // Inside a block: the message was cut, and took the empty block for its own bytes.
    if ((stream_->data_type & is_between_blocks) == 0) return Result::bad_data;
    if (!keeps_context_) inflateReset(stream_.get());
    return Result::good;
}

struct MessageDeflater::Stream : z_stream {
    Stream() : z_stream{} {}
};

void MessageDeflater::End::operator()(Stream* stream) const noexcept {
    deflateEnd(stream);
    delete stream;
}

void MessageDeflater::open() {
    auto stream = std::make_unique<Stream>();
    // zlib has no compressor with a window of 2^8. With 2^9 its distances are at most 250 (the window less its look-ahead),
    // which a window of 2^8 can follow.
    const int bits = std::max(window_bits_, 9);
    const int status = deflateInit2(stream.get(), level_, Z_DEFLATED, -bits, memory_level_, Z_DEFAULT_STRATEGY);
    if (status != Z_OK) throw std::bad_alloc();
    stream_.reset(stream.release());
}

void MessageDeflater::take(std::string_view piece, bool is_last, std::string& out) {
    if (!stream_) open();
    Stream& stream = *stream_;
    const std::size_t before = out.size();
    do {
        const auto part = piece.substr(0, largest_input);
        piece.remove_prefix(part.size());
        point_at(stream, part);
        const int flush = piece.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH;
        do {
            const std::size_t at = out.size();
            out.resize(at + std::clamp<std::size_t>(stream.avail_in, 64, step_bytes));
            stream.next_out = reinterpret_cast<Bytef*>(out.data() + at);
            stream.avail_out = static_cast<uInt>(out.size() - at);
            deflate(&stream, flush);
            out.resize(out.size() - stream.avail_out);
        } while (stream.avail_out == 0);
    } while (!piece.empty());
    if (!is_last) return;
    if (std::string_view(out).substr(before).ends_with(empty_block)) {
        out.resize(out.size() - empty_block.size());
    }
    // A message without a byte is one empty block, of which the first byte is sent (RFC 7692 7.2.3.6).
    if (out.size() == before) out.push_back('\0');
    if (!keeps_context_) deflateReset(&stream);
}

}  // namespace gyre::http::internal
