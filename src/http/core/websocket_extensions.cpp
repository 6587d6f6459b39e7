#include "websocket_extensions.hpp"

#include "grammar.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace gyre::http::internal {
namespace {

constexpr std::string_view deflate_name = "permessage-deflate";
constexpr std::uint8_t most_bits = 15;
constexpr std::uint8_t least_bits = 8;

/// One field value, from the front.
class Scanner {
public:
    explicit Scanner(std::string_view rest) noexcept : rest_(rest) {}

    void skip_whitespace() noexcept {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
    }
    [[nodiscard]] auto is_done() const noexcept -> bool { return rest_.empty(); }
    auto take(char c) noexcept -> bool {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// Empty: none.
    auto token() noexcept -> std::string_view { return take_token(rest_); }
    /// A token, in quotes or not: quotes may be around nothing else here. Empty: none.
    auto value() -> std::string {
        if (!take('"')) return std::string(token());
        std::string text;
        while (!rest_.empty() && rest_.front() != '"') {
            take('\\');
            if (rest_.empty()) return {};
            text.push_back(rest_.front());
            rest_.remove_prefix(1);
        }
        return take('"') && is_token(text) ? text : std::string();
    }

private:
    std::string_view rest_;
};

auto parse_parameter(Scanner& scanner, Extension& extension) -> bool {
    scanner.skip_whitespace();
    ExtensionParameter parameter;
    parameter.name = scanner.token();
    if (parameter.name.empty()) return false;
    scanner.skip_whitespace();
    if (scanner.take('=')) {
        scanner.skip_whitespace();
        parameter.value = scanner.value();
        if (parameter.value->empty()) return false;
        scanner.skip_whitespace();
    }
    extension.parameters.push_back(std::move(parameter));
    return true;
}

auto parse_one(std::string_view field, std::vector<Extension>& extensions) -> bool {
    Scanner scanner(field);
    while (true) {
        scanner.skip_whitespace();
        if (scanner.is_done()) return true;
        if (scanner.take(',')) continue;  // RFC 9110 5.6.1.2: empty members are passed over
        Extension extension;
        extension.name = scanner.token();
        if (extension.name.empty()) return false;
        scanner.skip_whitespace();
        while (scanner.take(';')) {
            if (!parse_parameter(scanner, extension)) return false;
        }
        extensions.push_back(std::move(extension));
        if (scanner.is_done()) return true;
        if (!scanner.take(',')) return false;
    }
}

/// The parameters of one permessage-deflate, as said.
struct Said {
    std::optional<std::uint8_t> server_bits;
    std::optional<std::uint8_t> client_bits;
    bool client_bits_without_value = false;
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;

    [[nodiscard]] auto says_client_bits() const noexcept -> bool { return client_bits || client_bits_without_value; }
};

/// "8" to "15", without zeros in front.
auto read_bits(const std::string& value) noexcept -> std::optional<std::uint8_t> {
    if (value == "8" || value == "9") return static_cast<std::uint8_t>(value[0] - '0');
    if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') {
        return static_cast<std::uint8_t>(10 + value[1] - '0');
    }
    return std::nullopt;
}

auto read_flag(const ExtensionParameter& parameter, bool& flag) noexcept -> bool {
    if (flag || parameter.value) return false;  // twice, or with a value
    return flag = true;
}

auto read_window(const ExtensionParameter& parameter, std::optional<std::uint8_t>& bits) noexcept -> bool {
    if (bits || !parameter.value) return false;
    bits = read_bits(*parameter.value);
    return bits.has_value();
}

/// Empty for parameters that are unknown, come twice, or have a wrong value.
auto read_said(const Extension& extension) noexcept -> std::optional<Said> {
    Said said;
    for (const auto& parameter : extension.parameters) {
        bool good = false;
        if (parameter.name == "server_no_context_takeover") {
            good = read_flag(parameter, said.server_no_context_takeover);
        } else if (parameter.name == "client_no_context_takeover") {
            good = read_flag(parameter, said.client_no_context_takeover);
        } else if (parameter.name == "server_max_window_bits") {
            good = read_window(parameter, said.server_bits);
        } else if (parameter.name == "client_max_window_bits" && !said.says_client_bits()) {
            good = parameter.value ? read_window(parameter, said.client_bits)
                                   : read_flag(parameter, said.client_bits_without_value);
        }
        if (!good) return std::nullopt;
    }
    return said;
}

void check_windows(const WebSocketDeflateOptions& options) {
    for (const auto bits : {options.window_bits, options.peer_window_bits}) {
        if (bits < least_bits || bits > most_bits) {
            throw std::invalid_argument(
                "WebSocket: a compression window of 2^" + std::to_string(bits) + " bytes; 2^8 to 2^15 are possible");
        }
    }
}

void append_window(std::string& text, std::string_view name, std::uint8_t bits) {
    text.append("; ").append(name).append("=").append(std::to_string(bits));
}

}  // namespace

auto parse_extensions(const Fields& fields) -> std::optional<std::vector<Extension>> {
    std::vector<Extension> extensions;
    for (const auto value : fields.get_all("Sec-WebSocket-Extensions")) {
        if (!parse_one(value, extensions)) return std::nullopt;
    }
    if (extensions.empty() && fields.contains("Sec-WebSocket-Extensions")) return std::nullopt;
    return extensions;
}

auto deflate_offer(const WebSocketDeflateOptions& options) -> std::string {
    if (!options.enabled) return {};
    check_windows(options);
    std::string text(deflate_name);
    if (options.peer_no_context_takeover) text.append("; server_no_context_takeover");
    if (options.no_context_takeover) text.append("; client_no_context_takeover");
    if (options.peer_window_bits < most_bits) append_window(text, "server_max_window_bits", options.peer_window_bits);
    if (options.window_bits < most_bits) {
        append_window(text, "client_max_window_bits", options.window_bits);
    } else {
        text.append("; client_max_window_bits");
    }
    return text;
}

auto accept_deflate(const std::vector<Extension>& offers, const WebSocketDeflateOptions& options, std::string& response)
    -> std::optional<WebSocketDeflate> {
    if (!options.enabled) return std::nullopt;
    check_windows(options);
    for (const auto& offer : offers) {
        if (offer.name != deflate_name) continue;
        const auto said = read_said(offer);
        if (!said) continue;
        WebSocketDeflate agreed;
        agreed.server_window_bits = std::min(options.window_bits, said->server_bits.value_or(most_bits));
        // A client that does not name it cannot be told.
        if (said->says_client_bits()) {
            agreed.client_window_bits = std::min(options.peer_window_bits, said->client_bits.value_or(most_bits));
        }
        agreed.server_no_context_takeover = options.no_context_takeover || said->server_no_context_takeover;
        agreed.client_no_context_takeover = options.peer_no_context_takeover || said->client_no_context_takeover;

        response = deflate_name;
        if (agreed.server_no_context_takeover) response.append("; server_no_context_takeover");
        if (agreed.client_no_context_takeover) response.append("; client_no_context_takeover");
        if (said->server_bits || agreed.server_window_bits < most_bits) {
            append_window(response, "server_max_window_bits", agreed.server_window_bits);
        }
        if (agreed.client_window_bits < most_bits) {
            append_window(response, "client_max_window_bits", agreed.client_window_bits);
        }
        return agreed;
    }
    return std::nullopt;
}

auto read_deflate_response(const Extension& response, const WebSocketDeflateOptions& options)
    -> std::optional<WebSocketDeflate> {
    if (!options.enabled || response.name != deflate_name) return std::nullopt;
    const auto said = read_said(response);
    if (!said || said->client_bits_without_value) return std::nullopt;
    // What was asked for has to be granted, in no larger size. The window of what this end compresses was only a hint: a server may
    // allow a larger one (RFC 7692 7.1.2.2), which is not used then.
    if (options.peer_no_context_takeover && !said->server_no_context_takeover) return std::nullopt;
    if (said->server_bits.value_or(most_bits) > options.peer_window_bits) return std::nullopt;
    WebSocketDeflate agreed;
    agreed.server_window_bits = said->server_bits.value_or(most_bits);
    agreed.client_window_bits = std::min(options.window_bits, said->client_bits.value_or(most_bits));
    agreed.server_no_context_takeover = said->server_no_context_takeover;
    agreed.client_no_context_takeover = said->client_no_context_takeover || options.no_context_takeover;
    return agreed;
}

}  // namespace gyre::http::internal
