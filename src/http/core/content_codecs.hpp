#pragma once

// What the libraries behind the content codings look like to ContentDecoder and ContentEncoder.

#include <gyre/http/core/content_coding.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// Decodes one coding.
class Decompressor {
public:
    Decompressor() = default;
    Decompressor(const Decompressor&) = delete;
    auto operator=(const Decompressor&) -> Decompressor& = delete;
    virtual ~Decompressor() = default;

    /// Takes bytes from the front of `input` and puts what they decode to into `out`, which has room. 0 bytes only when
    /// `input` is used up. @throws ContentError, std::bad_alloc.
    [[nodiscard]] virtual auto step(std::string_view& input, std::span<char> out) -> std::size_t = 0;

    /// May the input end here?
    [[nodiscard]] virtual auto is_whole() const noexcept -> bool = 0;
};

/// Encodes one coding.
class Compressor {
public:
    enum class Until : std::uint8_t { more_comes, flushed, finished };

    Compressor() = default;
    Compressor(const Compressor&) = delete;
    auto operator=(const Compressor&) -> Compressor& = delete;
    virtual ~Compressor() = default;

    /// Encodes `input`, which is empty unless more comes, behind `out`. @throws std::bad_alloc.
    virtual void run(std::string_view input, Until until, std::string& out) = 0;
};

/// @param members the most members that a gzip content may have.
[[nodiscard]] auto make_gzip_decompressor(std::size_t members) -> std::unique_ptr<Decompressor>;
[[nodiscard]] auto make_deflate_decompressor() -> std::unique_ptr<Decompressor>;
[[nodiscard]] auto make_brotli_decompressor() -> std::unique_ptr<Decompressor>;
/// @param frames the most frames that the content may have.
[[nodiscard]] auto make_zstd_decompressor(std::size_t frames) -> std::unique_ptr<Decompressor>;

// The level is one that the coding has; a size of 0 is not known.
/// @param coding gzip or deflate.
[[nodiscard]] auto make_zlib_compressor(ContentCoding coding, int level, std::uint64_t size_hint)
    -> std::unique_ptr<Compressor>;
[[nodiscard]] auto make_brotli_compressor(int level, std::uint64_t size_hint) -> std::unique_ptr<Compressor>;
[[nodiscard]] auto make_zstd_compressor(int level, std::uint64_t size_hint) -> std::unique_ptr<Compressor>;

}  // namespace gyre::http::internal
