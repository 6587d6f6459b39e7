#include <gyre/http/client/middleware.hpp>

#include "answer.hpp"
#include "outgoing.hpp"
#include "pool.hpp"

#include <utility>

namespace gyre::http {

ClientCall::ClientCall(internal::Pool& pool, internal::Outgoing& request)
    : pool_(&pool), request_(&request), fields_before_(request.fields) {}

auto ClientCall::method() const noexcept -> const std::string& { return request_->method; }
auto ClientCall::url() const noexcept -> const Url& { return request_->url; }
void ClientCall::set_url(Url url) { request_->url = std::move(url); }
auto ClientCall::fields() noexcept -> Fields& { return request_->fields; }
auto ClientCall::fields() const noexcept -> const Fields& { return request_->fields; }
auto ClientCall::body() const noexcept -> const std::string& { return request_->body; }

void ClientCall::set_body(std::string bytes) {
    auto before = std::exchange(request_->body, std::move(bytes));
    if (!body_before_) body_before_ = std::move(before);
}

auto ClientCall::is_idempotent() const noexcept -> bool { return request_->is_idempotent(); }
auto ClientCall::can_be_sent_again() const noexcept -> bool { return request_->can_be_sent_again(); }
auto ClientCall::redirects() const noexcept -> std::size_t { return request_->redirects; }
auto ClientCall::deadline() const noexcept -> Time { return request_->deadline; }
auto ClientCall::head() const -> RequestHead { return request_->complete_head(pool_->settings()); }

auto ClientCall::respond(ResponseHead head, std::string body) const -> ClientResponse {
    return ClientResponse(std::make_unique<internal::CannedAnswer>(*request_, std::move(head), std::move(body)));
}

auto ClientCall::respond(int status, std::string body) const -> ClientResponse {
    ResponseHead head;
    head.status = status;
    return respond(std::move(head), std::move(body));
}

auto ClientCall::respond_in_pieces(ResponseHead head, BodyPieces pieces) const -> ClientResponse {
    return ClientResponse(std::make_unique<internal::CannedAnswer>(*request_, std::move(head), std::move(pieces)));
}

auto ClientCall::error(RequestPhase phase, std::string_view reason, std::exception_ptr cause) const -> RequestError {
    return request_->error(phase, reason, {}, std::move(cause));
}

void ClientCall::restore() {
    request_->fields = std::move(fields_before_);
    if (body_before_) request_->body = std::move(*body_before_);
}

}  // namespace gyre::http
