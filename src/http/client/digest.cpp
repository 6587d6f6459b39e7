#include "digest.hpp"

#include "../core/grammar.hpp"
#include "core/hex_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <utility>

namespace gyre::http::internal {

namespace {

struct Algorithm {
    std::string_view name;
    const char* hash;
    int strength;
};

constexpr std::array<Algorithm, 3> algorithms = {
    {{"MD5", "MD5", 1}, {"SHA-256", "SHA256", 2}, {"SHA-512-256", "SHA512-256", 3}}};

auto hex_hash(const char* name, std::string_view text) -> std::string {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, name, nullptr, text.data(), text.size(), hash.data(), &size) != 1) {
        throw std::runtime_error("digest authentication: OpenSSL does not offer " + std::string(name) + " here");
    }
    return gyre::internal::hex_text(std::as_bytes(std::span(hash).first(size)));
}

auto quoted(std::string_view text) -> std::string {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

// RFC 8187, for a user name that cannot be quoted as it is.
auto extended(std::string_view text) -> std::string {
    std::string out = "UTF-8''";
    for (const char c : text) {
        if (is_alpha(c) || is_digit(c)) {
            out += c;
        } else {
            append_percent(out, c);
        }
    }
    return out;
}

auto is_ascii(std::string_view text) noexcept -> bool {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

auto choose_algorithm(DigestChallenge& digest) -> bool {
    std::string_view wanted = digest.algorithm ? std::string_view(*digest.algorithm) : std::string_view("MD5");
    constexpr std::string_view suffix = "-sess";
    if (wanted.size() > suffix.size() && equals_ignoring_case(wanted.substr(wanted.size() - suffix.size()), suffix)) {
        digest.is_session = true;
        wanted.remove_suffix(suffix.size());
    }
    for (const auto& one : algorithms) {
        if (!equals_ignoring_case(one.name, wanted)) continue;
        digest.hash = one.hash;
        digest.strength = one.strength;
        return true;
    }
    return false;
}

auto user_part(const DigestChallenge& challenge, std::string_view user) -> std::string {
    if (challenge.hashes_user) {
        const auto hash = hex_hash(challenge.hash, std::string(user) + ":" + challenge.realm);
        return "username=\"" + hash + "\", userhash=true";
    }
    if (is_ascii(user)) return "username=" + quoted(user);
    return "username*=" + extended(user);
}

}  // namespace

auto DigestChallenge::from(const AuthChallenge& challenge) -> std::optional<DigestChallenge> {
    const auto realm = challenge.parameter("realm");
    const auto nonce = challenge.parameter("nonce");
    if (challenge.scheme != "digest" || !realm || !nonce) return std::nullopt;
    DigestChallenge digest;
    digest.realm = *realm;
    digest.nonce = *nonce;
    if (const auto opaque = challenge.parameter("opaque")) digest.opaque = *opaque;
    if (const auto algorithm = challenge.parameter("algorithm")) digest.algorithm = *algorithm;
    if (!choose_algorithm(digest)) return std::nullopt;
    if (const auto qop = challenge.parameter("qop")) {
        bool has_auth = false;
        for_each_member(*qop, [&](std::string_view member) {
            has_auth = has_auth || equals_ignoring_case(member, "auth");
            digest.covers_body = digest.covers_body || equals_ignoring_case(member, "auth-int");
        });
        digest.has_qop = has_auth || digest.covers_body;
        if (!digest.has_qop) return std::nullopt;
        if (has_auth) digest.covers_body = false;  // whoever offers both is content with less
    }
    digest.is_stale = equals_ignoring_case(challenge.parameter("stale").value_or(""), "true");
    digest.hashes_user = equals_ignoring_case(challenge.parameter("userhash").value_or(""), "true");
    return digest;
}

auto next_nonce(std::string_view authentication_info) -> std::optional<std::string> {
    // The same list of parameters as a challenge, without its scheme.
    const auto challenges = parse_challenges("Digest " + std::string(authentication_info));
    if (challenges.size() != 1) return std::nullopt;
    const auto nonce = challenges.front().parameter("nextnonce");
    return nonce && !nonce->empty() ? std::optional(std::string(*nonce)) : std::nullopt;
}

auto digest_credentials(const DigestChallenge& challenge, const DigestRequest& request) -> std::string {
    const auto hash = [&](const std::string& text) { return hex_hash(challenge.hash, text); };
    const std::string nonce = challenge.nonce;
    const std::string cnonce(request.cnonce);
    std::string secret = hash(std::string(request.user) + ":" + challenge.realm + ":" + std::string(request.password));
    if (challenge.is_session) {
        const auto session = request.session.empty() ? nonce + ":" + cnonce : std::string(request.session);
        secret = hash(secret + ":" + session);
    }
    std::string subject = std::string(request.method) + ":" + std::string(request.uri);
    if (challenge.covers_body) subject += ":" + hash(std::string(request.body));
    const std::string what = hash(subject);
    const std::string qop = challenge.covers_body ? "auth-int" : "auth";
    std::array<char, 9> count{};
    std::snprintf(count.data(), count.size(), "%08x", request.count);

    std::string middle = nonce;
    if (challenge.has_qop) middle += ":" + std::string(count.data()) + ":" + cnonce + ":" + qop;
    std::string out = "Digest " + user_part(challenge, request.user) + ", realm=" + quoted(challenge.realm) +
                      ", uri=" + quoted(request.uri) + ", nonce=" + quoted(nonce) + ", response=\"" +
                      hash(secret + ":" + middle + ":" + what) + "\"";
    if (challenge.algorithm) out += ", algorithm=" + *challenge.algorithm;
    if (challenge.has_qop) out += ", qop=" + qop + ", nc=" + std::string(count.data());
    if (challenge.has_qop || challenge.is_session) out += ", cnonce=" + quoted(cnonce);
    if (challenge.opaque) out += ", opaque=" + quoted(*challenge.opaque);
    return out;
}

}  // namespace gyre::http::internal
