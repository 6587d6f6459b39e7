// Content codings: any data and any cut of it come back; any input is decoded within the limits, or refused.

#include "h1_fuzz_support.hpp"

#include <gyre/http/core/content_coding.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

using namespace gyre::http;
using namespace gyre::http::testing;

namespace {

constexpr DecodeLimits limits{.output_bytes = 100'000, .members = 20};

auto decode(std::span<const ContentCoding> codings, std::string_view coded, const Cuts& cuts)
    -> std::optional<std::string> {
    std::string content;
    try {
        ContentDecoder decoder(codings, limits);
        in_pieces(coded, cuts, [&](std::string_view input) {
            for (auto piece = decoder.take(input); !piece.empty(); piece = decoder.take(input)) content.append(piece);
            require(input.empty(), "the input is used up");
            require(content.size() <= limits.output_bytes, "the limit holds");
            return true;
        });
        decoder.finish();
    } catch (const ContentError&) {
        return std::nullopt;
    }
    return content;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto chosen = take_choice(input);
    if (!chosen) return 0;
    const auto choice = *chosen;
    constexpr std::array codings = {ContentCoding::gzip, ContentCoding::deflate, ContentCoding::br, ContentCoding::zstd};
    const auto coding = codings[choice % 4];
    const auto cuts = take_cuts(input);

    std::vector<ContentCoding> layers{coding};
    if ((choice & 4U) != 0) layers.push_back(codings[choice / 8 % 4]);
    require(decode(layers, input, {}) == decode(layers, input, cuts), "cuts change nothing");

    // What we encode ourselves, with flushes.
    ContentEncoder encoder(coding, {.level = 1 + static_cast<int>(choice / 32), .size_hint = choice});
    std::string coded;
    auto rest = input;
    for (const auto cut : cuts) {
        encoder.write(rest.substr(0, cut), coded);
        rest.remove_prefix(std::min(cut, rest.size()));
        encoder.flush(coded);
    }
    encoder.write(rest, coded);
    encoder.finish(coded);
    if (input.size() <= limits.output_bytes) {
        require(decode(std::span(&coding, 1), coded, cuts) == input, "what was encoded comes back");
    }
    return 0;
}
