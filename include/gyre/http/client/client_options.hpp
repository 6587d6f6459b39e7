#pragma once

#include <gyre/http/core/content_coding.hpp>
#include <gyre/http/core/limits.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/net/tls.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gyre::net {
class EgressPolicy;
}  // namespace gyre::net

namespace gyre::http {

class ClientTransport;
class CookieJar;

/// How long a client waits. Zero or less: without an end.
struct ClientTimeouts {
    AnyDuration total{};  ///< A request with its redirects and replays, to the end of the body.
    AnyDuration pool{};   ///< One wait for a connection to become free.
    AnyDuration resolve = std::chrono::seconds(10);  ///< The addresses of a name.
    AnyDuration connect = std::chrono::seconds(10);  ///< The attempts at one connection, all of its addresses together.
    AnyDuration tls = std::chrono::seconds(10);      ///< One handshake.
    AnyDuration write = std::chrono::seconds(30);    ///< One wait in which the peer takes no byte of the request.
    AnyDuration first_byte = std::chrono::seconds(30);  ///< From the end of the request to the first byte of an answer.
    AnyDuration read = std::chrono::seconds(30);        ///< One wait for the next bytes after that.
    /// A body that comes with fewer bytes per second than this, over each `low_speed_time` of waiting for it, is an error, and
    /// so is one whose server takes it so slowly (one that does not go with the head, up to 16 KiB, that is); 0: any speed will
    /// do. Time that the reader, or the maker, of the body takes does not count.
    std::uint64_t low_speed_limit = 0;
    AnyDuration low_speed_time = std::chrono::seconds(30);
};

/// How a client behaves. The texts, `*tls` and `*egress` are copied when the client is made.
struct ClientOptions {
    /// What the URLs of requests are relative to ("https://api.example.org/v1/"); empty: they are absolute.
    std::string_view base_url = {};
    ClientTimeouts timeout = {};
    /// What https trusts. Null: the system's certificates. "http/1.1" is offered by ALPN in any case.
    const net::TlsClientOptions* tls = nullptr;
    /// The numeric address that connections come from ("192.0.2.7"); empty: as the system likes.
    std::string_view local_address = {};
    /// A Unix socket that all connections go to, whatever host the URL names; empty: over the network.
    std::string_view unix_socket = {};
    /// The proxy for all URLs: "http://user:password@proxy.example:3128", "https://...", "socks5://..."; empty: none, or as the
    /// environment says. The host of an https URL, and for SOCKS5 of any, is looked up by the proxy.
    std::string_view proxy = {};
    /// Hosts that are reached without it, separated by commas: names with all that is under them, addresses, networks, with a
    /// port or without; "*": all.
    std::string_view no_proxy = {};
    /// Whether, without `proxy`, the environment is asked: http_proxy, https_proxy, all_proxy and no_proxy; in capitals too, but
    /// for HTTP_PROXY. What runs on this machine is reached directly then.
    bool proxy_from_environment = false;
    /// What an https proxy has to show. Null: a certificate that the system trusts. Copied.
    const net::TlsClientOptions* proxy_tls = nullptr;
    /// Addresses that must not be connected to, asked for each connection, those of redirects and of proxies included; what lies
    /// behind a proxy is its business. Copied. Null: none.
    const net::EgressPolicy* egress = nullptr;
    /// Redirects that are followed for one request; one more is an error.
    std::size_t max_redirects = 10;
    /// Whether redirects are followed at all; else they are responses like any other.
    bool follow_redirects = true;
    /// Whether a 307 or 308 may take the body of a request to another origin; else it is an error.
    bool resend_body_across_origins = false;
    /// Fields that are as secret as Authorization and Cookie, separated by commas ("X-Api-Key, X-Token"): a redirect to another
    /// origin goes without them, and a `Recorder` does not write their values. Copied.
    std::string_view secret_fields = {};
    /// Connections that may be open at a time, those kept and those being made included; 0: no end. One more request waits,
    /// behind those that wait already.
    std::size_t max_connections = 100;
    /// The same for one origin (scheme, host and port); 0: as many as in all.
    std::size_t max_connections_per_host = 0;
    /// Connections that are kept for one origin; 0 keeps none.
    std::size_t max_idle_per_host = 16;
    /// How long a connection is kept unused; shorter than what servers grant.
    AnyDuration idle_timeout = std::chrono::seconds(50);
    /// Whether the addresses of names come from the loop's cache (`net::ResolveOptions::cached`). When none of them can be
    /// connected to, the next request asks anew.
    bool dns_cache = true;
    /// Whether an idempotent request is sent once more when a kept connection turns out to be dead.
    bool replay = true;
    /// Whether cookies are taken from responses and given to requests.
    bool cookies = true;
    /// Where they are kept, for several clients or to save them; must outlive the client and its responses. Null: in the
    /// client.
    CookieJar* cookie_jar = nullptr;
    /// User-Agent, unless the request has its own. Null: "gyre/VERSION"; "": none.
    const char* user_agent = nullptr;
    /// Whether compressed responses are asked for, and decoded as they are read.
    bool decode = true;
    /// How much they may become.
    DecodeLimits decode_limits = {};
    /// Whether a body that lasts until the server closes, of which a cut looks like the end, is refused when it is read, unless the
    /// request says otherwise: a RequestError, phase `body`.
    bool require_delimited = false;
    /// Of what the server sends.
    Limits limits = Limits::client();
    /// How URLs and Location fields are read. Strict: what two parsers could read differently is refused.
    UrlMode url_mode = UrlMode::strict;
    /// Whether a status of 400 and above is thrown as a StatusError, unless the request says otherwise.
    bool raise_for_status = false;
    /// Answers in place of connections, for tests, records and other protocols; must outlive the client's requests and
    /// responses. Null: connections.
    ClientTransport* transport = nullptr;
};

}  // namespace gyre::http
