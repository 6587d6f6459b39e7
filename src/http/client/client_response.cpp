#include <gyre/http/client/client_response.hpp>

#include "exchange.hpp"

#include <utility>

namespace gyre::http {

ClientResponse::ClientResponse(std::unique_ptr<internal::Exchange> exchange) noexcept
    : exchange_(std::move(exchange)) {}
ClientResponse::ClientResponse(ClientResponse&&) noexcept = default;
auto ClientResponse::operator=(ClientResponse&&) noexcept -> ClientResponse& = default;
ClientResponse::~ClientResponse() = default;

auto ClientResponse::head() const noexcept -> const ResponseHead& { return exchange_->head(); }
auto ClientResponse::status() const noexcept -> int { return exchange_->head().status; }
auto ClientResponse::reason() const noexcept -> std::string_view { return exchange_->head().reason; }
auto ClientResponse::version() const noexcept -> Version { return exchange_->head().version; }
auto ClientResponse::fields() const noexcept -> const Fields& { return exchange_->head().fields; }

auto ClientResponse::header(std::string_view name) const noexcept -> std::optional<std::string_view> {
    return exchange_->head().fields.get(name);
}

auto ClientResponse::url() const noexcept -> const Url& { return exchange_->url(); }
auto ClientResponse::redirects() const noexcept -> std::size_t { return exchange_->redirects(); }
auto ClientResponse::peer() const noexcept -> const net::Address& { return exchange_->peer(); }

auto ClientResponse::content_length() const noexcept -> std::optional<std::uint64_t> {
    const auto framing = exchange_->framing();
    if (framing == BodyFraming::none || framing == BodyFraming::content_length) return exchange_->content_length();
    return std::nullopt;
}

auto ClientResponse::body_is_delimited() const noexcept -> bool {
    return exchange_->framing() != BodyFraming::until_close;
}

auto ClientResponse::body() noexcept -> BodyReader& { return exchange_->reader(); }

void ClientResponse::raise_for_status() const {
    if (status() >= 400) throw StatusError(exchange_->method(), url().href(), status(), reason());
}

auto ClientResponse::read() -> Task<std::span<const char>> { return exchange_->reader().read(); }
auto ClientResponse::text(std::size_t limit) -> Task<std::string> { return exchange_->text(limit); }
auto ClientResponse::take_stream() -> net::Stream { return exchange_->take_stream(); }
auto ClientResponse::trailers() const noexcept -> const Fields& { return exchange_->trailers(); }

}  // namespace gyre::http
