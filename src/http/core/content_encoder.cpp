#include <gyre/http/core/content_coding.hpp>

#include "content_codecs.hpp"

#include <gyre/core/errors.hpp>

#include <utility>

namespace gyre::http {
namespace {

using Until = internal::Compressor::Until;

struct Levels {
    int lowest;
    int highest;
    int usual;
};

constexpr auto levels_of(ContentCoding coding) noexcept -> Levels {
    switch (coding) {
    case ContentCoding::gzip:
    case ContentCoding::deflate:
        return {0, 9, 6};
    case ContentCoding::br:
        return {0, 11, 4};
    case ContentCoding::zstd:
        return {1, 19, 3};  // those above have windows of more than 8 MiB
    case ContentCoding::identity:
        break;
    }
    return {0, 0, 0};
}

auto level_of(ContentCoding coding, int level) -> int {
    const auto levels = levels_of(coding);
    if (level == EncodeOptions::default_level) return levels.usual;
    if (level >= levels.lowest && level <= levels.highest) return level;
    std::string text = "content coding ";
    text.append(coding_name(coding)).append(": level ").append(std::to_string(level)).append(" is not one of ");
    text.append(std::to_string(levels.lowest)).append(" to ").append(std::to_string(levels.highest));
    throw std::invalid_argument(text);
}

auto make_compressor(ContentCoding coding, const EncodeOptions& options) -> std::unique_ptr<internal::Compressor> {
    const int level = level_of(coding, options.level);
    switch (coding) {
    case ContentCoding::gzip:
    case ContentCoding::deflate:
        return internal::make_zlib_compressor(coding, level, options.size_hint);
    case ContentCoding::br:
        return internal::make_brotli_compressor(level, options.size_hint);
    case ContentCoding::zstd:
        return internal::make_zstd_compressor(level, options.size_hint);
    case ContentCoding::identity:
        break;
    }
    return nullptr;
}

}  // namespace

ContentEncoder::ContentEncoder(ContentCoding coding, const EncodeOptions& options)
    : compressor_(make_compressor(coding, options)) {}

ContentEncoder::ContentEncoder(ContentEncoder&&) noexcept = default;
auto ContentEncoder::operator=(ContentEncoder&&) noexcept -> ContentEncoder& = default;
ContentEncoder::~ContentEncoder() = default;

void ContentEncoder::check_open() const {
    if (is_finished_) throw InvalidStateError("content coding: the encoder is used after finish");
}

void ContentEncoder::write(std::string_view piece, std::string& out) {
    check_open();
    if (compressor_) {
        compressor_->run(piece, Until::more_comes, out);
    } else {
        out.append(piece);
    }
}

void ContentEncoder::flush(std::string& out) {
    check_open();
    if (compressor_) compressor_->run({}, Until::flushed, out);
}

void ContentEncoder::finish(std::string& out) {
    check_open();
    is_finished_ = true;
    if (compressor_) compressor_->run({}, Until::finished, out);
}

auto encode_content(std::string_view content, ContentCoding coding, int level) -> std::string {
    ContentEncoder encoder(coding, {.level = level, .size_hint = content.size()});
    std::string coded;
    encoder.write(content, coded);
    encoder.finish(coded);
    return coded;
}

}  // namespace gyre::http
