#pragma once

#include <gyre/http/core/fields.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// How the content of a message is coded: what Content-Encoding names.
enum class ContentCoding : std::uint8_t {
    identity,  ///< not at all
    gzip,      ///< RFC 1952; "x-gzip" is the same
    deflate,   ///< RFC 1950 (zlib); without its header it is read too, since servers send that
    br,        ///< Brotli, RFC 7932
    zstd,      ///< RFC 8878 with a window of at most 8 MiB (RFC 9659)
};

/// "identity", "gzip", "deflate", "br", "zstd". Static storage.
[[nodiscard]] auto coding_name(ContentCoding coding) noexcept -> std::string_view;

/// The coding of that name, in any case; empty if it is none of these.
[[nodiscard]] auto parse_coding(std::string_view name) noexcept -> std::optional<ContentCoding>;

/// What the Content-Encoding fields of a message name, in the order in which the codings were applied. Nothing for a message
/// without such a field; an empty optional if one of them is unknown. Source: RFC 9110 8.4.
[[nodiscard]] auto content_codings(const Fields& fields) -> std::optional<std::vector<ContentCoding>>;

/// What to send as Accept-Encoding: everything that `ContentDecoder` can read.
inline constexpr std::string_view accepted_codings = "gzip, deflate, br, zstd";

/// Why coded content is refused.
enum class ContentRule : std::uint8_t {
    bad_data,          ///< it is not what its coding allows, or fails its checksum
    cut_short,         ///< it ends before its end
    trailing_data,     ///< something comes after its end
    too_many_members,  ///< more gzip members or zstd frames than the limit
    window_too_large,  ///< a zstd window of more than 8 MiB
    output_too_large,  ///< it decodes to more bytes than the limit
    ratio_too_large,   ///< it decodes to far more bytes than it is long: a bomb
    too_many_codings,  ///< more codings on top of each other than the limit
};

/// As spelled in `ContentRule`. Static storage.
[[nodiscard]] auto rule_name(ContentRule rule) noexcept -> std::string_view;

/// Coded content that is refused. `what()` names the coding and the rule.
class ContentError : public std::runtime_error {
public:
    ContentError(ContentRule rule, std::string_view coding);

    [[nodiscard]] auto rule() const noexcept -> ContentRule { return rule_; }

private:
    ContentRule rule_;
};

/// How much coded content may become. Every limit is inclusive.
struct DecodeLimits {
    /// Decoded bytes, of the content and of what is between two codings.
    std::uint64_t output_bytes = std::numeric_limits<std::uint64_t>::max();
    /// Decoded bytes for each coded one, once there are more than `ratio_from`. 0: any number.
    std::uint64_t ratio = 200;
    std::uint64_t ratio_from = 1024 * 1024;
    /// Codings on top of each other.
    std::size_t codings = 2;
    /// Members of one gzip content, or frames of one zstd content.
    std::size_t members = 1024;
};

namespace internal {
class Decompressor;
class Compressor;
}  // namespace internal

/// Decodes content in steps of bounded size, one or two codings deep.
///
/// What it holds is bounded whatever comes in: one step for each coding, and the window of the coding (32 KiB for gzip and
/// deflate, up to 16 MiB for br, 8 MiB for zstd).
/// Content without a byte is whole: servers name a coding where there is nothing to code.
/// Thread: none of its own.
class ContentDecoder {
public:
    /// The largest piece that `take` gives.
    static constexpr std::size_t step_bytes = 256 * 1024;

    explicit ContentDecoder(ContentCoding coding, const DecodeLimits& limits = {});
    /// @param codings in the order in which they were applied; identity is nothing.
    /// @throws ContentError if there are too many.
    explicit ContentDecoder(std::span<const ContentCoding> codings, const DecodeLimits& limits = {});
    ContentDecoder(ContentDecoder&&) noexcept;
    auto operator=(ContentDecoder&&) noexcept -> ContentDecoder&;
    ~ContentDecoder();

    /// The next piece of the content, valid until the next call; what it used is removed from the front of `input`. Empty:
    /// `input` is used up and more is needed. Call it until then.
    /// @throws ContentError, and after one is of no more use; std::bad_alloc.
    [[nodiscard]] auto take(std::string_view& input) -> std::string_view;

    /// The input has ended, and `take` has given everything. @throws ContentError if it is not whole.
    void finish() const;

private:
    struct Layer;

    [[nodiscard]] auto pull(std::size_t layer, std::string_view& input) -> std::string_view;
    [[nodiscard]] auto step(Layer& layer, std::string_view& input) -> std::string_view;
    void check(const Layer& layer) const;

    std::vector<Layer> layers_;  // the last one gives the content
    DecodeLimits limits_;
    std::uint64_t taken_ = 0;
    std::uint64_t passed_ = 0;  // of content that is not coded
};

/// How content is encoded.
struct EncodeOptions {
    /// How hard it tries: 0 to 9 for gzip and deflate, 0 to 11 for br, 1 to 19 for zstd. The default is made for content that
    /// is encoded as it is sent: 6, 4 and 3.
    static constexpr int default_level = -1;

    int level = default_level;
    /// About how long the content is, in bytes, if that is known: short content needs less memory. 0: not known.
    std::uint64_t size_hint = 0;
};

/// Encodes content as it is made. Thread: none of its own.
class ContentEncoder {
public:
    /// @throws std::invalid_argument for a level that the coding does not have; std::bad_alloc.
    explicit ContentEncoder(ContentCoding coding, const EncodeOptions& options = {});
    ContentEncoder(ContentEncoder&&) noexcept;
    auto operator=(ContentEncoder&&) noexcept -> ContentEncoder&;
    ~ContentEncoder();

    /// Encodes the next piece. What is ready is added to `out`; it may be nothing yet.
    /// @throws InvalidStateError after `finish`; std::bad_alloc.
    void write(std::string_view piece, std::string& out);

    /// Adds what is missing to `out` so that a reader can decode everything written so far: for events and live streams. It
    /// costs some of the compression. @throws as `write`.
    void flush(std::string& out);

    /// Adds the rest to `out`. @throws as `write`.
    void finish(std::string& out);

private:
    void check_open() const;

    std::unique_ptr<internal::Compressor> compressor_;  // null: identity
    bool is_finished_ = false;
};

/// The whole content, encoded. @throws as `ContentEncoder`.
[[nodiscard]] auto encode_content(
    std::string_view content, ContentCoding coding, int level = EncodeOptions::default_level) -> std::string;

/// The whole content, decoded. @throws as `ContentDecoder`.
[[nodiscard]] auto decode_content(std::string_view coded, ContentCoding coding, const DecodeLimits& limits = {})
    -> std::string;

}  // namespace gyre::http
