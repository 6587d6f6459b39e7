#include <gyre/http/server/request_id.hpp>

#include "../core/grammar.hpp"
#include "core/hex_text.hpp"
#include "server_connection.hpp"
#include "site.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::size_t longest_id = 128;

auto is_plain(std::string_view text) noexcept -> bool {
    return !text.empty() && text.size() <= longest_id && std::all_of(text.begin(), text.end(), [](char c) {
        return internal::is_alpha(c) || internal::is_digit(c) || c == '-' || c == '_' || c == '.';
    });
}

auto name_request(const std::string& header, bool from_client, Request& request, Next next) -> Task<Response> {
    const auto given = from_client ? request.header(header).value_or("") : std::string_view();
    const std::string id = is_plain(given) ? std::string(given) : gyre::internal::random_hex<16>();
    request.set(RequestId(id));
    request.exchange().connection().set_request_id(id);
    auto response = co_await internal::call_next(next, request);
    response.fields().set(header, id);
    co_return response;
}

}  // namespace

auto request_id(const RequestIdOptions& options) -> Middleware {
    if (!internal::is_token(options.header)) {
        throw std::invalid_argument("http::request_id: '" + std::string(options.header) + "' is no name of a field");
    }
    return [header = std::string(options.header), from_client = options.from_client](
               Request& request, Next next) { return name_request(header, from_client, request, next); };
}

}  // namespace gyre::http
