#include <gyre/http/server/http_error.hpp>

#include <gyre/http/core/message.hpp>

#include <utility>

namespace gyre::http {

namespace {

auto checked(int status) -> int {
    if (status < 400 || status > 599) {
        throw std::invalid_argument("http::HttpError: " + std::to_string(status) + " is not the status of an error");
    }
    return status;
}

auto text_of(int status, const std::string& detail) -> std::string {
    std::string text = std::to_string(status);
    text.append(" ").append(default_reason(status));
    if (!detail.empty()) text.append(": ").append(detail);
    return text;
}

}  // namespace

HttpError::HttpError(int status, std::string detail)
    : std::runtime_error(text_of(checked(status), detail)), status_(status), detail_(std::move(detail)) {}

auto HttpError::unauthorized(std::string_view challenge, std::string detail) -> HttpError {
    HttpError error(401, std::move(detail));
    error.header("WWW-Authenticate", challenge);
    return error;
}

auto HttpError::header(std::string_view name, std::string_view value) -> HttpError& {
    fields_.add(name, value);
    return *this;
}

}  // namespace gyre::http
