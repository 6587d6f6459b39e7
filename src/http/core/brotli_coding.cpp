// br, over libbrotli.

#include "content_codecs.hpp"

#include <brotli/decode.h>
#include <brotli/encode.h>

#include <algorithm>
#include <bit>
#include <new>

namespace gyre::http::internal {
namespace {

class BrotliDecompressor final : public Decompressor {
public:
    BrotliDecompressor() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (state_ == nullptr) throw std::bad_alloc();
    }
    BrotliDecompressor(const BrotliDecompressor&) = delete;
    auto operator=(const BrotliDecompressor&) -> BrotliDecompressor& = delete;
    ~BrotliDecompressor() override { BrotliDecoderDestroyInstance(state_); }

    auto step(std::string_view& input, std::span<char> out) -> std::size_t override {
        if (is_at_end_) {
            if (!input.empty()) throw ContentError(ContentRule::trailing_data, "br");
            return 0;
        }
        std::size_t input_left = input.size();
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        std::size_t room = out.size();
        auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
        const auto result = BrotliDecoderDecompressStream(state_, &input_left, &next_in, &room, &next_out, nullptr);
        input.remove_prefix(input.size() - input_left);
        if (result == BROTLI_DECODER_RESULT_ERROR) fail();
        is_at_end_ = result == BROTLI_DECODER_RESULT_SUCCESS;
        const auto made = out.size() - room;
        if (is_at_end_ && made == 0 && !input.empty()) throw ContentError(ContentRule::trailing_data, "br");
        return made;
    }

    auto is_whole() const noexcept -> bool override { return is_at_end_; }

private:
    [[noreturn]] void fail() const {
        const auto code = BrotliDecoderGetErrorCode(state_);
        // The codes count down: what is wrong with the data comes first, what could not be allocated last.
        if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES) throw std::bad_alloc();
        throw ContentError(ContentRule::bad_data, "br");
    }

    BrotliDecoderState* state_;
    bool is_at_end_ = false;
};

class BrotliCompressor final : public Compressor {
public:
    BrotliCompressor(int level, std::uint64_t size_hint)
        : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (state_ == nullptr) throw std::bad_alloc();
        constexpr int usual_window_bits = 19;  // of content whose length is not known: 512 KiB
        const int bits = size_hint == 0 ? usual_window_bits
                                        : std::clamp(static_cast<int>(std::bit_width(size_hint)), 16, 22);
        set(BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(level));
        set(BROTLI_PARAM_LGWIN, static_cast<std::uint32_t>(bits));
        constexpr std::uint64_t largest_hint = 1U << 30U;
        set(BROTLI_PARAM_SIZE_HINT, static_cast<std::uint32_t>(std::min(size_hint, largest_hint)));
    }
    BrotliCompressor(const BrotliCompressor&) = delete;
    auto operator=(const BrotliCompressor&) -> BrotliCompressor& = delete;
    ~BrotliCompressor() override { BrotliEncoderDestroyInstance(state_); }

    void run(std::string_view input, Until until, std::string& out) override {
        auto operation = BROTLI_OPERATION_PROCESS;
        if (until == Until::flushed) operation = BROTLI_OPERATION_FLUSH;
        if (until == Until::finished) operation = BROTLI_OPERATION_FINISH;
        std::size_t input_left = input.size();
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        // All that it has made is taken each time. What it flushes or finishes comes without input: once is enough.
        do {
            std::size_t no_room = 0;
            const auto is_good = BrotliEncoderCompressStream(
                state_, operation, &input_left, &next_in, &no_room, nullptr, nullptr);
            if (is_good == BROTLI_FALSE) throw std::bad_alloc();  // it knows no other reason
            std::size_t size = 0;
            const auto* made = BrotliEncoderTakeOutput(state_, &size);
            out.append(reinterpret_cast<const char*>(made), size);
        } while (input_left != 0);
    }

private:
    void set(BrotliEncoderParameter parameter, std::uint32_t value) noexcept {
        BrotliEncoderSetParameter(state_, parameter, value);
    }

    BrotliEncoderState* state_;
};

}  // namespace

auto make_brotli_decompressor() -> std::unique_ptr<Decompressor> { return std::make_unique<BrotliDecompressor>(); }

auto make_brotli_compressor(int level, std::uint64_t size_hint) -> std::unique_ptr<Compressor> {
    return std::make_unique<BrotliCompressor>(level, size_hint);
}

}  // namespace gyre::http::internal
