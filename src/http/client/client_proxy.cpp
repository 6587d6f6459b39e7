#include "client_proxy.hpp"

#include "../core/base64.hpp"
#include "passing.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/h1_parser.hpp>
#include <gyre/http/core/h1_writer.hpp>
#include <gyre/http/core/percent.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr std::uint16_t socks_port = 1080;
constexpr std::size_t longest_socks_text = 255;  // RFC 1929: a length is one byte

auto without_brackets(std::string_view host) -> std::string_view {
    if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
    return host;
}

auto parse_proxy_url(std::string_view text) -> Url {
    const std::string whole = text.find("://") == text.npos ? "http://" + std::string(text) : std::string(text);
    try {
        return Url::parse(whole, UrlMode::whatwg);
    } catch (const UrlError&) {
        // Not the text itself, which may have a password in it.
        throw std::invalid_argument("http::Client: the URL of a proxy is malformed");
    }
}

/// The value of a variable of the environment, in lower case or in upper case.
auto variable(std::string_view name) -> std::string {
    std::string spelled(name);
    if (const char* value = std::getenv(spelled.c_str()); value != nullptr && *value != '\0') return value;
    // A CGI program gets HTTP_PROXY from whoever sends it a Proxy field. Source: CVE-2016-5385, httpoxy.
    if (name == "http_proxy") return {};
    std::ranges::transform(
        spelled, spelled.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    const char* value = std::getenv(spelled.c_str());
    return value != nullptr ? value : "";
}

auto parse_network(std::string_view text) -> std::optional<net::IpNetwork> {
    try {
        return net::IpNetwork(text);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

}  // namespace

ClientProxy::ClientProxy(std::string_view text) {
    const Url url = parse_proxy_url(text);
    if (url.scheme() == "http") {
        kind = Kind::http;
    } else if (url.scheme() == "https") {
        kind = Kind::https;
    } else if (url.scheme() == "socks5" || url.scheme() == "socks5h") {
        kind = Kind::socks5;
    } else {
        throw std::invalid_argument("http::Client: a proxy is http, https or socks5, not " + std::string(url.scheme()));
    }
    if (url.host().empty()) throw std::invalid_argument("http::Client: the URL of a proxy has no host");
    host = without_brackets(url.host());
    port = url.port().value_or(kind == Kind::socks5 ? socks_port : url.effective_port());
    username = percent_decode(url.username());
    password = percent_decode(url.password());
    if (kind == Kind::socks5 && (username.size() > longest_socks_text || password.size() > longest_socks_text)) {
        throw std::invalid_argument("http::Client: a user or password of a SOCKS5 proxy has at most 255 bytes");
    }
    name = std::string(url.scheme()) + "://" + std::string(url.host()) + ":" + std::to_string(port);
}

auto ClientProxy::authorization() const -> std::string {
    if (username.empty()) return {};
    return "Basic " + to_base64(username + ":" + password);
}

auto ClientProxy::login() const -> net::Socks5Login {
    if (username.empty()) return {};
    return {username, password};
}

ClientProxies::ClientProxies(const ClientOptions& options) {
    if (!options.proxy.empty()) {
        for_http_.emplace(options.proxy);
        for_https_ = for_http_;
    } else if (options.proxy_from_environment) {
        const std::string all = variable("all_proxy");
        const std::string http = variable("http_proxy");
        const std::string https = variable("https_proxy");
        if (!http.empty() || !all.empty()) for_http_.emplace(http.empty() ? all : http);
        if (!https.empty() || !all.empty()) for_https_.emplace(https.empty() ? all : https);
        // What runs on this machine is not for a proxy that is set for all programs of it.
        except("localhost,127.0.0.0/8,::1");
        except(variable("no_proxy"));
    }
    except(options.no_proxy);
}

auto ClientProxies::for_url(const Url& url) const -> const ClientProxy* {
    const auto& proxy = url.scheme() == "https" ? for_https_ : for_http_;
    return proxy && !is_excepted(url) ? &*proxy : nullptr;
}

void ClientProxies::address(const Url& url, bool offers_upgrade, RequestHead& head) const {
    const ClientProxy* const proxy = for_url(url);
    if (proxy == nullptr || needs_tunnel(*proxy, url, offers_upgrade)) return;
    head.target = url.origin() + head.target;
    const std::string authorization = proxy->authorization();
    if (!authorization.empty() && !head.fields.contains("Proxy-Authorization")) {
        head.fields.add("Proxy-Authorization", authorization);
    }
}

void ClientProxies::except(std::string_view list) {
    while (!list.empty()) {
        const auto end = std::min(list.find_first_of(", \t"), list.size());
        if (end > 0) except_one(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

void ClientProxies::except_one(std::string_view entry) {
    Exception made;
    made.network = parse_network(without_brackets(entry));
    const auto colon = entry.rfind(':');
    if (!made.network && colon != entry.npos) {
        std::uint16_t port = 0;
        const char* const end = entry.data() + entry.size();
        const auto [stop, error] = std::from_chars(entry.data() + colon + 1, end, port);
        if (error == std::errc() && stop == end) {
            made.port = port;
            entry = entry.substr(0, colon);
            made.network = parse_network(without_brackets(entry));
        }
    }
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.ends_with('.')) entry.remove_suffix(1);
    made.name = entry;
    std::ranges::transform(
        made.name, made.name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    exceptions_.push_back(std::move(made));
}

auto ClientProxies::is_excepted(const Url& url) const -> bool {
    std::string_view host = without_brackets(url.host());
    if (host.ends_with('.')) host.remove_suffix(1);
    const bool is_ip = url.host_kind() == HostKind::ipv4 || url.host_kind() == HostKind::ipv6;
    std::optional<net::Address> address;
    if (is_ip) address = net::Address::from_ip(host, url.effective_port());
    return std::ranges::any_of(exceptions_, [&](const Exception& one) {
        if (one.port && *one.port != url.effective_port()) return false;
        if (one.name == "*") return true;
        if (address) return one.network && one.network->contains(*address);
        if (one.name.empty() || !host.ends_with(one.name)) return false;
        return host.size() == one.name.size() || host[host.size() - one.name.size() - 1] == '.';
    });
}

auto open_tunnel(net::Stream stream, std::string authority, std::string authorization, Limits limits)
    -> Task<net::Stream> {
    RequestHead head;
    head.method = "CONNECT";
    head.target = authority;
    head.fields.add("Host", authority);
    if (!authorization.empty()) head.fields.add("Proxy-Authorization", authorization);
    std::string bytes;
    auto encoder = write_head(head, bytes);
    encoder.finish(bytes);
    co_await stream.write(bytes);

    ResponseParser parser(limits);
    parser.expect("CONNECT");
    std::size_t interim = 0;
    for (;;) {
        const Event event = parser.next(stream.buffered());
        stream.consume(event.consumed);
        if (event.kind == EventKind::head) break;
        if (event.kind == EventKind::interim_head && ++interim > max_interim_responses) {
            throw IoError(std::make_error_code(std::errc::protocol_error), "CONNECT", authority,
                "more than " + std::to_string(max_interim_responses) + " interim responses");
        }
        if (event.kind != EventKind::need_more) continue;
        const auto came = co_await stream.fill();
        if (came == 0) {
            throw IoError(std::make_error_code(std::errc::connection_reset), "CONNECT", authority,
                "the proxy closed the connection without an answer");
        }
    }
    const auto& answer = parser.head();
    if (answer.status / 100 != 2) {
        const auto code = is_for_the_moment(answer.status) ? std::errc::connection_refused
                                                           : std::errc::permission_denied;
        throw IoError(std::make_error_code(code), "CONNECT", authority,
            "the proxy answered " + std::to_string(answer.status) + " " + std::string(answer.reason));
    }
    // Whoever speaks before the tunnel is used speaks for somebody else.
    if (!stream.buffered().empty()) {
        throw IoError(std::make_error_code(std::errc::protocol_error), "CONNECT", authority,
            "the proxy sent bytes of its own into the tunnel");
    }
    co_return std::move(stream);
}

}  // namespace gyre::http::internal
