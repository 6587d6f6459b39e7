#include <gyre/http/client/client_request.hpp>

#include "auth_request.hpp"
#include "perform.hpp"
#include "upload.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/client/auth.hpp>

#include <stdexcept>
#include <utility>

namespace gyre::http {

ClientRequest::ClientRequest(std::shared_ptr<internal::Pool> pool, std::string method, std::string url)
    : pool_(std::move(pool)), method_(std::move(method)), url_(std::move(url)) {}

auto ClientRequest::header(std::string_view name, std::string_view value) & -> ClientRequest& {
    fields_.add(name, value);
    return *this;
}
auto ClientRequest::header(std::string_view name, std::string_view value) && -> ClientRequest&& {
    return std::move(header(name, value));
}

auto ClientRequest::headers(const Fields& fields) & -> ClientRequest& {
    for (const auto field : fields) fields_.add(field.name, field.value);
    return *this;
}
auto ClientRequest::headers(const Fields& fields) && -> ClientRequest&& { return std::move(headers(fields)); }

auto ClientRequest::query(std::string name, std::string value) & -> ClientRequest& {
    query_.add(std::move(name), std::move(value));
    return *this;
}
auto ClientRequest::query(std::string name, std::string value) && -> ClientRequest&& {
    return std::move(query(std::move(name), std::move(value)));
}

auto ClientRequest::body(std::string bytes) & -> ClientRequest& {
    body_ = std::move(bytes);
    upload_.reset();
    return *this;
}
auto ClientRequest::body(std::string bytes) && -> ClientRequest&& { return std::move(body(std::move(bytes))); }

auto ClientRequest::body_from(BodyProducer producer, std::optional<std::uint64_t> length) & -> ClientRequest& {
    if (!producer) throw std::invalid_argument("http::ClientRequest::body_from: an empty function");
    upload_ = internal::upload_of(std::move(producer), length);
    return *this;
}
auto ClientRequest::body_from(BodyProducer producer, std::optional<std::uint64_t> length) && -> ClientRequest&& {
    return std::move(body_from(std::move(producer), length));
}

auto ClientRequest::body_from(
    AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> length) & -> ClientRequest& {
    upload_ = internal::upload_of(std::move(pieces), length);
    return *this;
}
auto ClientRequest::body_from(
    AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> length) && -> ClientRequest&& {
    return std::move(body_from(std::move(pieces), length));
}

auto ClientRequest::body_file(std::filesystem::path path) & -> ClientRequest& {
    upload_ = internal::upload_of(std::move(path));
    return *this;
}
auto ClientRequest::body_file(std::filesystem::path path) && -> ClientRequest&& {
    return std::move(body_file(std::move(path)));
}

auto ClientRequest::multipart(MultipartBody form) & -> ClientRequest& {
    fields_.set("Content-Type", form.content_type());
    upload_ = internal::upload_of(std::move(form));
    return *this;
}
auto ClientRequest::multipart(MultipartBody form) && -> ClientRequest&& {
    return std::move(multipart(std::move(form)));
}

auto ClientRequest::expect_continue(AnyDuration limit) & -> ClientRequest& {
    continue_limit_ = limit;
    return *this;
}
auto ClientRequest::expect_continue(AnyDuration limit) && -> ClientRequest&& {
    return std::move(expect_continue(limit));
}

auto ClientRequest::on_interim(InterimHandler handler) & -> ClientRequest& {
    on_interim_ = std::move(handler);
    return *this;
}
auto ClientRequest::on_interim(InterimHandler handler) && -> ClientRequest&& {
    return std::move(on_interim(std::move(handler)));
}

auto ClientRequest::json(std::string text) & -> ClientRequest& {
    fields_.set("Content-Type", "application/json");
    return body(std::move(text));
}
auto ClientRequest::json(std::string text) && -> ClientRequest&& { return std::move(json(std::move(text))); }

auto ClientRequest::form(const QueryParams& form) & -> ClientRequest& {
    fields_.set("Content-Type", "application/x-www-form-urlencoded");
    return body(form.to_string());
}
auto ClientRequest::form(const QueryParams& form) && -> ClientRequest&& { return std::move(this->form(form)); }

auto ClientRequest::timeouts(const ClientTimeouts& limits) & -> ClientRequest& {
    timeouts_ = limits;
    return *this;
}
auto ClientRequest::timeouts(const ClientTimeouts& limits) && -> ClientRequest&& { return std::move(timeouts(limits)); }

auto ClientRequest::timeout(AnyDuration total) & -> ClientRequest& {
    total_ = total;
    return *this;
}
auto ClientRequest::timeout(AnyDuration total) && -> ClientRequest&& { return std::move(timeout(total)); }

auto ClientRequest::follow_redirects(bool follow) & -> ClientRequest& {
    follow_redirects_ = follow;
    return *this;
}
auto ClientRequest::follow_redirects(bool follow) && -> ClientRequest&& { return std::move(follow_redirects(follow)); }

auto ClientRequest::decode(bool decode) & -> ClientRequest& {
    decode_ = decode;
    return *this;
}
auto ClientRequest::decode(bool decode) && -> ClientRequest&& { return std::move(this->decode(decode)); }

auto ClientRequest::require_delimited(bool require) & -> ClientRequest& {
    require_delimited_ = require;
    return *this;
}
auto ClientRequest::require_delimited(bool require) && -> ClientRequest&& {
    return std::move(require_delimited(require));
}

auto ClientRequest::basic_auth(std::string_view user, std::string_view password) & -> ClientRequest& {
    fields_.set("Authorization", basic_credentials(user, password));
    return *this;
}
auto ClientRequest::basic_auth(std::string_view user, std::string_view password) && -> ClientRequest&& {
    return std::move(basic_auth(user, password));
}

auto ClientRequest::bearer_auth(std::string_view token) & -> ClientRequest& {
    fields_.set("Authorization", internal::bearer_credentials(token));
    return *this;
}
auto ClientRequest::bearer_auth(std::string_view token) && -> ClientRequest&& { return std::move(bearer_auth(token)); }

auto ClientRequest::digest_auth(std::string user, std::string password) & -> ClientRequest& {
    return use(internal::digest_for_request(std::move(user), std::move(password)));
}
auto ClientRequest::digest_auth(std::string user, std::string password) && -> ClientRequest&& {
    return std::move(digest_auth(std::move(user), std::move(password)));
}

auto ClientRequest::raise_for_status(bool raise) & -> ClientRequest& {
    raise_for_status_ = raise;
    return *this;
}
auto ClientRequest::raise_for_status(bool raise) && -> ClientRequest&& { return std::move(raise_for_status(raise)); }

auto ClientRequest::use(ClientMiddleware middleware) & -> ClientRequest& {
    if (!middleware) throw std::invalid_argument("http::ClientRequest::use: an empty middleware");
    middlewares_.push_back(std::move(middleware));
    return *this;
}
auto ClientRequest::use(ClientMiddleware middleware) && -> ClientRequest&& {
    return std::move(use(std::move(middleware)));
}

auto ClientRequest::send() && -> Task<ClientResponse> {
    if (!pool_) throw InvalidStateError("http::ClientRequest: it was sent already, or moved away");
    auto order = std::make_unique<internal::Order>();
    order->method = std::move(method_);
    order->url = std::move(url_);
    if (!query_.empty()) order->query = query_.to_string();
    order->fields = std::move(fields_);
    order->body = std::move(body_);
    order->timeouts = timeouts_;
    order->upload = std::move(upload_);
    order->continue_limit = continue_limit_;
    order->on_interim = std::move(on_interim_);
    order->total = total_;
    order->follow_redirects = follow_redirects_;
    order->decode = decode_;
    order->require_delimited = require_delimited_;
    order->raise_for_status = raise_for_status_;
    order->middlewares = std::move(middlewares_);
    return internal::perform(std::move(pool_), std::move(order));
}

}  // namespace gyre::http
