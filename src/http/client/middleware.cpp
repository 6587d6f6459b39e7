#include <gyre/http/client/middleware.hpp>

#include "answer.hpp"
#include "outgoing.hpp"
#include "pool.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/body_writer.hpp>

#include <utility>

namespace gyre::http {

namespace {

/// Keeps a body instead of sending it.
class GatheredBody final : public internal::BodySink {
public:
    explicit GatheredBody(std::size_t limit) noexcept : limit_(limit) {}

    auto write(std::string_view piece) -> Task<void> override {
        if (piece.size() > limit_ - text_.size()) {
            throw LimitError("the body of the request is longer than " + std::to_string(limit_) + " bytes");
        }
        text_ += piece;
        co_return;
    }
    [[nodiscard]] auto take() noexcept -> std::string { return std::move(text_); }

private:
    std::string text_;
    std::size_t limit_;
};

}  // namespace

ClientCall::ClientCall(internal::Pool& pool, internal::Outgoing& request)
    : pool_(&pool), request_(&request), fields_before_(request.fields) {}

auto ClientCall::method() const noexcept -> const std::string& { return request_->method; }
auto ClientCall::url() const noexcept -> const Url& { return request_->url; }
void ClientCall::set_url(Url url) { request_->url = std::move(url); }
auto ClientCall::fields() noexcept -> Fields& { return request_->fields; }
auto ClientCall::fields() const noexcept -> const Fields& { return request_->fields; }
auto ClientCall::body() const noexcept -> const std::string& { return *request_->body; }

void ClientCall::set_body(std::string bytes) {
    auto before = std::exchange(request_->body, std::make_shared<const std::string>(std::move(bytes)));
    auto upload = std::exchange(request_->upload, nullptr);
    if (body_before_) return;
    body_before_ = std::move(before);
    upload_before_ = std::move(upload);
}

auto ClientCall::read_body(std::size_t limit) -> Task<std::string> {
    if (!request_->upload) co_return body();
    co_await request_->measure();
    GatheredBody gathered(limit);
    BodyWriter writer(gathered);
    co_await request_->upload->produce(writer);
    co_return gathered.take();
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
    if (!body_before_) return;
    request_->body = std::move(body_before_);
    request_->upload = std::move(upload_before_);
}

}  // namespace gyre::http
