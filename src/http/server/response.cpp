#include <gyre/http/server/response.hpp>

#include "../core/json_text.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/core/content_disposition.hpp>
#include <gyre/http/core/date.hpp>
#include <gyre/http/core/file_types.hpp>
#include <gyre/http/core/message.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace gyre::http {

namespace {

auto checked(int status) -> int {
    if (status < 200 || status > 599) {
        throw std::invalid_argument(
            "http::Response: a response has a status from 200 to 599, not " + std::to_string(status));
    }
    return status;
}

}  // namespace

Response::Response(int status) : status_(checked(status)) {}

auto Response::bytes(std::string content_type, std::string body, int status) -> Response {
    Response response(status);
    response.fields_.add("Content-Type", content_type);
    response.body_ = std::move(body);
    return response;
}

auto Response::text(std::string body, int status) -> Response {
    return bytes("text/plain; charset=utf-8", std::move(body), status);
}

auto Response::html(std::string body, int status) -> Response {
    return bytes("text/html; charset=utf-8", std::move(body), status);
}

auto Response::json(std::string body, int status) -> Response {
    return bytes("application/json", std::move(body), status);
}

auto Response::stream(std::string content_type, BodyProducer producer) -> Response {
    if (!producer) throw std::invalid_argument("http::Response::stream: an empty producer");
    auto response = bytes(std::move(content_type), {});
    response.body_ = std::move(producer);
    return response;
}

auto Response::file(std::filesystem::path path, const FileOptions& options) -> Response {
    Response response;
    const std::string name = path.filename().string();
    const auto type = options.content_type.empty() ? media_type_of_file(name) : options.content_type;
    response.fields_.add("Content-Type", type);
    if (!options.download_name.empty()) {
        response.fields_.add("Content-Disposition", format_content_disposition("attachment", options.download_name));
    }
    if (!options.cache_control.empty()) response.fields_.add("Cache-Control", options.cache_control);
    response.body_ = FileSource(std::move(path));
    return response;
}

auto Response::redirect(std::string_view location, int status) -> Response {
    const bool is_redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!is_redirect) {
        throw std::invalid_argument("http::Response::redirect: " + std::to_string(status) + " is no redirect");
    }
    Response response(status);
    response.fields_.add("Location", location);
    return response;
}

auto Response::problem(int status, std::string_view detail) -> Response {
    std::string body = R"({"type":"about:blank","title":)";
    body.append(internal::json_string(default_reason(status))).append(R"(,"status":)").append(std::to_string(status));
    if (!detail.empty()) body.append(R"(,"detail":)").append(internal::json_string(detail));
    body.append("}\n");
    return bytes("application/problem+json", std::move(body), status);
}

auto Response::switch_protocols(std::string_view protocol, Takeover takeover) -> Response {
    if (!takeover) throw std::invalid_argument("http::Response::switch_protocols: an empty takeover");
    Response response;
    response.status_ = 101;
    response.fields_.add("Upgrade", protocol);
    response.fields_.add("Connection", "Upgrade");
    response.body_ = std::move(takeover);
    return response;
}

auto Response::header(std::string_view name, std::string_view value) & -> Response& {
    fields_.add(name, value);
    return *this;
}
auto Response::header(std::string_view name, std::string_view value) && -> Response&& {
    return std::move(header(name, value));
}

auto Response::validators(const Validators& current) & -> Response& {
    if (current.etag) fields_.set("ETag", current.etag->to_string());
    if (current.last_modified) fields_.set("Last-Modified", format_http_date(*current.last_modified));
    return *this;
}
auto Response::validators(const Validators& current) && -> Response&& { return std::move(validators(current)); }

auto Response::cookie(const Cookie& cookie) & -> Response& { return header("Set-Cookie", cookie.to_set_cookie()); }
auto Response::cookie(const Cookie& cookie) && -> Response&& { return std::move(this->cookie(cookie)); }

auto Response::body(std::string bytes) & -> Response& {
    if (status_ == 101) throw InvalidStateError("http::Response::body: this response switches protocols");
    body_ = std::move(bytes);
    return *this;
}
auto Response::body(std::string bytes) && -> Response&& { return std::move(body(std::move(bytes))); }

void Response::keep(std::shared_ptr<const void> companion) {
    using Two = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
    if (companion_) companion = std::make_shared<const Two>(std::move(companion_), std::move(companion));
    companion_ = std::move(companion);
}

auto Response::set_status(int status) -> Response& {
    if (status_ == 101) throw InvalidStateError("http::Response::set_status: this response switches protocols");
    status_ = checked(status);
    return *this;
}

}  // namespace gyre::http
