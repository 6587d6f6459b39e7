#include <gyre/http/core/cookie_signer.hpp>

#include "base64.hpp"
#include "grammar.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <stdexcept>
#include <utility>

namespace gyre::http {
namespace {

using Mac = std::array<unsigned char, 32>;

constexpr std::string_view version = "1.";

// Every part with its length in front, so that no two different cookies are the same bytes.
auto mac_of(const std::string& key, std::string_view name, std::string_view value, std::string_view expires) -> Mac {
    std::string text = "gyre cookie 1";
    for (const auto part : {name, value, expires})
        text.append("\n").append(std::to_string(part.size())).append(":").append(part);
    Mac mac{};
    unsigned size = 0;
    const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
    if (made == nullptr) throw std::bad_alloc();  // the only way in which it fails with a known digest
    return mac;
}

auto take_until_dot(std::string_view& text) -> std::string_view {
    const auto end = std::min(text.find('.'), text.size());
    const auto part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

}  // namespace

CookieSigner::CookieSigner(std::vector<std::string> keys) : keys_(std::move(keys)) {
    const bool is_short = std::any_of(
        keys_.begin(), keys_.end(), [](const std::string& key) { return key.size() < min_key_bytes; });
    if (!keys_.empty() && !is_short) return;
    wipe();
    throw std::invalid_argument(is_short ? "cookie signer: a key is shorter than 32 bytes" : "cookie signer: no key");
}

CookieSigner::CookieSigner(CookieSigner&& other) noexcept : keys_(std::move(other.keys_)) {}

auto CookieSigner::operator=(CookieSigner&& other) noexcept -> CookieSigner& {
    std::swap(keys_, other.keys_);
    return *this;
}

CookieSigner::~CookieSigner() { wipe(); }

void CookieSigner::wipe() noexcept {
    for (auto& key : keys_) OPENSSL_cleanse(key.data(), key.size());
}

auto CookieSigner::sign(std::string name, std::string_view value, std::chrono::sys_seconds expires) const -> Cookie {
    if (expires < std::chrono::sys_seconds{}) throw std::out_of_range("cookie signer: an expiry before 1970");
    const auto seconds = std::to_string(expires.time_since_epoch().count());
    const auto mac = mac_of(keys_.front(), name, value, seconds);
    std::string text(version);
    text.append(seconds).append(".").append(internal::to_base64url(value)).append(".");
    text.append(internal::to_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()}));
    Cookie cookie(std::move(name), std::move(text));
    cookie.expires(expires).http_only();
    return cookie;
}

auto CookieSigner::verify(std::string_view name, std::string_view text, std::chrono::sys_seconds now) const
    -> std::optional<std::string> {
    if (!text.starts_with(version)) return std::nullopt;
    text.remove_prefix(version.size());
    const auto seconds = take_until_dot(text);
    auto value = internal::from_base64url(take_until_dot(text));
    const auto mac = internal::from_base64url(text);
    if (!value || !mac || mac->size() != Mac().size()) return std::nullopt;
    const bool is_ours = std::any_of(keys_.begin(), keys_.end(), [&](const std::string& key) {
        const auto expected = mac_of(key, name, *value, seconds);
        return CRYPTO_memcmp(expected.data(), mac->data(), expected.size()) == 0;
    });
    if (!is_ours) return std::nullopt;
    std::int64_t expires = 0;
    std::from_chars(seconds.data(), seconds.data() + seconds.size(), expires);  // `sign` wrote it
    if (now.time_since_epoch().count() >= expires) return std::nullopt;
    return value;
}

}  // namespace gyre::http
