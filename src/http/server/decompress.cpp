#include <gyre/http/server/decompress.hpp>

#include "server_connection.hpp"

#include <gyre/core/sleep.hpp>
#include <gyre/http/server/http_error.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

namespace {

auto unsupported(std::string_view why) -> HttpError {
    HttpError error(415, std::string(why));
    error.header("Accept-Encoding", accepted_codings);
    return error;
}

auto refusal_of(const ContentError& error) -> HttpError {
    switch (error.rule()) {
    case ContentRule::output_too_large:
    case ContentRule::ratio_too_large:
    case ContentRule::too_many_members:
        return HttpError(413, error.what());
    case ContentRule::too_many_codings:
        return unsupported(error.what());
    case ContentRule::bad_data:
    case ContentRule::cut_short:
    case ContentRule::trailing_data:
    case ContentRule::window_too_large:
        break;
    }
    return HttpError(400, error.what());
}

/// The body of a request, decoded as it comes.
class DecodedBody final : public internal::BodySource {
public:
    DecodedBody(ServerExchange& exchange, ContentDecoder decoder) noexcept
        : exchange_(&exchange), decoder_(std::move(decoder)) {}

    [[nodiscard]] auto read() -> Task<std::span<const char>> override {
        for (;;) {
            if (refusal_) throw HttpError(*refusal_);
            if (since_turn_ >= ContentDecoder::step_bytes) {
                co_await yield_now();
                since_turn_ = 0;
            }
            const auto piece = take();
            if (!piece.empty()) {
                since_turn_ += piece.size();
                co_return std::span<const char>(piece);
            }
            const auto coded = co_await exchange_->read();
            if (coded.empty()) break;
            coded_ = std::string_view(coded.data(), coded.size());
        }
        finish();
        co_return std::span<const char>();
    }

private:
    [[nodiscard]] auto take() -> std::string_view {
        try {
            return decoder_.take(coded_);
        } catch (const ContentError& error) {
            refuse(error);
        }
    }

    void finish() {
        try {
            decoder_.finish();
        } catch (const ContentError& error) {
            refuse(error);
        }
    }

    [[noreturn]] void refuse(const ContentError& error) {
        refusal_.emplace(refusal_of(error));
        throw HttpError(*refusal_);
    }

    ServerExchange* exchange_;
    ContentDecoder decoder_;
    std::string_view coded_;            ///< Came, and is not decoded.
    std::size_t since_turn_ = 0;        ///< Bytes that were decoded since the loop had its turn.
    std::optional<HttpError> refusal_;  ///< Why reading has failed, for good.
};

void decode_body(Request& request, DecodeLimits limits) {
    auto& connection = request.exchange().connection();
    if (request.is_decoded() || connection.body().is_complete()) return;
    const auto codings = content_codings(request.fields());
    if (!codings) throw unsupported("the body is in a content coding that is not known here");
    if (std::ranges::all_of(*codings, [](ContentCoding coding) { return coding == ContentCoding::identity; })) return;
    if (limits.output_bytes == DecodeLimits().output_bytes) {
        limits.output_bytes = connection.options().limits.body_bytes;
    }
    try {
        request.replace_body(std::make_shared<DecodedBody>(request.exchange(), ContentDecoder(*codings, limits)));
    } catch (const ContentError& error) {
        throw refusal_of(error);
    }
}

auto respond(DecodeLimits limits, Request& request, Next next) -> Task<Response> {
    decode_body(request, limits);
    auto response = co_await next(request);
    co_return response;
}

}  // namespace

auto decompress(const DecodeLimits& limits) -> Middleware {
    return [limits](Request& request, Next next) {
        return request.fields().contains("Content-Encoding") ? respond(limits, request, next) : next(request);
    };
}

}  // namespace gyre::http
