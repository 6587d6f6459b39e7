#include <gyre/http/server/request.hpp>

#include "../core/grammar.hpp"
#include "http/wall_clock.hpp"
#include "server_connection.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/http/core/conditions.hpp>
#include <gyre/http/core/cookie.hpp>
#include <gyre/http/server/http_error.hpp>

#include <stdexcept>

namespace gyre::http {

namespace {

auto is_type(std::string_view content_type, std::string_view wanted) noexcept -> bool {
    const auto type = internal::trim_whitespace(content_type.substr(0, content_type.find(';')));
    return internal::equals_ignoring_case(type, wanted);
}

/// What is in a coding is no text yet. Whoever decodes it reads the body as it is.
void check_plain(const Request& request) {
    if (request.is_decoded()) return;
    const auto coding = internal::trim_whitespace(request.header("Content-Encoding").value_or(""));
    if (coding.empty() || internal::equals_ignoring_case(coding, "identity")) return;
    throw HttpError(415, "the body is in a content coding").header("Accept-Encoding", "identity");
}

auto fields_alone(Task<QueryParams> reading) -> Task<FormData> {
    FormData data;
    data.fields = co_await std::move(reading);
    co_return data;
}

}  // namespace

Request::Request(ServerExchange& exchange) : exchange_(&exchange), source_(exchange), body_(source_) {}

auto Request::host() const noexcept -> std::string_view { return effective_host(exchange_->head()); }

auto Request::header(std::string_view name) const noexcept -> std::optional<std::string_view> {
    return fields().get(name);
}

auto Request::cookie(std::string_view name) const -> std::optional<std::string_view> {
    return find_cookie(fields(), name);
}

auto Request::client() const -> const net::Address& { return exchange_->connection().client().address; }
auto Request::tls() const -> const net::TlsInfo* { return exchange_->connection().tls(); }
auto Request::is_secure() const -> bool { return exchange_->connection().client().is_secure; }

auto Request::path_param(std::string_view name) const -> std::string_view {
    for (const auto& [known, value] : params_) {
        if (known == name) return value;
    }
    throw std::out_of_range("the route " + std::string(route_) + " has no parameter " + std::string(name));
}

void Request::not_found() { throw HttpError(404); }

auto Request::query_params() const -> const QueryParams& {
    if (!query_params_) {
        try {
            query_params_ = QueryParams::parse(query());
        } catch (const LimitError& error) {
            throw HttpError(400, error.what());
        }
    }
    return *query_params_;
}

auto Request::query_param(std::string_view name) const -> std::optional<std::string_view> {
    return query_params().get(name);
}

auto Request::content_length() const noexcept -> std::optional<std::uint64_t> {
    return exchange_->connection().body().announced();
}

auto Request::require_length() const -> std::uint64_t {
    const auto length = content_length();
    if (!length) throw HttpError(411, "the length of the body has to be known in advance (Content-Length)");
    return *length;
}

auto Request::text(std::size_t limit) -> Task<std::string> {
    check_plain(*this);
    try {
        auto text = co_await body_.text(limit);
        co_return text;
    } catch (const LimitError& error) {
        throw HttpError(413, error.what());
    }
}

void Request::refuse_json(const JsonError& error) { throw HttpError(400, error.what()); }

auto Request::form(std::size_t limit) -> Task<QueryParams> {
    if (!is_type(header("Content-Type").value_or(""), "application/x-www-form-urlencoded")) {
        throw HttpError(415, "this is no form (application/x-www-form-urlencoded)");
    }
    const auto body = co_await text(limit);
    try {
        co_return QueryParams::parse(body);
    } catch (const LimitError& error) {
        throw HttpError(400, error.what());
    }
}

auto Request::multipart(const MultipartLimits& limits) -> MultipartReader {
    check_plain(*this);
    return {body_, header("Content-Type").value_or(""), limits};
}

auto Request::form_data(const FormOptions& options) -> Task<FormData> {
    const auto type = header("Content-Type").value_or("");
    if (is_type(type, "application/x-www-form-urlencoded")) return fields_alone(form(options.fields_bytes));
    if (!is_type(type, "multipart/form-data")) throw HttpError(415, "this is no form");
    return internal::read_form(multipart(options.limits), options, options.directory);
}

auto Request::not_modified(const Validators& current) const -> std::optional<Response> {
    const auto now = this_loop().local<internal::WallClock>().now();
    switch (check_conditions(method(), fields(), current, now)) {
    case Precondition::holds:
        break;
    case Precondition::not_modified:
        return Response(304).validators(current);
    case Precondition::failed:
        return Response::problem(412).validators(current);
    }
    return std::nullopt;
}

auto Request::early_hints(Fields fields) -> Task<void> {
    ResponseHead head;
    head.status = 103;
    head.fields = std::move(fields);
    return exchange_->inform(std::move(head));
}

auto Request::is_stopping() const noexcept -> bool { return exchange_->connection().drain().has_begun(); }
auto Request::stopping() -> Task<void> { co_await exchange_->connection().drain().begun().wait(); }

void Request::set_route(std::string_view pattern, std::vector<std::pair<std::string_view, std::string>> params) {
    route_ = pattern;
    params_ = std::move(params);
}

}  // namespace gyre::http
