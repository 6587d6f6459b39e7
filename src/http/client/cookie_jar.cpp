#include <gyre/http/client/cookie_jar.hpp>

#include "cookie_rules.hpp"
#include "http/core/cookie_text.hpp"

#include <algorithm>
#include <utility>

namespace gyre::http {
namespace {

using internal::is_expired;
using internal::is_within_domain;
using internal::is_within_path;
using std::chrono::sys_seconds;

auto is_address(const Url& url) noexcept -> bool {
    return url.host_kind() == HostKind::ipv4 || url.host_kind() == HostKind::ipv6;
}

auto is_secure(const Url& url) noexcept -> bool { return url.scheme() == "https" || url.scheme() == "wss"; }

auto may_have_cookies(const Url& url) noexcept -> bool {
    return (is_secure(url) || url.scheme() == "http" || url.scheme() == "ws") && !url.host().empty();
}

auto expiry_of(const ReceivedCookie& cookie, sys_seconds now, std::chrono::seconds lifetime)
    -> std::optional<sys_seconds> {
    if (cookie.max_age)
        return *cookie.max_age <= std::chrono::seconds(0) ? sys_seconds::min()
                                                          : now + std::min(*cookie.max_age, lifetime);
    if (cookie.expires) return std::min(*cookie.expires, now + lifetime);
    return std::nullopt;
}

auto is_same_cookie(const StoredCookie& a, const StoredCookie& b) noexcept -> bool {
    return a.name == b.name && a.path == b.path && a.host_only == b.host_only;  // and both are of one domain
}

}  // namespace

CookieJar::CookieJar(CookieJarLimits limits, PublicSuffixList suffixes)
    : limits_(limits), suffixes_(std::move(suffixes)) {}

void CookieJar::set_from(const Url& url, const Fields& response, sys_seconds now) {
    std::size_t seen = 0;
    for (const auto field : response) {
        if (!internal::equals_ignoring_case(field.name, "set-cookie")) continue;
        if (++seen > limits_.cookies_per_response) return;
        if (const auto cookie = parse_set_cookie(field.value)) (void)set(url, *cookie, now);
    }
}

auto CookieJar::set(const Url& url, const ReceivedCookie& received, sys_seconds now) -> bool {
    if (!may_have_cookies(url)) return false;
    StoredCookie cookie;
    cookie.name = received.name;
    cookie.value = received.value;
    const bool names_path = received.path && received.path->starts_with('/');
    cookie.path = names_path ? *received.path : std::string(internal::default_cookie_path(url.path()));
    cookie.expires = expiry_of(received, now, limits_.lifetime);
    cookie.same_site = received.same_site;
    cookie.secure = received.secure;
    cookie.http_only = received.http_only;
    cookie.partitioned = received.partitioned;
    if (!choose_domain(url, received.domain, cookie)) return false;
    if (!internal::has_storable_text(cookie) || !internal::keeps_promises(cookie, received.path.has_value()))
        return false;
    if (!is_secure(url) && (cookie.secure || overlays_secure(cookie))) return false;
    store(std::move(cookie), now);
    return true;
}

auto CookieJar::choose_domain(const Url& url, const std::string& wanted, StoredCookie& cookie) const -> bool {
    const bool is_suffix = !wanted.empty() && !is_address(url) && suffixes_.is_public_suffix(wanted);
    // A host that is itself a public suffix, or an address, may name itself: that says nothing more than naming nothing.
    cookie.host_only = wanted.empty() || (wanted == url.host() && (is_suffix || is_address(url)));
    cookie.domain = cookie.host_only ? std::string(url.host()) : wanted;
    return cookie.host_only || (!is_suffix && is_within_domain(url.host(), wanted, is_address(url)));
}

// Whoever can write to the wire but has no certificate must not replace, or hide, what came over TLS.
auto CookieJar::overlays_secure(const StoredCookie& cookie) const -> bool {
    return std::any_of(domains_.begin(), domains_.end(), [&](const auto& entry) {
        const auto& [domain, cookies] = entry;
        if (!is_within_domain(domain, cookie.domain, false) && !is_within_domain(cookie.domain, domain, false))
            return false;
        return std::any_of(cookies.begin(), cookies.end(), [&](const StoredCookie& other) {
            return other.secure && other.name == cookie.name && is_within_path(cookie.path, other.path);
        });
    });
}

void CookieJar::store(StoredCookie cookie, sys_seconds now) {
    const auto found = domains_.try_emplace(cookie.domain).first;
    auto& domain = found->second;
    const auto same = std::find_if(
        domain.begin(), domain.end(), [&](const StoredCookie& other) { return is_same_cookie(other, cookie); });
    if (cookie.used == 0) cookie.used = ++clock_;
    if (cookie.created == 0) cookie.created = cookie.used;
    if (same != domain.end()) {
        cookie.created = same->created;
        domain.erase(same);
        --size_;
    }
    if (!is_expired(cookie, now)) {
        domain.push_back(std::move(cookie));
        ++size_;
        if (domain.size() > limits_.cookies_per_domain) evict(domain, now);
    }
    if (domain.empty()) domains_.erase(found);
    if (size_ > limits_.cookies) evict_anywhere(now);
}

// The order of RFC 6265bis 5.7: what has expired, then what TLS does not guard, then the rest; the longest unused first.
void CookieJar::evict(Domain& domain, sys_seconds now) {
    const auto rank = [now](const StoredCookie& cookie) {
        const int group = is_expired(cookie, now) ? 0 : (cookie.secure ? 2 : 1);
        return std::pair(group, cookie.used);
    };
    domain.erase(std::min_element(
        domain.begin(), domain.end(), [&](const StoredCookie& a, const StoredCookie& b) { return rank(a) < rank(b); }));
    --size_;
}

void CookieJar::evict_anywhere(sys_seconds now) {
    remove_expired(now);
    if (size_ <= limits_.cookies) return;
    std::uint64_t oldest = clock_;
    for (const auto& [name, cookies] : domains_) {
        for (const auto& cookie : cookies) oldest = std::min(oldest, cookie.used);
    }
    remove_if([oldest](const StoredCookie& cookie) { return cookie.used == oldest; });
}

template<typename Predicate>
void CookieJar::remove_if(Predicate predicate) {
    for (auto entry = domains_.begin(); entry != domains_.end();) {
        size_ -= std::erase_if(entry->second, predicate);
        entry = entry->second.empty() ? domains_.erase(entry) : std::next(entry);
    }
}

auto CookieJar::matches(const Url& url, sys_seconds now) -> std::vector<StoredCookie*> {
    std::vector<StoredCookie*> found;
    if (!may_have_cookies(url)) return found;
    for (std::string_view domain = url.host(); !domain.empty();) {
        if (const auto entry = domains_.find(domain); entry != domains_.end()) {
            for (auto& cookie : entry->second) {
                const bool is_for_host = !cookie.host_only || domain.size() == url.host().size();
                const bool is_for_scheme = !cookie.secure || is_secure(url);
                if (is_for_host && is_for_scheme && !is_expired(cookie, now) && is_within_path(url.path(), cookie.path)) {
                    found.push_back(&cookie);
                }
            }
        }
        const auto dot = domain.find('.');
        if (is_address(url) || dot == std::string_view::npos) break;
        domain.remove_prefix(dot + 1);
    }
    std::sort(found.begin(), found.end(), [](const StoredCookie* a, const StoredCookie* b) {
        return a->path.size() != b->path.size() ? a->path.size() > b->path.size() : a->created < b->created;
    });
    return found;
}

auto CookieJar::header_for(const Url& url, sys_seconds now) -> std::optional<std::string> {
    std::string header;
    std::size_t count = 0;
    for (auto* cookie : matches(url, now)) {
        const auto size = (count == 0 ? 0 : 2) + cookie->name.size() + (cookie->name.empty() ? 0 : 1) +
                          cookie->value.size();
        if (count == limits_.cookies_per_request) break;
        if (header.size() + size > limits_.request_bytes) continue;
        if (count++ != 0) header += "; ";
        header += cookie->name;
        if (!cookie->name.empty()) header += '=';
        header += cookie->value;
        cookie->used = ++clock_;
    }
    if (count == 0) return std::nullopt;
    return header;
}

auto CookieJar::cookies() const -> std::vector<StoredCookie> {
    std::vector<StoredCookie> all;
    all.reserve(size_);
    for (const auto& [name, cookies] : domains_) all.insert(all.end(), cookies.begin(), cookies.end());
    return all;
}

void CookieJar::clear() noexcept {
    domains_.clear();
    size_ = 0;
}

void CookieJar::end_session() {
    remove_if([](const StoredCookie& cookie) { return !cookie.expires; });
}

void CookieJar::remove_expired(sys_seconds now) {
    remove_if([now](const StoredCookie& cookie) { return is_expired(cookie, now); });
}

}  // namespace gyre::http
