#include "pool.hpp"

#include "http/wall_clock.hpp"
#include "net/connect_any.hpp"
#include "net/quiet.hpp"

#include <gyre/core/counts.hpp>
#include <gyre/core/duration_text.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/http/core/errors.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/resolve.hpp>
#include <gyre/net/socks5.hpp>

#include <algorithm>
#include <utility>

namespace gyre::http::internal {

namespace {

// Has neither a byte nor an end come on a connection that owes us nothing? Only what is there already counts.
auto is_quiet(Connection& connection) -> Task<bool> {
    if (!connection.stream.buffered().empty()) co_return false;
    try {
        auto asking = net::is_quiet(connection.stream.transport());
        co_return co_await std::move(asking);
    } catch (const IoError&) {
        co_return false;
    }
}

/// To which connections a request may go. The way to an origin through a proxy may be a tunnel or none, for WebSockets.
void write_connection_key(const Settings& settings, const Outgoing& request, std::string& key) {
    const Url& url = request.url;
    key.assign(url.scheme()).append("://").append(url.host());
    if (url.port()) key.append(":").append(std::to_string(*url.port()));
    if (!request.offers_upgrade() || settings.proxies().for_url(url) == nullptr) return;
    key += " (tunnel)";
}

auto limits_of(const ClientOptions& options) -> ConnectionLimits {
    using gyre::internal::require_count;
    ConnectionLimits limits;
    limits.total = require_count("http::Client", {}, "max_connections", options.max_connections);
    limits.per_origin = require_count("http::Client", {}, "max_connections_per_host", options.max_connections_per_host);
    limits.kept_per_origin = require_count("http::Client", {}, "max_idle_per_host", options.max_idle_per_host);
    limits.kept_for = options.idle_timeout;
    return limits;
}

/// Runs some work within a time limit. Empty: it was not done in time.
template<class T>
auto within(Duration limit, Task<T> work) -> Task<std::optional<T>> {
    if (limit > Duration::zero()) co_return co_await move_on_after(limit, std::move(work));
    auto value = co_await std::move(work);
    co_return std::optional<T>(std::move(value));
}

[[noreturn]] void throw_timeout(
    const Outgoing& request, RequestPhase phase, const std::string& what, const std::string& peer, Duration limit) {
    const std::string text = what + ": timed out after " + gyre::internal::duration_text(limit);
    throw request.error(phase, text, peer, std::make_exception_ptr(TimeoutError(text)));
}

}  // namespace

Pool::Endpoint::Endpoint(const Url& url)
    : host(url.host_kind() == HostKind::ipv6 ? url.host().substr(1, url.host().size() - 2) : url.host()),
      port(url.effective_port()),
      text(std::string(url.host()) + ":" + std::to_string(port)) {}

Pool::Endpoint::Endpoint(const ClientProxy& proxy)
    : host(proxy.host), port(proxy.port), text(proxy.name.substr(proxy.name.find("//") + 2)) {}

Pool::Pool(const ClientOptions& options)
    : settings_(options),
      statistics_(std::make_shared<ClientStats>()),
      jar_(options.cookies ? options.cookie_jar : nullptr),
      connections_(limits_of(options)) {}

Pool::~Pool() { close(); }

auto Pool::stats() const noexcept -> ClientStats {
    auto figures = *statistics_;
    figures.idle_connections = connections_.kept();
    figures.connecting = connections_.slots() - figures.open_connections;
    figures.waiting_requests = connections_.waiting();
    return figures;
}

auto Pool::turn(const Outgoing& request) -> ConnectionWait {
    write_connection_key(settings_, request, key_);
    return connections_.turn(key_);
}

auto Pool::turn_in_time(const Outgoing& request) -> Task<ConnectionTurn> {
    const Duration limit = request.timeouts.pool;
    auto waiting = turn(request);
    auto given = co_await move_on_after(limit, std::move(waiting));
    if (!given)
        throw_timeout(request, RequestPhase::pool, "no connection became free", Endpoint(request.url).text, limit);
    co_return std::move(*given);
}

auto Pool::reuse(const Outgoing& request, ConnectionTurn& turn) noexcept -> std::unique_ptr<Connection> {
    turn.kept->is_reused = true;
    ++statistics_->connections_reused;
    request.tell(ClientStep::reused, {.text = turn.kept->peer_text});
    return std::move(turn.kept);
}

auto Pool::take_quiet(const Outgoing& request, ConnectionTurn& turn) noexcept -> std::unique_ptr<Connection> {
    if (!turn.kept || turn.kept->stream.has_input()) return nullptr;
    return reuse(request, turn);
}

auto Pool::connection(const Outgoing& request, ConnectionTurn turn, bool fresh) -> Task<std::unique_ptr<Connection>> {
    while (turn.kept) {
        // Where one of an origin was dead, the others are likely to be: a fresh one is made in their place.
        bool is_good = false;
        if (!fresh) is_good = co_await is_quiet(*turn.kept);
        if (is_good) co_return reuse(request, turn);
        auto& origin = turn.kept->slot.origin();
        turn.slot = std::move(turn.kept->slot);
        turn.kept.reset();
        if (!fresh) turn.kept = connections_.take_kept(origin);
        if (turn.kept) turn.kept->slot.taken_over_from(turn.slot);
    }
    auto opening = open(request, std::move(turn.slot));
    co_return co_await std::move(opening);
}

auto Pool::open(const Outgoing& request, ConnectionSlot slot) -> Task<std::unique_ptr<Connection>> {
    if (dial_) {
        ++statistics_->connections_opened;
        co_return std::make_unique<Connection>(
            dial_(request.url), std::move(slot), settings_.options().limits, statistics_);
    }
    const bool is_unix = settings_.unix_socket().has_value();
    const ClientProxy* const proxy = is_unix ? nullptr : settings_.proxies().for_url(request.url);
    const Endpoint target(request.url);
    const Endpoint first = proxy != nullptr ? Endpoint(*proxy) : target;
    std::vector<net::Address> addresses;
    if (is_unix) {
        addresses.push_back(*settings_.unix_socket());
    } else {
        request.tell(ClientStep::resolving);
        addresses = co_await find_addresses(request, first);
        request.tell(ClientStep::resolved);
    }
    request.tell(ClientStep::connecting);
    auto connecting = connect(request, first, std::move(addresses));
    auto stream = co_await std::move(connecting);
    if (proxy != nullptr) {
        auto passing = pass(request, *proxy, target, std::move(stream));
        stream = co_await std::move(passing);
    }
    if (request.tracer) request.tell(ClientStep::connected, {.text = stream.peer_address().text()});
    if (request.url.scheme() == "https") {
        request.tell(ClientStep::securing);
        auto encrypting = encrypt(request, target.host, std::move(stream), false);
        stream = co_await std::move(encrypting);
        request.tell(ClientStep::secured);
    }
    ++statistics_->connections_opened;
    co_return std::make_unique<Connection>(std::move(stream), std::move(slot), settings_.options().limits, statistics_);
}

auto Pool::find_addresses(const Outgoing& request, const Endpoint& of) -> Task<std::vector<net::Address>> {
    const Duration limit = request.timeouts.resolve;
    try {
        net::ResolveOptions how;
        how.cached = settings_.options().dns_cache;
        auto resolving = net::resolve(of.host, of.port, how);
        auto addresses = co_await within(limit, std::move(resolving));
        if (addresses) co_return std::move(*addresses);
    } catch (const IoError& error) {
        throw request.error(RequestPhase::resolve, error.what(), of.text, std::current_exception());
    }
    throw_timeout(request, RequestPhase::resolve, "resolve " + of.host, of.text, limit);
}

auto Pool::connect(const Outgoing& request, const Endpoint& to, std::vector<net::Address> addresses)
    -> Task<net::Stream> {
    const bool is_unix = !addresses.front().is_ip();
    const std::string peer = is_unix ? addresses.front().text() : to.text;
    try {
        auto how = settings_.connect_options();
        how.timeout = request.timeouts.connect;
        if (is_unix) how.local = nullptr;
        auto connecting = gyre::internal::connect_any(std::move(addresses), peer, how);
        co_return co_await std::move(connecting);
    } catch (const IoError& error) {
        net::forget_name(to.host);
        throw request.error(RequestPhase::connect, error.what(), peer, std::current_exception());
    }
}

// A proxy that passes requests on needs nothing before them.
auto Pool::pass(const Outgoing& request, const ClientProxy& proxy, const Endpoint& target, net::Stream stream)
    -> Task<net::Stream> {
    if (proxy.kind == ClientProxy::Kind::https) {
        auto encrypting = encrypt(request, proxy.host, std::move(stream), true);
        stream = co_await std::move(encrypting);
    }
    if (!ClientProxies::needs_tunnel(proxy, request.url, request.offers_upgrade())) co_return std::move(stream);
    const std::string what = "proxy " + proxy.name;
    const Duration limit = request.timeouts.connect;
    try {
        auto opening = proxy.kind == ClientProxy::Kind::socks5
                           ? net::socks5_connect(std::move(stream), target.host, target.port, proxy.login())
                           : open_tunnel(
                                 std::move(stream), target.text, proxy.authorization(), settings_.options().limits);
        auto opened = co_await within(limit, std::move(opening));
        if (opened) co_return std::move(*opened);
    } catch (const IoError& error) {
        throw request.error(RequestPhase::proxy, what + ": " + error.what(), proxy.name, std::current_exception());
    } catch (const ProtocolError& error) {
        throw request.error(RequestPhase::proxy, what + ": " + error.what(), proxy.name, std::current_exception());
    }
    throw_timeout(request, RequestPhase::proxy, what, proxy.name, limit);
}

auto Pool::encrypt(const Outgoing& request, const std::string& host, net::Stream plain, bool to_proxy)
    -> Task<net::Stream> {
    const std::string peer = plain.peer_address().text();
    const Duration limit = request.timeouts.tls;
    try {
        auto handshake = tls_context(to_proxy).handshake(std::move(plain), host);
        auto encrypted = co_await within(limit, std::move(handshake));
        if (encrypted) co_return std::move(*encrypted);
    } catch (const IoError& error) {
        throw request.error(RequestPhase::tls, error.what(), peer, std::current_exception());
    }
    throw_timeout(request, RequestPhase::tls, "tls " + peer, peer, limit);
}

void Pool::keep(std::unique_ptr<Connection> connection) noexcept {
    if (is_closed_ || settings_.options().max_idle_per_host == 0) return;
    try {
        connection->kept_since = this_loop().now();
        watch_age(connection->kept_since);
        connections_.keep(std::move(connection));
    } catch (...) {  // no memory, or no loop any more: a connection that is not kept is closed, and that is all
    }
}

auto Pool::cookies_for(const Url& url) -> std::optional<std::string> {
    if (jar_ == nullptr) return std::nullopt;
    return jar_->header_for(url, this_loop().local<WallClock>().now());
}

void Pool::take_cookies(const Url& url, const Fields& response) {
    if (!settings_.options().cookies || !response.contains("Set-Cookie")) return;
    if (jar_ == nullptr) jar_ = &own_jar_.emplace();
    jar_->set_from(url, response, this_loop().local<WallClock>().now());
}

void Pool::use(ClientMiddleware middleware) {
    // Requests under way keep the list that they began with.
    auto more = middlewares_ ? *middlewares_ : std::vector<ClientMiddleware>();
    more.push_back(std::move(middleware));
    middlewares_ = std::make_shared<const std::vector<ClientMiddleware>>(std::move(more));
}

void Pool::trace(ClientTrace trace) {
    auto more = traces_ ? *traces_ : std::vector<ClientTrace>();
    more.push_back(std::move(trace));
    traces_ = std::make_shared<const std::vector<ClientTrace>>(std::move(more));
}

void Pool::close() noexcept {
    is_closed_ = true;
    connections_.close_kept();
    if (age_timer_) age_timer_->cancel();
    age_timer_.reset();
}

auto Pool::tls_context(bool to_proxy) -> const net::TlsClientContext& {
    auto& context = to_proxy ? proxy_tls_ : tls_;
    if (!context) {
        auto options = to_proxy ? settings_.proxy_tls() : settings_.tls();
        options.alpn({"http/1.1"});
        context.emplace(options);
    }
    return *context;
}

// One timer for the pool: it fires for the oldest connection, and is set again for the next.
void Pool::watch_age(Time oldest) {
    if (age_timer_ || settings_.options().idle_timeout <= Duration::zero()) return;
    const auto drop = [pool = weak_from_this()] {
        if (const auto alive = pool.lock()) alive->drop_old();
    };
    age_timer_ = this_loop().call_at(oldest + settings_.options().idle_timeout, drop);
}

void Pool::drop_old() {
    age_timer_.reset();
    const Time oldest = connections_.close_old();
    if (oldest != Time::max()) watch_age(oldest);
}

}  // namespace gyre::http::internal
