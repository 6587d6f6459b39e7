#include <gyre/http/client/client_response.hpp>

#include "answer.hpp"

#include <gyre/core/scope.hpp>

#include <chrono>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::size_t longest_drain = 64 * 1024;
constexpr Duration longest_drain_time = std::chrono::seconds(1);

auto drain(internal::Answer& answer) -> Task<void> {
    std::size_t drained = 0;
    try {
        while (drained <= longest_drain) {
            const auto piece = co_await answer.read_coded();
            if (piece.empty()) co_return;
            drained += piece.size();
        }
    } catch (const std::exception&) {  // its connection is closed, and the body mattered to nobody
    }
}

}  // namespace

ClientResponse::ClientResponse(std::unique_ptr<internal::Answer> answer) noexcept : answer_(std::move(answer)) {}
ClientResponse::ClientResponse(ClientResponse&&) noexcept = default;
auto ClientResponse::operator=(ClientResponse&&) noexcept -> ClientResponse& = default;
ClientResponse::~ClientResponse() = default;

auto ClientResponse::head() const noexcept -> const ResponseHead& { return answer_->head(); }
auto ClientResponse::status() const noexcept -> int { return answer_->head().status; }
auto ClientResponse::reason() const noexcept -> std::string_view { return answer_->head().reason; }
auto ClientResponse::version() const noexcept -> Version { return answer_->head().version; }
auto ClientResponse::fields() const noexcept -> const Fields& { return answer_->head().fields; }

auto ClientResponse::header(std::string_view name) const noexcept -> std::optional<std::string_view> {
    return answer_->head().fields.get(name);
}

auto ClientResponse::url() const noexcept -> const Url& { return answer_->url(); }
auto ClientResponse::redirects() const noexcept -> std::size_t { return answer_->redirects(); }
auto ClientResponse::peer() const noexcept -> const net::Address& { return answer_->peer(); }

auto ClientResponse::content_length() const noexcept -> std::optional<std::uint64_t> {
    const auto framing = answer_->framing();
    if (framing == BodyFraming::none || framing == BodyFraming::content_length) return answer_->content_length();
    return std::nullopt;
}

auto ClientResponse::body_is_delimited() const noexcept -> bool {
    return answer_->framing() != BodyFraming::until_close;
}

auto ClientResponse::body() noexcept -> BodyReader& { return answer_->reader(); }

void ClientResponse::raise_for_status() const {
    if (status() >= 400) throw StatusError(answer_->method(), url().href(), status(), reason());
}

auto ClientResponse::read() -> Task<std::span<const char>> { return answer_->reader().read(); }
auto ClientResponse::text(std::size_t limit) -> Task<std::string> { return answer_->text(limit); }
auto ClientResponse::discard() -> Task<void> {
    auto draining = drain(*answer_);
    static_cast<void>(co_await move_on_after(longest_drain_time, std::move(draining)));
}

auto ClientResponse::close() -> Task<void> { return answer_->close(); }

auto ClientResponse::take_stream() -> net::Stream { return answer_->take_stream(); }
auto ClientResponse::trailers() const noexcept -> const Fields& { return answer_->trailers(); }

void ClientResponse::refuse_json(const JsonError& error) const {
    throw RequestError(RequestPhase::body, answer_->method(), url().href(), answer_->peer_text(), error.what(),
        std::current_exception());
}

}  // namespace gyre::http
