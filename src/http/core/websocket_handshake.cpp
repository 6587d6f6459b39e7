#include <gyre/http/core/websocket_handshake.hpp>

#include "base64.hpp"
#include "grammar.hpp"
#include "websocket_extensions.hpp"

#include <gyre/http/core/url.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

namespace gyre::http {
namespace {

using internal::is_token;

constexpr std::string_view accept_salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_size = 24;  // 16 bytes in base64

auto base64(std::span<const std::byte> bytes) -> std::string {
    return internal::to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// 22 letters and two equals signs; the last letter holds four bits that are used and two that are zero.
auto is_key(std::string_view key) noexcept -> bool {
    if (key.size() != key_size || !key.ends_with("==")) return false;
    const auto letters = key.substr(0, key_size - 2);
    if (letters.find_first_not_of(internal::base64_digits) != std::string_view::npos) return false;
    return internal::base64_digits.find(letters.back()) % 16 == 0;
}

/// The subprotocols that a request names, in order; empty optional if they are not tokens, or come twice, or there is none in
/// the field. Empty members are passed over (RFC 9110 5.6.1.2).
auto parse_subprotocols(const Fields& fields) -> std::optional<std::vector<std::string_view>> {
    std::vector<std::string_view> names;
    bool good = true;
    for (const auto value : fields.get_all("Sec-WebSocket-Protocol")) {
        internal::for_each_member(value, [&](std::string_view name) {
            if (name.empty()) return;
            if (!is_token(name) || std::find(names.begin(), names.end(), name) != names.end()) good = false;
            names.push_back(name);
        });
    }
    if (names.empty() && fields.contains("Sec-WebSocket-Protocol")) good = false;
    if (!good) return std::nullopt;
    return names;
}

auto refused(int status, std::string reason) -> WebSocketAnswer {
    WebSocketAnswer answer;
    answer.status = status;
    answer.reason = std::move(reason);
    return answer;
}

/// What is wrong with the form of a request; 101 if nothing is.
auto check_form(const RequestHead& head) -> WebSocketAnswer {
    if (head.method != "GET") {
        auto answer = refused(405, "a WebSocket handshake is a GET");
        answer.fields.add("Allow", "GET");
        return answer;
    }
    const auto& fields = head.fields;
    const auto upgrade_required = [](std::string reason) {
        auto answer = refused(426, std::move(reason));
        answer.fields.add("Upgrade", "websocket");
        answer.fields.add("Connection", "upgrade");
        answer.fields.add("Sec-WebSocket-Version", "13");
        return answer;
    };
    if (head.version < Version{1, 1}) return refused(400, "a WebSocket handshake needs HTTP/1.1");
    if (!is_websocket_request(head)) return upgrade_required("Upgrade does not name websocket");
    if (!fields.contains_token("Connection", "upgrade")) return refused(400, "Connection does not name upgrade");
    if (fields.count("Sec-WebSocket-Version") != 1 || fields.get("Sec-WebSocket-Version") != "13") {
        return upgrade_required("Sec-WebSocket-Version is not 13");
    }
    if (fields.count("Sec-WebSocket-Key") != 1 || !is_key(*fields.get("Sec-WebSocket-Key"))) {
        return refused(400, "Sec-WebSocket-Key is not 16 bytes in base64");
    }
    return {};
}

}  // namespace

auto websocket_key(std::span<const std::byte, 16> random) -> std::string { return base64(random); }

auto websocket_accept(std::string_view key) -> std::string {
    const std::string salted = std::string(key).append(accept_salt);
    std::array<std::byte, 20> digest{};
    const int done = EVP_Digest(
        salted.data(), salted.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha1(), nullptr);
    if (done != 1) throw std::runtime_error("WebSocket: OpenSSL makes no SHA-1");
    return base64(digest);
}

auto websocket_request_fields(const WebSocketOffer& offer) -> Fields {
    Fields fields;
    fields.add("Upgrade", "websocket");
    fields.add("Connection", "Upgrade");
    fields.add("Sec-WebSocket-Version", "13");
    fields.add("Sec-WebSocket-Key", offer.key);
    if (!offer.origin.empty()) fields.add("Origin", offer.origin);
    std::string subprotocols;
    for (const auto& name : offer.subprotocols) {
        if (!is_token(name)) throw std::invalid_argument("WebSocket: '" + name + "' is no name of a subprotocol");
        if (std::count(offer.subprotocols.begin(), offer.subprotocols.end(), name) > 1) {
            throw std::invalid_argument("WebSocket: subprotocol '" + name + "' is offered twice");
        }
        if (!subprotocols.empty()) subprotocols.append(", ");
        subprotocols.append(name);
    }
    if (!subprotocols.empty()) fields.add("Sec-WebSocket-Protocol", subprotocols);
    const auto deflate = internal::deflate_offer(offer.deflate);
    if (!deflate.empty()) fields.add("Sec-WebSocket-Extensions", deflate);
    return fields;
}

auto check_websocket_response(const ResponseHead& head, const WebSocketOffer& offer) -> WebSocketParameters {
    const auto fail = [&](const std::string& reason) {
        throw WebSocketHandshakeError("WebSocket handshake: " + reason, head.status);
    };
    const auto& fields = head.fields;
    if (head.status != 101) fail("the server answers " + std::to_string(head.status) + " and not 101");
    const auto upgrade = fields.get("Upgrade");
    if (fields.count("Upgrade") != 1 || !internal::equals_ignoring_case(*upgrade, "websocket")) {
        fail("Upgrade is not websocket");
    }
    if (!fields.contains_token("Connection", "upgrade")) fail("Connection does not name upgrade");
    if (fields.count("Sec-WebSocket-Accept") != 1 || fields.get("Sec-WebSocket-Accept") != websocket_accept(offer.key)) {
        fail("Sec-WebSocket-Accept does not answer the key");
    }
    WebSocketParameters parameters;
    if (fields.contains("Sec-WebSocket-Protocol")) {
        const std::string name(*fields.get("Sec-WebSocket-Protocol"));
        const auto& offered = offer.subprotocols;
        if (fields.count("Sec-WebSocket-Protocol") != 1 ||
            std::find(offered.begin(), offered.end(), name) == offered.end()) {
            fail("the server chose a subprotocol that was not offered");
        }
        parameters.subprotocol = name;
    }
    const auto extensions = internal::parse_extensions(fields);
    if (!extensions || extensions->size() > 1) fail("Sec-WebSocket-Extensions is not the one that was offered");
    if (!extensions->empty()) {
        parameters.deflate = internal::read_deflate_response(extensions->front(), offer.deflate);
        if (!parameters.deflate) fail("the server chose an extension, or parameters, that were not offered");
    }
    return parameters;
}

auto is_websocket_request(const RequestHead& head) noexcept -> bool {
    return head.fields.contains_token("Upgrade", "websocket");
}

auto is_same_origin(std::string_view origin, const RequestHead& head) -> bool {
    try {
        const auto page = Url::parse(origin);
        if (page.scheme() != "http" && page.scheme() != "https") return false;
        // The scheme is the page's: behind a proxy that takes TLS off, this server does not know its own.
        const auto here = Url::parse(std::string(page.scheme()).append("://").append(effective_host(head)));
        return page.origin() == here.origin();
    } catch (const UrlError&) {
        return false;  // "null" is one: a page without an origin
    }
}

auto answer_websocket(const RequestHead& head, const WebSocketPolicy& policy) -> WebSocketAnswer {
    auto answer = check_form(head);
    if (answer.status != 101) return answer;
    const auto& fields = head.fields;
    if (const auto origin = fields.get("Origin")) {
        const bool is_allowed = policy.allow_origin ? policy.allow_origin(*origin, head) : is_same_origin(*origin, head);
        if (fields.count("Origin") != 1 || !is_allowed) return refused(403, "this origin may not connect");
    }
    const auto subprotocols = parse_subprotocols(fields);
    if (!subprotocols) return refused(400, "Sec-WebSocket-Protocol is not a list of different names");
    const auto extensions = internal::parse_extensions(fields);
    if (!extensions) return refused(400, "Sec-WebSocket-Extensions is not a list of extensions");

    answer.fields.add("Upgrade", "websocket");
    answer.fields.add("Connection", "Upgrade");
    answer.fields.add("Sec-WebSocket-Accept", websocket_accept(*fields.get("Sec-WebSocket-Key")));
    for (const auto name : *subprotocols) {
        if (std::find(policy.subprotocols.begin(), policy.subprotocols.end(), name) == policy.subprotocols.end())
            continue;
        answer.parameters.subprotocol = name;
        answer.fields.add("Sec-WebSocket-Protocol", name);
        break;
    }
    std::string deflate;
    answer.parameters.deflate = internal::accept_deflate(*extensions, policy.deflate, deflate);
    if (answer.parameters.deflate) answer.fields.add("Sec-WebSocket-Extensions", deflate);
    return answer;
}

}  // namespace gyre::http
