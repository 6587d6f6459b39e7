#include <gyre/http/core/content_coding.hpp>

#include "content_codecs.hpp"

#include <algorithm>
#include <utility>

namespace gyre::http {
namespace {

constexpr std::size_t first_step_bytes = 16 * 1024;

/// None for identity.
auto make_decompressor(ContentCoding coding, const DecodeLimits& limits) -> std::unique_ptr<internal::Decompressor> {
    switch (coding) {
    case ContentCoding::gzip:
        return internal::make_gzip_decompressor(limits.members);
    case ContentCoding::deflate:
        return internal::make_deflate_decompressor();
    case ContentCoding::br:
        return internal::make_brotli_decompressor();
    case ContentCoding::zstd:
        return internal::make_zstd_decompressor(limits.members);
    case ContentCoding::identity:
        break;
    }
    return nullptr;
}

}  // namespace

struct ContentDecoder::Layer {
    Layer(std::unique_ptr<internal::Decompressor> its_decompressor, ContentCoding its_coding) noexcept
        : decompressor(std::move(its_decompressor)), coding(its_coding) {}

    /// For the next step: content that filled the last one is likely to be long.
    void make_room() {
        if (capacity != 0 && (!is_full || capacity == step_bytes)) return;
        const auto wanted = capacity == 0 ? first_step_bytes : std::min(capacity * 4, step_bytes);
        buffer = std::make_unique_for_overwrite<char[]>(wanted);
        capacity = wanted;
    }

    std::unique_ptr<internal::Decompressor> decompressor;
    std::unique_ptr<char[]> buffer;
    std::size_t capacity = 0;
    std::string_view pending;  // came from the layer before
    std::uint64_t made = 0;
    bool has_input = false;
    bool is_full = false;
    ContentCoding coding;
};

ContentDecoder::ContentDecoder(ContentCoding coding, const DecodeLimits& limits)
    : ContentDecoder(std::span(&coding, 1), limits) {}

ContentDecoder::ContentDecoder(std::span<const ContentCoding> codings, const DecodeLimits& limits) : limits_(limits) {
    const auto identities = std::count(codings.begin(), codings.end(), ContentCoding::identity);
    if (codings.size() - static_cast<std::size_t>(identities) > limits.codings) {
        throw ContentError(ContentRule::too_many_codings, coding_name(codings.back()));
    }
    for (std::size_t i = codings.size(); i-- > 0;) {
        if (auto decompressor = make_decompressor(codings[i], limits)) {
            layers_.emplace_back(std::move(decompressor), codings[i]);
        }
    }
}

ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
auto ContentDecoder::operator=(ContentDecoder&&) noexcept -> ContentDecoder& = default;
ContentDecoder::~ContentDecoder() = default;

auto ContentDecoder::take(std::string_view& input) -> std::string_view {
    if (!layers_.empty()) return pull(layers_.size() - 1, input);
    const auto piece = input.substr(0, step_bytes);
    passed_ += piece.size();
    if (passed_ > limits_.output_bytes) throw ContentError(ContentRule::output_too_large, "identity");
    input.remove_prefix(piece.size());
    return piece;
}

auto ContentDecoder::pull(std::size_t layer, std::string_view& input) -> std::string_view {
    if (layer == 0) return step(layers_[0], input);
    auto& here = layers_[layer];
    while (true) {
        const auto piece = step(here, here.pending);
        if (!piece.empty()) return piece;
        here.pending = pull(layer - 1, input);
        if (here.pending.empty()) return {};
    }
}

auto ContentDecoder::step(Layer& layer, std::string_view& input) -> std::string_view {
    if (!input.empty()) layer.has_input = true;
    if (!layer.has_input) return {};
    layer.make_room();
    const auto before = input.size();
    const auto size = layer.decompressor->step(input, std::span(layer.buffer.get(), layer.capacity));
    if (&layer == layers_.data()) taken_ += before - input.size();
    layer.made += size;
    layer.is_full = size == layer.capacity;
    check(layer);
    return {layer.buffer.get(), size};
}

void ContentDecoder::check(const Layer& layer) const {
    if (layer.made > limits_.output_bytes) throw ContentError(ContentRule::output_too_large, coding_name(layer.coding));
    if (limits_.ratio == 0 || layer.made <= limits_.ratio_from) return;
    if ((layer.made - 1) / limits_.ratio >= taken_) {
        throw ContentError(ContentRule::ratio_too_large, coding_name(layer.coding));
    }
}

void ContentDecoder::finish() const {
    for (const auto& layer : layers_) {
        if (layer.has_input && !layer.decompressor->is_whole()) {
            throw ContentError(ContentRule::cut_short, coding_name(layer.coding));
        }
    }
}

auto decode_content(std::string_view coded, ContentCoding coding, const DecodeLimits& limits) -> std::string {
    ContentDecoder decoder(coding, limits);
    std::string content;
    while (true) {
        const auto piece = decoder.take(coded);
        if (piece.empty()) break;
        content.append(piece);
    }
    decoder.finish();
    return content;
}

}  // namespace gyre::http
