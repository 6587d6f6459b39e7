// The handshake at both ends (RFC 6455 4) and the choice of the compression (RFC 7692 7.1).

#include <gyre/http/core/websocket_handshake.hpp>

#include <gtest/gtest.h>

#include <array>
#include <functional>

namespace gyre::http::testing {
namespace {

constexpr std::string_view sample_key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 1.3
constexpr std::string_view sample_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

auto good_request() -> RequestHead {
    RequestHead head;
    head.method = "GET";
    head.target = "/chat";
    head.fields = {{"Host", "server.example.com"}, {"Upgrade", "websocket"}, {"Connection", "Upgrade"},
        {"Sec-WebSocket-Key", sample_key}, {"Sec-WebSocket-Version", "13"}};
    return head;
}

auto answer_to(const std::function<void(RequestHead&)>& change, const WebSocketPolicy& policy = WebSocketPolicy())
    -> WebSocketAnswer {
    auto head = good_request();
    change(head);
    return answer_websocket(head, policy);
}

TEST(WebSocketHandshake, key_and_accept) {
    EXPECT_EQ(websocket_accept(sample_key), sample_accept);
    std::array<std::byte, 16> random{};
    EXPECT_EQ(websocket_key(random), "AAAAAAAAAAAAAAAAAAAAAA==");
    random.fill(std::byte{0xff});
    EXPECT_EQ(websocket_key(random), "/////////////////////w==");
}

TEST(WebSocketHandshake, a_good_request_is_accepted) {
    const auto answer = answer_to([](RequestHead&) {});
    EXPECT_EQ(answer.status, 101);
    EXPECT_EQ(answer.fields,
        (Fields{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", sample_accept}}));
    EXPECT_FALSE(answer.parameters.deflate);
    // Names of protocols and options do not care for case, and stand in lists.
    const auto browser = answer_to([](RequestHead& head) {
        head.fields.set("Upgrade", "h2c, WebSocket");
        head.fields.set("Connection", "keep-alive, upgrade");
    });
    EXPECT_EQ(browser.status, 101);
}

TEST(WebSocketHandshake, what_a_request_is_refused_for) {
    struct Row {
        const char* name;
        int status;
        std::function<void(RequestHead&)> change;
    };
    const auto set = [](const char* name, const char* value) {
        return [=](RequestHead& head) { head.fields.set(name, value); };
    };
    const auto without = [](const char* name) { return [=](RequestHead& head) { head.fields.remove(name); }; };
    const std::vector<Row> rows{
        {"not GET", 405, [](RequestHead& head) { head.method = "POST"; }},
        {"HTTP/1.0", 400, [](RequestHead& head) { head.version = {1, 0}; }},
        {"no Upgrade", 426, without("Upgrade")},
        {"a token that only begins so", 426, set("Upgrade", "websocket2")},
        {"no Connection", 400, without("Connection")},
        {"an option that only ends so", 400, set("Connection", "not-upgrade")},
        {"no version", 426, without("Sec-WebSocket-Version")},
        {"version 8", 426, set("Sec-WebSocket-Version", "8")},
        {"two versions", 426, [](RequestHead& head) { head.fields.add("Sec-WebSocket-Version", "13"); }},
        {"no key", 400, without("Sec-WebSocket-Key")},
        {"an empty key", 400, set("Sec-WebSocket-Key", "")},
        {"a key of 15 bytes", 400, set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAA")},
        {"a key of 17 bytes", 400, set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAAA=")},
        {"a key that is not base64", 400, set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAA*A==")},
        {"a key with bits left over", 400, set("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAB==")},
        {"two keys", 400, [](RequestHead& head) { head.fields.add("Sec-WebSocket-Key", sample_key); }},
        {"another origin", 403, set("Origin", "https://evil.example")},
        {"an origin that is none", 403, set("Origin", "null")},
        {"no subprotocol in the list", 400, set("Sec-WebSocket-Protocol", " , ")},
        {"a subprotocol that is no token", 400, set("Sec-WebSocket-Protocol", "a, b c")},
        {"a subprotocol twice", 400, set("Sec-WebSocket-Protocol", "a, a")},
        {"no extension in the list", 400, set("Sec-WebSocket-Extensions", ", ,")},
        {"an extension without a name", 400, set("Sec-WebSocket-Extensions", "permessage-deflate, ; a")},
        {"an extension that is no token", 400, set("Sec-WebSocket-Extensions", "a b")},
        {"a parameter without a name", 400, set("Sec-WebSocket-Extensions", "a; =1")},
        {"a parameter without a value", 400, set("Sec-WebSocket-Extensions", "a; b=")},
        {"an open quote", 400, set("Sec-WebSocket-Extensions", "a; b=\"c")},
    };
    for (const auto& row : rows) {
        const auto answer = answer_to(row.change);
        EXPECT_EQ(answer.status, row.status) << row.name;
        EXPECT_NE(answer.reason, "") << row.name;
        EXPECT_FALSE(answer.fields.contains("Sec-WebSocket-Accept")) << row.name;
        EXPECT_EQ(answer.fields.get("Sec-WebSocket-Version") == "13", row.status == 426) << row.name;
        EXPECT_EQ(answer.fields.contains("Allow"), row.status == 405) << row.name;
    }
}

// RFC 9110 5.6.1.2
TEST(WebSocketHandshake, passes_over_empty_members_of_lists) {
    WebSocketPolicy policy;
    policy.subprotocols = {"chat"};
    const auto answer = answer_to(
        [](RequestHead& head) {
            head.fields.set("Sec-WebSocket-Protocol", ", other,, chat ,");
            head.fields.set("Sec-WebSocket-Extensions", ",, permessage-deflate, ,");
        },
        policy);
    EXPECT_EQ(answer.status, 101) << answer.reason;
    EXPECT_EQ(answer.parameters.subprotocol, "chat");
    EXPECT_TRUE(answer.parameters.deflate);
}

TEST(WebSocketHandshake, origins) {
    const auto with_origin = [](const char* origin, const char* host) {
        return answer_to([=](RequestHead& head) {
            head.fields.set("Origin", origin);
            head.fields.set("Host", host);
        }).status;
    };
    EXPECT_EQ(with_origin("http://example.org", "example.org"), 101);
    EXPECT_EQ(with_origin("https://Example.org", "example.org:443"), 101);
    EXPECT_EQ(with_origin("http://example.org:8080", "example.org:8080"), 101);
    EXPECT_EQ(with_origin("http://example.org:8080", "example.org"), 403);
    EXPECT_EQ(with_origin("http://example.org.evil.example", "example.org"), 403);
    EXPECT_EQ(with_origin("file://example.org", "example.org"), 403);
    WebSocketPolicy policy;
    policy.allow_origin = [](std::string_view origin, const RequestHead&) { return origin == "https://app.example"; };
    const auto other = answer_to([](RequestHead& head) { head.fields.set("Origin", "https://app.example"); }, policy);
    EXPECT_EQ(other.status, 101);
    const auto same = answer_to(
        [](RequestHead& head) { head.fields.set("Origin", "https://server.example.com"); }, policy);
    EXPECT_EQ(same.status, 403);
}

TEST(WebSocketHandshake, the_clients_order_chooses_the_subprotocol) {
    WebSocketPolicy policy;
    policy.subprotocols = {"chat.v1", "chat.v2"};
    const auto offer = [&](const char* list) {
        return answer_to([=](RequestHead& head) { head.fields.set("Sec-WebSocket-Protocol", list); }, policy);
    };
    EXPECT_EQ(offer("other, chat.v2, chat.v1").parameters.subprotocol, "chat.v2");
    EXPECT_EQ(offer("other, chat.v2, chat.v1").fields.get("Sec-WebSocket-Protocol"), "chat.v2");
    EXPECT_EQ(offer("other").parameters.subprotocol, "");
    EXPECT_FALSE(offer("other").fields.contains("Sec-WebSocket-Protocol"));
}

// CVE-2026-2229: windows that do not exist.
TEST(WebSocketHandshake, a_server_chooses_the_compression) {
    struct Row {
        const char* offer;
        const char* response;
    };
    // The server wants windows of 2^12.
    const std::vector<Row> rows{
        {"permessage-deflate", "permessage-deflate; server_max_window_bits=12"},
        {"permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"},
        {"permessage-deflate; client_max_window_bits=\"10\"",
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10"},
        {"permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=8"},
        {"permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=12"},
        {"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12"},
        {"x-webkit-deflate-frame, permessage-deflate", "permessage-deflate; server_max_window_bits=12"},
        {"permessage-deflate; mode=fast, permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=9"},
        // Declined, not refused.
        {"permessage-deflate; server_max_window_bits", ""},
        {"permessage-deflate; server_max_window_bits=7", ""},
        {"permessage-deflate; server_max_window_bits=16", ""},
        {"permessage-deflate; server_max_window_bits=08", ""},
        {"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", ""},
        {"permessage-deflate; client_max_window_bits=7", ""},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits=9", ""},
        {"permessage-deflate; server_no_context_takeover=1", ""},
        {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", ""},
        {"permessage-deflate; unheard_of", ""},
        {"permessage-snappy", ""},
    };
    for (const auto& row : rows) {
        const auto answer = answer_to(
            [&](RequestHead& head) { head.fields.add("Sec-WebSocket-Extensions", row.offer); });
        EXPECT_EQ(answer.status, 101) << row.offer;
        EXPECT_EQ(answer.fields.get("Sec-WebSocket-Extensions").value_or(""), row.response) << row.offer;
        EXPECT_EQ(answer.parameters.deflate.has_value(), *row.response != '\0') << row.offer;
    }
    WebSocketPolicy policy;
    policy.deflate.enabled = false;
    const auto off = answer_to(
        [](RequestHead& head) { head.fields.add("Sec-WebSocket-Extensions", "permessage-deflate"); }, policy);
    EXPECT_FALSE(off.parameters.deflate);
    policy.deflate = {
        .window_bits = 15, .peer_window_bits = 15, .no_context_takeover = true, .peer_no_context_takeover = true};
    const auto wide = answer_to(
        [](RequestHead& head) { head.fields.add("Sec-WebSocket-Extensions", "permessage-deflate"); }, policy);
    EXPECT_EQ(wide.fields.get("Sec-WebSocket-Extensions"),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    EXPECT_EQ(wide.parameters.deflate->client_window_bits, 15);
    policy.deflate.window_bits = 7;
    EXPECT_THROW(
        static_cast<void>(answer_to(
            [](RequestHead& head) { head.fields.add("Sec-WebSocket-Extensions", "permessage-deflate"); }, policy)),
        std::invalid_argument);
}

auto offer() -> WebSocketOffer {
    WebSocketOffer made;
    made.key = sample_key;
    made.subprotocols = {"chat.v2", "chat.v1"};
    return made;
}

TEST(WebSocketHandshake, what_a_client_asks_for) {
    auto made = offer();
    made.origin = "https://app.example";
    EXPECT_EQ(websocket_request_fields(made),
        (Fields{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"},
            {"Sec-WebSocket-Key", sample_key}, {"Origin", "https://app.example"},
            {"Sec-WebSocket-Protocol", "chat.v2, chat.v1"},
            {"Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"}}));
    made.deflate.enabled = false;
    EXPECT_FALSE(websocket_request_fields(made).contains("Sec-WebSocket-Extensions"));
    made.subprotocols = {"with space"};
    EXPECT_THROW(static_cast<void>(websocket_request_fields(made)), std::invalid_argument);
    made.subprotocols = {"a", "a"};
    EXPECT_THROW(static_cast<void>(websocket_request_fields(made)), std::invalid_argument);
    made.subprotocols.clear();
    made.deflate = {.window_bits = 16};
    EXPECT_THROW(static_cast<void>(websocket_request_fields(made)), std::invalid_argument);
    made.deflate = {.peer_window_bits = 7};
    EXPECT_THROW(static_cast<void>(websocket_request_fields(made)), std::invalid_argument);
}

auto good_response() -> ResponseHead {
    ResponseHead head;
    head.status = 101;
    head.fields = {{"Upgrade", "WebSocket"}, {"Connection", "upgrade"}, {"Sec-WebSocket-Accept", sample_accept}};
    return head;
}

auto reading_of(const std::function<void(ResponseHead&)>& change, const WebSocketOffer& made = offer()) -> std::string {
    auto head = good_response();
    change(head);
    try {
        const auto parameters = check_websocket_response(head, made);
        std::string text = "good " + parameters.subprotocol;
        if (const auto& deflate = parameters.deflate) {
            text += " deflate " + std::to_string(deflate->server_window_bits) + " " +
                    std::to_string(deflate->client_window_bits) + (deflate->server_no_context_takeover ? " S" : "") +
                    (deflate->client_no_context_takeover ? " C" : "");
        }
        return text;
    } catch (const WebSocketHandshakeError& error) {
        EXPECT_EQ(error.status(), head.status);
        return "refused";
    }
}

TEST(WebSocketHandshake, a_client_checks_the_answer) {
    const auto set = [](const char* name, const char* value) {
        return [=](ResponseHead& head) { head.fields.set(name, value); };
    };
    const auto without = [](const char* name) { return [=](ResponseHead& head) { head.fields.remove(name); }; };
    EXPECT_EQ(reading_of([](ResponseHead&) {}), "good ");
    EXPECT_EQ(reading_of([](ResponseHead& head) { head.status = 200; }), "refused");
    EXPECT_EQ(reading_of([](ResponseHead& head) { head.status = 403; }), "refused");
    EXPECT_EQ(reading_of(without("Upgrade")), "refused");
    EXPECT_EQ(reading_of(set("Upgrade", "websocket, h2c")), "refused");
    EXPECT_EQ(reading_of(without("Connection")), "refused");
    EXPECT_EQ(reading_of(set("Connection", "keep-alive")), "refused");
    EXPECT_EQ(reading_of(without("Sec-WebSocket-Accept")), "refused");
    EXPECT_EQ(reading_of(set("Sec-WebSocket-Accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=")), "refused");
    EXPECT_EQ(
        reading_of([](ResponseHead& head) { head.fields.add("Sec-WebSocket-Accept", sample_accept); }), "refused");
    EXPECT_EQ(reading_of(set("Sec-WebSocket-Protocol", "chat.v1")), "good chat.v1");
    EXPECT_EQ(reading_of(set("Sec-WebSocket-Protocol", "chat.v3")), "refused");
    EXPECT_EQ(reading_of(set("Sec-WebSocket-Protocol", "chat.v1, chat.v2")), "refused");
    EXPECT_EQ(reading_of(set("Sec-WebSocket-Protocol", "")), "refused");
    const auto twice = [](ResponseHead& head) {
        for (int i = 0; i < 2; ++i) head.fields.add("Sec-WebSocket-Protocol", "chat.v1");
    };
    EXPECT_EQ(reading_of(twice), "refused");
}

TEST(WebSocketHandshake, a_client_checks_the_compression) {
    const auto with = [](std::string_view extensions, WebSocketDeflateOptions options = {}) {
        auto made = offer();
        made.deflate = options;
        return reading_of([=](ResponseHead& head) { head.fields.set("Sec-WebSocket-Extensions", extensions); }, made);
    };
    EXPECT_EQ(with("permessage-deflate; server_max_window_bits=12"), "good  deflate 12 12");
    EXPECT_EQ(with(", permessage-deflate; server_max_window_bits=12,"), "good  deflate 12 12");
    EXPECT_EQ(with("permessage-deflate; server_max_window_bits=8; client_max_window_bits=9"), "good  deflate 8 9");
    EXPECT_EQ(
        with("permessage-deflate; server_max_window_bits=12; server_no_context_takeover; client_no_context_takeover"),
        "good  deflate 12 12 S C");
    // Autobahn 13.4.1: a server may allow more than the window that was offered.
    EXPECT_EQ(with("permessage-deflate; server_max_window_bits=12; client_max_window_bits=15"), "good  deflate 12 12");
    const WebSocketDeflateOptions wide{.window_bits = 15, .peer_window_bits = 15};
    EXPECT_EQ(with("permessage-deflate", wide), "good  deflate 15 15");
    EXPECT_EQ(with("permessage-deflate; client_max_window_bits=15", wide), "good  deflate 15 15");
    for (const char* bad : {"permessage-deflate", "permessage-deflate; server_max_window_bits=13",
             "permessage-deflate; server_max_window_bits=12; client_max_window_bits",
             "permessage-deflate; server_max_window_bits=12; what", "permessage-foo",
             "permessage-deflate; server_max_window_bits=12, permessage-deflate; server_max_window_bits=12", "a,,b",
             ""}) {
        EXPECT_EQ(with(bad), "refused") << bad;
    }
    EXPECT_EQ(with("permessage-deflate; server_max_window_bits=12", {.enabled = false}), "refused");
    EXPECT_EQ(with("permessage-deflate; server_max_window_bits=12", {.peer_no_context_takeover = true}), "refused");
    EXPECT_EQ(
        with("permessage-deflate; server_max_window_bits=12", {.no_context_takeover = true}), "good  deflate 12 12 C");
}

TEST(WebSocketHandshake, both_ends_agree) {
    for (int bits = 8; bits <= 15; ++bits) {
        auto made = offer();
        made.deflate.window_bits = static_cast<std::uint8_t>(bits);
        made.deflate.peer_window_bits = static_cast<std::uint8_t>(23 - bits);
        WebSocketPolicy policy;
        policy.subprotocols = {"chat.v1"};
        RequestHead request;
        request.method = "GET";
        request.target = "/";
        request.fields = websocket_request_fields(made);
        const auto answer = answer_websocket(request, policy);
        EXPECT_EQ(answer.status, 101) << answer.reason;
        ResponseHead response;
        response.status = answer.status;
        response.fields = answer.fields;
        const auto agreed = check_websocket_response(response, made);
        EXPECT_EQ(agreed.deflate, answer.parameters.deflate) << bits;
        EXPECT_EQ(agreed.subprotocol, "chat.v1");
    }
}

TEST(WebSocketHandshake, what_both_ends_may_ask_of_the_others_memory) {
    auto made = offer();
    made.deflate = {
        .window_bits = 15, .peer_window_bits = 15, .no_context_takeover = true, .peer_no_context_takeover = true};
    EXPECT_EQ(websocket_request_fields(made).get("Sec-WebSocket-Extensions"),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits");
    const auto reading = reading_of(
        [](ResponseHead& head) {
            head.fields.set("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover");
        },
        made);
    EXPECT_EQ(reading, "good  deflate 15 15 S C");
}

TEST(WebSocketHandshake, odd_extensions) {
    const auto deflate_for = [](std::string_view extensions) -> std::string {
        const auto answer = answer_to(
            [&](RequestHead& head) { head.fields.set("Sec-WebSocket-Extensions", extensions); });
        if (answer.status != 101) return std::to_string(answer.status);
        return answer.parameters.deflate ? "deflate" : "none";
    };
    EXPECT_EQ(deflate_for("permessage-deflate;\tserver_max_window_bits\t=\t10"),
        deflate_for("permessage-deflate; server_max_window_bits = 10"));
    EXPECT_EQ(deflate_for("permessage-deflate; server_max_window_bits=\"1\\0\""), "deflate");
    EXPECT_EQ(deflate_for("permessage-deflate; server_max_window_bits=1x"), "none");
    EXPECT_EQ(deflate_for("permessage-deflate; server_max_window_bits=1."), "none");
    EXPECT_EQ(deflate_for("permessage-deflate; server_max_window_bits=20"), "none");
    for (const auto* const broken : {"permessage-deflate; a=\"", "permessage-deflate; a=\"b",
             "permessage-deflate; a=\"b\\", "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\""}) {
        EXPECT_EQ(deflate_for(broken), "400") << broken;
    }
}

TEST(WebSocketHandshake, two_origins_are_none) {
    const auto answer = answer_to([](RequestHead& head) {
        head.fields.add("Origin", "http://server.example.com");
        head.fields.add("Origin", "http://server.example.com");
    });
    EXPECT_EQ(answer.status, 403);
}

}  // namespace
}  // namespace gyre::http::testing
