#include <gyre/net/resolve.hpp>

#include "net/address_parts.hpp"
#include "net/resolver.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/loop.hpp>

#include <stdexcept>
#include <utility>

namespace gyre::net {

namespace {

void check_host(const std::string& host) {
    if (host.empty()) throw std::invalid_argument("resolve: the host is empty");
    if (host.find('\0') != std::string::npos) throw std::invalid_argument("resolve: the host has a zero byte inside");
}

/// Of numeric text from a place that gives nothing else.
auto from_texts(const std::vector<std::string>& texts, std::uint16_t port) -> std::vector<Address> {
    std::vector<Address> addresses;
    addresses.reserve(texts.size());
    for (const std::string& text : texts) addresses.push_back(Address::from_ip(text, port));
    return addresses;
}

/// What is known without asking anyone outside; empty if nothing is.
auto known_addresses(const std::string& host, std::uint16_t port) -> std::vector<Address> {
    if (const auto literal = internal::parse_ip(host, port)) return {*literal};
    if (const auto texts = this_loop().backend().lookup(host)) {
        if (!texts->empty()) return from_texts(*texts, port);
        internal::Lookup lookup(host);
        lookup.finish(internal::LookupAnswer::no_such_name());
        return lookup.addresses(port);
    }
    // IPv4 first: it works where a machine has no IPv6, and most local servers listen there.
    if (internal::is_localhost(host)) return from_texts({"127.0.0.1", "::1"}, port);
    return {};
}

}  // namespace

auto resolve(std::string host, std::uint16_t port, ResolveOptions options) -> Task<std::vector<Address>> {
    check_host(host);
    auto known = known_addresses(host, port);
    if (!known.empty()) co_return known;
    const auto lookup = this_loop().local<internal::Resolver>().ask(host, options.cached);
    co_await lookup->wait();
    co_return lookup->addresses(port);
}

auto name_cache_stats() -> NameCacheStats { return this_loop().local<internal::Resolver>().cache().stats(); }

void forget_name(std::string_view host) {
    auto& cache = this_loop().local<internal::Resolver>().cache();
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto name = internal::name_key(host);
    cache.forget(name);
    cache.forget(name + ".");
}

void clear_name_cache() { this_loop().local<internal::Resolver>().cache().clear(); }

}  // namespace gyre::net
