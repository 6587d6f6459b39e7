// zstd, over libzstd.

#include "content_codecs.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <new>

namespace gyre::http::internal {
namespace {

constexpr int largest_window_bits = 23;  // RFC 9659: 8 MiB

class ZstdDecompressor final : public Decompressor {
public:
    explicit ZstdDecompressor(std::size_t frames) : context_(ZSTD_createDCtx()), frames_left_(frames) {
        if (context_ == nullptr) throw std::bad_alloc();
        ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, largest_window_bits);
    }
    ZstdDecompressor(const ZstdDecompressor&) = delete;
    auto operator=(const ZstdDecompressor&) -> ZstdDecompressor& = delete;
    ~ZstdDecompressor() override { ZSTD_freeDCtx(context_); }

    auto step(std::string_view& input, std::span<char> out) -> std::size_t override {
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        while (true) {
            // To be asked for nothing too often is an error to the library.
            if (input.empty() && !was_full_) return 0;
            if (!is_inside_) {
                if (input.empty()) return 0;
                begin_frame(static_cast<unsigned char>(input.front()));
            }
            ZSTD_inBuffer in{input.data(), input.size(), 0};
            const auto result = ZSTD_decompressStream(context_, &output, &in);
            if (ZSTD_isError(result) != 0) fail(result);
            input.remove_prefix(in.pos);
            was_full_ = output.pos == output.size;
            if (result == 0) {
                is_inside_ = false;
                has_frame_ = true;
            }
            if (output.pos != 0 || input.empty()) return output.pos;
        }
    }

    auto is_whole() const noexcept -> bool override { return !is_inside_; }

private:
    void begin_frame(unsigned char first) {
        // The first byte of a frame, or of one to be skipped. Older formats, which the library may read, have another.
        const bool is_frame = first == 0x28 || (first >= 0x50 && first <= 0x5f);
        if (!is_frame) throw ContentError(has_frame_ ? ContentRule::trailing_data : ContentRule::bad_data, "zstd");
        if (frames_left_ == 0) throw ContentError(ContentRule::too_many_members, "zstd");
        --frames_left_;
        is_inside_ = true;
    }

    [[noreturn]] static void fail(std::size_t result) {
        const auto code = ZSTD_getErrorCode(result);
        if (code == ZSTD_error_memory_allocation) throw std::bad_alloc();
        if (code == ZSTD_error_frameParameter_windowTooLarge) throw ContentError(ContentRule::window_too_large, "zstd");
        throw ContentError(ContentRule::bad_data, "zstd");
    }

    ZSTD_DCtx* context_;
    std::size_t frames_left_;
    bool is_inside_ = false;
    bool has_frame_ = false;
    bool was_full_ = false;
};

class ZstdCompressor final : public Compressor {
public:
    ZstdCompressor(int level, std::uint64_t size_hint) : context_(ZSTD_createCCtx()) {
        if (context_ == nullptr) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
        const int bits = std::max(static_cast<int>(std::bit_width(size_hint)), 10);
        // What the level takes by itself is between this and the largest.
        constexpr int usual_window_bits = 19;
        if (size_hint != 0 && bits < usual_window_bits) ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, bits);
    }
    ZstdCompressor(const ZstdCompressor&) = delete;
    auto operator=(const ZstdCompressor&) -> ZstdCompressor& = delete;
    ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }

    void run(std::string_view input, Until until, std::string& out) override {
        auto directive = ZSTD_e_continue;
        if (until == Until::flushed) directive = ZSTD_e_flush;
        if (until == Until::finished) directive = ZSTD_e_end;
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        bool is_done = false;
        while (!is_done) {
            const auto at = out.size();
            constexpr std::size_t step_bytes = 16 * 1024;
            out.resize(at + std::clamp<std::size_t>(input.size() - in.pos, 64, step_bytes));
            ZSTD_outBuffer output{out.data() + at, out.size() - at, 0};
            const auto left = ZSTD_compressStream2(context_, &output, &in, directive);
            if (ZSTD_isError(left) != 0) throw std::bad_alloc();  // nothing else can be wrong here
            out.resize(at + output.pos);
            is_done = until == Until::more_comes ? in.pos == in.size : left == 0;
        }
    }

private:
    ZSTD_CCtx* context_;
};

}  // namespace

auto make_zstd_decompressor(std::size_t frames) -> std::unique_ptr<Decompressor> {
    return std::make_unique<ZstdDecompressor>(frames);
}

auto make_zstd_compressor(int level, std::uint64_t size_hint) -> std::unique_ptr<Compressor> {
    return std::make_unique<ZstdCompressor>(level, size_hint);
}

}  // namespace gyre::http::internal
