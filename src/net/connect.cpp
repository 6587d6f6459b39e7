#include <gyre/net/connect.hpp>

#include "net/attempts.hpp"
#include "net/connect_any.hpp"
#include "net/socket_transport.hpp"
#include "net/unix_path.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/net/egress_policy.hpp>
#include <gyre/net/resolve.hpp>
#include <gyre/sync/event.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace gyre::net {

namespace {

constexpr auto full_backlog_pause = std::chrono::milliseconds(10);

void bind_to(const internal::Socket& socket, const Address& local) {
    // The port is chosen when the peer is known: the same one serves for several peers.
    socket.set_option(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const int result = socket.bind(local);
    if (result < 0) internal::throw_io_error(result, "connect", "from " + local.text());
}

/// Takes out the addresses that are not to be connected to. @throws EgressError, IoError if none is left.
void keep_allowed(const ConnectOptions& options, const std::string& object, std::vector<Address>& addresses) {
    if (options.local != nullptr) {
        const int family = options.local->family();
        std::erase_if(addresses, [family](const Address& address) { return address.family() != family; });
        if (addresses.empty()) {
            throw IoError(std::make_error_code(std::errc::address_family_not_supported), "connect", object,
                "it has no address of the family of " + options.local->text());
        }
    }
    if (options.egress == nullptr) return;
    std::string refusals;
    std::erase_if(addresses, [&](const Address& address) {
        const auto rule = options.egress->refusal(address);
        if (rule) refusals += (refusals.empty() ? "" : "; ") + address.text() + " is " + *rule;
        return rule.has_value();
    });
    if (addresses.empty()) {
        throw EgressError(std::make_error_code(std::errc::permission_denied), "connect", object,
            "refused by the egress policy: " + refusals);
    }
}

/// One attempt at one address. @throws IoError "connect <address>: ...".
auto connect_to(Address address, ConnectOptions options) -> Task<Stream> {
    for (;;) {
        auto socket = internal::Socket::open(address, SOCK_STREAM, "connect");
        if (options.no_delay && address.is_ip()) socket.set_option(IPPROTO_TCP, TCP_NODELAY, 1);
        if (options.local != nullptr) bind_to(socket, *options.local);
        sockaddr_storage target = address.storage();
        const auto result = co_await socket.connect(target, address.length());
        if (result == 0) co_return Stream(std::make_unique<SocketTransport>(std::move(socket)));
        // A Unix listener whose backlog is full says so at once, and nothing tells when there is room.
        if (result != -EAGAIN || address.family() != AF_UNIX) static_cast<void>(socket.check(result, "connect"));
        co_await sleep(full_backlog_pause);
    }
}

/// What the attempts of one `connect` have come to.
struct Race {
    Race(const ConnectOptions& how, std::string what) : options(how), object(std::move(what)) {}

    const ConnectOptions options;
    const std::string object;  ///< What errors call it: "example.com:80".
    internal::Attempts attempts;
    std::optional<Stream> winner;
    Event progress{"an attempt to connect"};
};

auto run_attempt(Race& race, Address address) -> Task<void> {
    race.attempts.begin(address);
    try {
        auto stream = co_await connect_to(address, race.options);
        if (!race.winner) race.winner.emplace(std::move(stream));
    } catch (const IoError& error) {
        race.attempts.fail(address, error.code());
    }
    race.progress.set();
}

auto race_addresses(Race& race, std::vector<Address> addresses) -> Task<void> {
    keep_allowed(race.options, race.object, addresses);
    addresses = internal::interleaved(std::move(addresses));
    co_await task_group([&](TaskGroup& group) -> Task<void> {
        for (const Address& address : addresses) {
            race.progress.clear();
            group.spawn(run_attempt(race, address), {.name = "connect"});
            // The next address is tried when this one, or an earlier one, has failed, or has had its time.
            co_await move_on_after(race.options.attempt_delay, race.progress.wait());
            if (race.winner) break;
        }
        while (!race.winner && group.size() > 0) {
            race.progress.clear();
            co_await race.progress.wait();
        }
        group.cancel("another address answered first");
    });
}

/// The connection, or the error that says it best.
auto finish(Race& race, bool in_time) -> Stream {
    if (race.winner) return std::move(*race.winner);
    if (!in_time) race.attempts.throw_timeout(race.options.timeout, race.object);
    race.attempts.throw_error(race.object);
}

auto connect_to_host(Race& race, std::string host, std::uint16_t port) -> Task<void> {
    auto addresses = co_await resolve(std::move(host), port);
    co_await race_addresses(race, std::move(addresses));
}

/// Runs `work` within the time limit. @return whether it came to its end.
auto within(Duration limit, Task<void> work) -> Task<bool> {
    if (limit <= Duration::zero()) {
        co_await std::move(work);
        co_return true;
    }
    const auto done = co_await move_on_after(limit, std::move(work));
    co_return done;
}

}  // namespace

auto connect(std::string host, std::uint16_t port, ConnectOptions options) -> Task<Stream> {
    Race race(options, internal::host_and_port(host, port));
    auto work = connect_to_host(race, std::move(host), port);
    const auto in_time = co_await within(options.timeout, std::move(work));
    co_return finish(race, in_time);
}

auto connect(Address address, ConnectOptions options) -> Task<Stream> {
    const std::string object = address.text();
    std::vector<Address> one(1, address);
    co_return co_await internal::connect_any(std::move(one), object, options);
}

auto connect_unix(std::string path, ConnectOptions options) -> Task<Stream> {
    const auto address = internal::address_of_path(path, "connect");
    co_return co_await connect(address, options);
}

}  // namespace gyre::net

namespace gyre::internal {

auto connect_any(std::vector<net::Address> addresses, std::string object, net::ConnectOptions options)
    -> Task<net::Stream> {
    net::Race race(options, std::move(object));
    auto work = net::race_addresses(race, std::move(addresses));
    const auto in_time = co_await net::within(options.timeout, std::move(work));
    co_return net::finish(race, in_time);
}

}  // namespace gyre::internal
