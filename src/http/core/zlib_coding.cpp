// gzip and deflate, over zlib.

#include "content_codecs.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace gyre::http::internal {
namespace {

constexpr int largest_window_bits = 15;
constexpr int gzip_bits = 16;                     // added to those of the window: with the header of gzip
constexpr std::size_t largest_piece = 64 * 1024;  // at a time: zlib counts in 32 bits

void point_at(z_stream& stream, std::string_view input) noexcept {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream.avail_in = static_cast<uInt>(std::min(input.size(), largest_piece));
}

void open(z_stream& stream, int window_bits) {
    if (inflateInit2(&stream, window_bits) != Z_OK) throw std::bad_alloc();
}

/// One call of inflate. @return bytes put into `out`; `input` is shortened.
auto inflate_step(z_stream& stream, std::string_view& input, std::span<char> out, ContentCoding coding, int& status)
    -> std::size_t {
    point_at(stream, input);
    const auto room = std::min(out.size(), largest_piece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(room);
    const auto offered = stream.avail_in;
    status = inflate(&stream, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        throw ContentError(ContentRule::bad_data, coding_name(coding));
    }
    input.remove_prefix(offered - stream.avail_in);
    return room - stream.avail_out;
}

class GzipDecompressor final : public Decompressor {
public:
    explicit GzipDecompressor(std::size_t members) : members_left_(members) {
        open(stream_, gzip_bits + largest_window_bits);
    }
    GzipDecompressor(const GzipDecompressor&) = delete;
    auto operator=(const GzipDecompressor&) -> GzipDecompressor& = delete;
    ~GzipDecompressor() override { inflateEnd(&stream_); }

    auto step(std::string_view& input, std::span<char> out) -> std::size_t override {
        while (true) {
            if (!is_inside_) {
                if (input.empty()) return 0;
                begin_member(input.front());
            }
            int status = Z_OK;
            const auto made = inflate_step(stream_, input, out, ContentCoding::gzip, status);
            if (status == Z_STREAM_END) is_inside_ = false;
            if (made != 0 || input.empty()) return made;
        }
    }

    auto is_whole() const noexcept -> bool override { return !is_inside_; }

private:
    void begin_member(char first) {
        constexpr char magic = 0x1f;
        if (std::exchange(has_begun_, true)) {
            if (first != magic) throw ContentError(ContentRule::trailing_data, "gzip");
            inflateReset(&stream_);
        }
        if (members_left_ == 0) throw ContentError(ContentRule::too_many_members, "gzip");
        --members_left_;
        is_inside_ = true;
    }

    z_stream stream_{};
    std::size_t members_left_;
    bool has_begun_ = false;
    bool is_inside_ = false;
};

/// With the header of zlib, or without: some servers have always left it out, and browsers read both.
class DeflateDecompressor final : public Decompressor {
public:
    DeflateDecompressor() = default;
    DeflateDecompressor(const DeflateDecompressor&) = delete;
    auto operator=(const DeflateDecompressor&) -> DeflateDecompressor& = delete;
    ~DeflateDecompressor() override {
        if (is_open_) inflateEnd(&stream_);
    }

    auto step(std::string_view& input, std::span<char> out) -> std::size_t override {
        if (!is_open_ && !begin(input)) return 0;
        // The two bytes that were looked at before the rest: they hold no more than one byte, for which there is room.
        if (!start_.empty()) {
            const auto made = run(start_, out);
            if (made != 0) return made;
        }
        while (!is_at_end_) {
            const auto made = run(input, out);
            if (made != 0 || input.empty()) return made;
        }
        if (!input.empty()) throw ContentError(ContentRule::trailing_data, "deflate");
        return 0;
    }

    auto is_whole() const noexcept -> bool override { return is_at_end_; }

private:
    auto run(std::string_view& input, std::span<char> out) -> std::size_t {
        int status = Z_OK;
        const auto made = inflate_step(stream_, input, out, ContentCoding::deflate, status);
        is_at_end_ = status == Z_STREAM_END;
        return made;
    }

    /// False if the first two bytes are not there yet.
    auto begin(std::string_view& input) -> bool {
        while (held_ < sizeof first_ && !input.empty()) {
            first_[held_++] = input.front();
            input.remove_prefix(1);
        }
        if (held_ < sizeof first_) return false;
        open(stream_, has_header() ? largest_window_bits : -largest_window_bits);
        is_open_ = true;
        start_ = std::string_view(first_, sizeof first_);
        return true;
    }

    auto has_header() const noexcept -> bool {
        const unsigned first = static_cast<unsigned char>(first_[0]);
        const unsigned second = static_cast<unsigned char>(first_[1]);
        return (first & 15U) == Z_DEFLATED && (first >> 4U) <= 7 && (first * 256 + second) % 31 == 0;
    }

    z_stream stream_{};
    char first_[2]{};
    std::size_t held_ = 0;
    std::string_view start_;
    bool is_open_ = false;
    bool is_at_end_ = false;
};

class ZlibCompressor final : public Compressor {
public:
    ZlibCompressor(ContentCoding coding, int level, std::uint64_t size_hint) {
        // zlib has no compressor with a window of 2^8 that all decompressors follow.
        const int bits = size_hint == 0
                             ? largest_window_bits
                             : std::clamp(static_cast<int>(std::bit_width(size_hint)), 9, largest_window_bits);
        constexpr int memory_level = 8;
        const int status = deflateInit2(&stream_, level, Z_DEFLATED,
            coding == ContentCoding::gzip ? bits + gzip_bits : bits, memory_level, Z_DEFAULT_STRATEGY);
        if (status != Z_OK) throw std::bad_alloc();
    }
    ZlibCompressor(const ZlibCompressor&) = delete;
    auto operator=(const ZlibCompressor&) -> ZlibCompressor& = delete;
    ~ZlibCompressor() override { deflateEnd(&stream_); }

    void run(std::string_view input, Until until, std::string& out) override {
        constexpr std::size_t step_bytes = 16 * 1024;
        int flush = Z_NO_FLUSH;
        if (until == Until::flushed) flush = Z_SYNC_FLUSH;
        if (until == Until::finished) flush = Z_FINISH;
        do {
            const auto piece = input.substr(0, largest_piece);
            input.remove_prefix(piece.size());
            point_at(stream_, piece);
            do {
                const auto at = out.size();
                out.resize(at + std::clamp<std::size_t>(stream_.avail_in, 64, step_bytes));
                stream_.next_out = reinterpret_cast<Bytef*>(out.data() + at);
                stream_.avail_out = static_cast<uInt>(out.size() - at);
                deflate(&stream_, flush);
                out.resize(out.size() - stream_.avail_out);
            } while (stream_.avail_out == 0);
        } while (!input.empty());
    }

private:
    z_stream stream_{};
};

}  // namespace

auto make_gzip_decompressor(std::size_t members) -> std::unique_ptr<Decompressor> {
    return std::make_unique<GzipDecompressor>(members);
}

auto make_deflate_decompressor() -> std::unique_ptr<Decompressor> { return std::make_unique<DeflateDecompressor>(); }

auto make_zlib_compressor(ContentCoding coding, int level, std::uint64_t size_hint) -> std::unique_ptr<Compressor> {
    return std::make_unique<ZlibCompressor>(coding, level, size_hint);
}

}  // namespace gyre::http::internal
