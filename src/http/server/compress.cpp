#include <gyre/http/server/compress.hpp>

#include "../core/cookie_text.hpp"
#include "../core/grammar.hpp"
#include "served_file.hpp"

#include <gyre/core/sleep.hpp>
#include <gyre/http/core/conditions.hpp>
#include <gyre/http/core/media_type.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gyre::http {

namespace {

// What is encoded at a time, so that the loop has its turn in between; a body up to that is encoded before it is sent.
constexpr std::size_t step_bytes = 64 * 1024;

/// The options, checked.
struct CompressSettings {
    explicit CompressSettings(const CompressOptions& options);

    struct Offer {
        ContentCoding coding;
        EncodeOptions encode;
    };

    [[nodiscard]] auto takes_type(std::string_view content_type) const -> bool;

    std::vector<Offer> offers;
    std::vector<std::string_view> names;  ///< Of the offers, and "identity".
    std::vector<std::string> media_types;
    std::uint64_t min_bytes;
};
using Settings = std::shared_ptr<const CompressSettings>;

auto level_for(ContentCoding coding, const CompressOptions& options) -> int {
    switch (coding) {
    case ContentCoding::br:
        return options.br_level;
    case ContentCoding::zstd:
        return options.zstd_level;
    case ContentCoding::identity:
    case ContentCoding::gzip:
    case ContentCoding::deflate:
        break;
    }
    return options.gzip_level;
}

CompressSettings::CompressSettings(const CompressOptions& options) : min_bytes(options.min_bytes) {
    internal::for_each_member(options.codings, [&](std::string_view name) {
        const auto coding = parse_coding(name);
        if (!coding || *coding == ContentCoding::identity) {
            throw std::invalid_argument("http::compress: \"" + std::string(name) + "\" is no coding that it has");
        }
        EncodeOptions encode;
        encode.level = level_for(*coding, options);
        static_cast<void>(ContentEncoder(*coding, encode));  // throws now, not for each request
        offers.push_back({*coding, encode});
        names.push_back(coding_name(*coding));
    });
    names.push_back(coding_name(ContentCoding::identity));
    internal::for_each_member(options.media_types, [&](std::string_view type) {
        if (!type.empty()) media_types.push_back(internal::to_lower(type));
    });
}

auto CompressSettings::takes_type(std::string_view content_type) const -> bool {
    const auto type = internal::to_lower(internal::trim_whitespace(content_type.substr(0, content_type.find(';'))));
    const bool is_events = type == "text/event-stream";
    return std::ranges::any_of(media_types, [&](const std::string& wanted) {
        if (wanted == type) return true;
        if (is_events) return false;
        if (wanted.starts_with('+')) return type.ends_with(wanted);
        return wanted.ends_with("/*") && type.starts_with(std::string_view(wanted).substr(0, wanted.size() - 1));
    });
}

/// The length of the body, if it is known.
auto length_of(const Response& response) -> std::optional<std::uint64_t> {
    if (const auto* text = std::get_if<std::string>(&response.body()); text != nullptr && !text->empty()) {
        return text->size();
    }
    const auto field = response.fields().get("Content-Length");
    if (!field)
        return std::holds_alternative<std::string>(response.body()) ? std::optional<std::uint64_t>(0) : std::nullopt;
    std::uint64_t length = 0;
    std::from_chars(field->data(), field->data() + field->size(), length);
    return length;
}

auto may_be_coded(const Response& response) -> bool {
    const int status = response.status();
    if (status == 101 || status == 204 || status == 205 || status == 206 || status == 304) return false;
    const auto& fields = response.fields();
    return !fields.contains("Content-Encoding") && !fields.contains("Content-Range") &&
           !fields.contains_token("Cache-Control", "no-transform");
}

/// How long the whole is of which this is a part, if that is told.
auto length_of_whole(const Response& part) -> std::optional<std::uint64_t> {
    const auto range = part.fields().get("Content-Range").value_or("");
    const auto slash = range.find('/');
    if (slash == range.npos) return std::nullopt;
    const auto digits = range.substr(slash + 1);
    std::uint64_t length = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    return error == std::errc() ? std::optional(length) : std::nullopt;
}

/// Whether the 200 to the same request could have been coded: then the 206 says so too, or a cache keeps the part for everybody.
/// Source: RFC 9110, 15.3.7.
auto is_part_of_what_varies(const CompressSettings& settings, const Response& response) -> bool {
    if (response.status() != 206) return false;
    const auto& fields = response.fields();
    if (fields.contains("Content-Encoding") || fields.contains_token("Cache-Control", "no-transform")) return false;
    const auto type = fields.get("Content-Type").value_or("");
    const bool hides_type = internal::to_lower(type).starts_with("multipart/byteranges");
    return hides_type ||
           (length_of_whole(response).value_or(settings.min_bytes) >= settings.min_bytes && settings.takes_type(type));
}

void vary(Response& response) {
    auto& fields = response.fields();
    if (!fields.contains_token("Vary", "Accept-Encoding") && !fields.contains_token("Vary", "*")) {
        response.header("Vary", "Accept-Encoding");
    }
}

/// What was promised of the bytes does not hold for others.
void weaken(Response& response) {
    const auto tag = EntityTag::parse(response.fields().get("ETag").value_or(""));
    if (tag && !tag->is_weak()) response.fields().set("ETag", EntityTag(tag->opaque(), true).to_string());
}

auto write_step(ContentEncoder& encoder, std::string_view step, BodyWriter& writer) -> Task<void> {
    std::string out;
    encoder.write(step, out);
    if (!out.empty()) co_await writer.write(out);
    co_await yield_now();
}

auto write_whole(std::shared_ptr<const std::string> text, CompressSettings::Offer offer, BodyWriter& writer)
    -> Task<void> {
    ContentEncoder encoder(offer.coding, offer.encode);
    for (std::string_view rest = *text; !rest.empty(); rest.remove_prefix(std::min(rest.size(), step_bytes))) {
        co_await write_step(encoder, rest.substr(0, step_bytes), writer);
    }
    std::string out;
    encoder.finish(out);
    co_await writer.write(out);
}

/// Hands on what is written as an encoder encodes it, with everything that is needed to decode it so far.
class EncodedBody final : public internal::BodySink {
public:
    EncodedBody(BodyWriter& below, ContentEncoder& encoder) noexcept : below_(&below), encoder_(&encoder) {}

    [[nodiscard]] auto write(std::string_view piece) -> Task<void> override {
        std::string out;
        while (!piece.empty()) {
            const auto step = piece.substr(0, step_bytes);
            piece.remove_prefix(step.size());
            out.clear();
            encoder_->write(step, out);
            if (piece.empty()) encoder_->flush(out);
            if (!out.empty()) co_await below_->write(out);
            if (!piece.empty()) co_await yield_now();
        }
    }
    [[nodiscard]] auto stopping() noexcept -> gyre::Event* override { return below_->stopping(); }

private:
    BodyWriter* below_;
    ContentEncoder* encoder_;
};

auto write_coded(BodyProducer producer, CompressSettings::Offer offer, BodyWriter& writer) -> Task<void> {
    ContentEncoder encoder(offer.coding, offer.encode);
    EncodedBody encoded(writer, encoder);
    BodyWriter coded(encoded);
    co_await producer(coded);
    std::string out;
    encoder.finish(out);
    co_await writer.write(out);
    for (const auto field : coded.trailers()) writer.trailer(field.name, field.value);
}

void encode(Response& response, CompressSettings::Offer offer, const Request& request) {
    const auto length = length_of(response);
    offer.encode.size_hint = length.value_or(0);
    auto& fields = response.fields();
    for (const auto* const name : {"Content-Length", "Accept-Ranges", "Content-Digest", "Content-MD5"})
        fields.remove(name);
    response.header("Content-Encoding", coding_name(offer.coding));
    weaken(response);
    auto& body = response.body();
    if (auto* producer = std::get_if<BodyProducer>(&body)) {
        *producer = [inner = std::move(*producer), offer](BodyWriter& w) { return write_coded(inner, offer, w); };
        return;
    }
    auto& text = std::get<std::string>(body);
    const bool is_told_of = request.method() == "HEAD" && text.empty();  // a file's: there is a length, and no body
    if (is_told_of || text.size() > step_bytes) {
        auto shared = std::make_shared<const std::string>(std::move(text));
        body = BodyProducer(
            [shared = std::move(shared), offer](BodyWriter& w) { return write_whole(shared, offer, w); });
        return;
    }
    std::string out;
    ContentEncoder encoder(offer.coding, offer.encode);
    encoder.write(text, out);
    encoder.finish(out);
    text = std::move(out);
}

auto respond(Settings settings, Request& request, Next next) -> Task<Response> {
    auto response = co_await next(request);
    // A file that a middleware names is not open yet.
    if (std::holds_alternative<FileSource>(response.body())) {
        response = co_await internal::open_source(request, std::move(response));
    }
    if (std::holds_alternative<Takeover>(response.body())) co_return response;
    const auto chosen = negotiate_coding(request.fields(), settings->names);
    const bool is_plain = chosen && *chosen == settings->offers.size();
    if (response.status() == 304) {
        // What it would be for 200 is not known any more; a weak tag stands for the strong one too.
        vary(response);
        if (!is_plain) weaken(response);
        co_return response;
    }
    if (is_part_of_what_varies(*settings, response)) vary(response);
    if (!may_be_coded(response)) co_return response;
    constexpr std::string_view identity[] = {"identity"};
    const auto length = length_of(response);
    const bool must_be_coded = length.value_or(1) > 0 && !negotiate_coding(request.fields(), identity);
    const bool is_worth_it = length.value_or(settings->min_bytes) >= settings->min_bytes &&
                             settings->takes_type(response.fields().get("Content-Type").value_or(""));
    if (!is_worth_it && !must_be_coded) co_return response;
    vary(response);
    if (!chosen && response.status() < 300) {
        co_return Response::problem(406, "there is no coding that the request takes").header("Vary", "Accept-Encoding");
    }
    if (chosen && !is_plain) encode(response, settings->offers[*chosen], request);
    co_return response;
}

}  // namespace

auto compress(const CompressOptions& options) -> Middleware {
    auto settings = std::make_shared<const CompressSettings>(options);
    return [settings = std::move(settings)](Request& request, Next next) { return respond(settings, request, next); };
}

}  // namespace gyre::http
