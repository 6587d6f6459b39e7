#include <gyre/http/client/auth.hpp>

#include "../core/base64.hpp"
#include "../core/grammar.hpp"
#include "auth_request.hpp"
#include "digest.hpp"
#include "outgoing.hpp"

#include <gyre/core/random.hpp>
#include <gyre/http/core/challenge.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace gyre::http {

namespace internal {

namespace {

constexpr int unauthorized = 401;

/// The origin of a URL that credentials are for.
auto origin_of(std::string_view text) -> std::string {
    const auto url = Url::parse(text, UrlMode::strict);
    if (url.scheme() != "http" && url.scheme() != "https") {
        throw std::invalid_argument("credentials are for an http or https origin, not for " + std::string(url.scheme()));
    }
    return url.origin();
}

auto has_control(std::string_view text) noexcept -> bool {
    return std::any_of(text.begin(), text.end(), [](char c) { return is_forbidden_control(c) || c == '\t'; });
}

auto authorize(std::string origin, std::string credentials) -> ClientMiddleware {
    return [origin = std::move(origin), credentials = std::move(credentials)](ClientCall& call, ClientNext next) {
        const bool is_wanted = call.url().origin() == origin && !call.fields().contains("Authorization");
        if (is_wanted) call.fields().set("Authorization", credentials);
        return next(call);
    };
}

/// Who names the place that a redirect leads to is not who has written the netrc: another program on the same host, or somebody
/// on the way of a plain request, could ask for a password that is for neither.
auto entry_for(const Netrc& netrc, ClientCall& call) -> const Netrc::Entry* {
    const auto& url = call.url();
    const bool is_callers_choice = call.redirects() == 0 || url.origin() == call.request().first_origin;
    const bool is_secure = url.scheme() == "https" && !url.port();
    const auto* entry = is_callers_choice || is_secure ? netrc.find(url.host()) : nullptr;
    return entry == nullptr && is_callers_choice ? netrc.fallback() : entry;
}

/// Answers the challenges of one origin.
class DigestAuth {
public:
    DigestAuth(std::optional<std::string> origin, std::string user, std::string password)
        : origin_(std::move(origin)), user_(std::move(user)), password_(std::move(password)) {}

    [[nodiscard]] auto run(ClientCall& call, ClientNext next) -> Task<ClientResponse>;

private:
    [[nodiscard]] auto is_mine(const ClientCall& call) -> bool;
    /// The best challenge of a response that can be answered.
    [[nodiscard]] static auto challenge_of(const ClientResponse& response) -> std::optional<DigestChallenge>;
    void begin(DigestChallenge challenge);
    /// @param used the nonce of the request.
    void take_next_nonce(const ClientResponse& response, std::string_view used);
    /// Proves the knowledge of the password. @return the nonce that it is for.
    [[nodiscard]] auto answer(ClientCall& call) -> Task<std::string>;

    std::optional<std::string> origin_;  ///< Empty: that of the first request.
    std::string user_;
    std::string password_;
    std::optional<DigestChallenge> challenge_;
    std::string cnonce_;
    std::string session_;  ///< The nonces that the challenge was answered with first.
    std::uint32_t count_ = 0;
};

auto DigestAuth::is_mine(const ClientCall& call) -> bool {
    if (!origin_) origin_ = call.url().origin();
    return call.url().origin() == *origin_ && !call.fields().contains("Authorization");
}

auto DigestAuth::challenge_of(const ClientResponse& response) -> std::optional<DigestChallenge> {
    std::optional<DigestChallenge> best;
    if (response.status() != unauthorized) return best;
    for (const auto value : response.fields().get_all("WWW-Authenticate")) {
        for (const auto& challenge : parse_challenges(value)) {
            auto digest = DigestChallenge::from(challenge);
            if (digest && (!best || digest->strength > best->strength)) best = std::move(digest);
        }
    }
    return best;
}

// One client nonce for as long as the server's lasts: the key of a "-sess" algorithm is made of both.
void DigestAuth::begin(DigestChallenge challenge) {
    std::array<std::byte, 16> random{};
    fill_random(random);
    cnonce_ = to_base64url({reinterpret_cast<const char*>(random.data()), random.size()});
    challenge_ = std::move(challenge);
    session_ = challenge_->nonce + ":" + cnonce_;
    count_ = 0;
}

// Only as long as nothing newer is known: of requests under way together the answers may come in any order, and a late one
// brings the nonce that the server has replaced since.
void DigestAuth::take_next_nonce(const ClientResponse& response, std::string_view used) {
    if (!challenge_ || response.status() == unauthorized || challenge_->nonce != used) return;
    auto nonce = next_nonce(response.header("Authentication-Info").value_or(""));
    if (!nonce || *nonce == challenge_->nonce) return;
    challenge_->nonce = *std::move(nonce);
    count_ = 0;
}

auto DigestAuth::answer(ClientCall& call) -> Task<std::string> {
    std::string body;
    if (challenge_->covers_body) {
        body = co_await call.read_body();
        call.set_body(body);  // as it was read: it can be made only once, perhaps
    }
    ++count_;
    const std::string uri = call.url().request_target();
    const DigestRequest request{user_, password_, call.method(), uri, cnonce_, count_, body, session_};
    call.fields().set("Authorization", digest_credentials(*challenge_, request));
    co_return challenge_->nonce;
}

auto DigestAuth::run(ClientCall& call, ClientNext next) -> Task<ClientResponse> {
    if (!is_mine(call)) co_return co_await next(call);
    constexpr int most_answers = 2;  // to the first challenge, and to one that says that its nonce was too old
    const bool knows_nonce = challenge_.has_value();
    std::string used;
    if (knows_nonce) used = co_await answer(call);
    auto response = co_await next(call);
    for (int answers = 0; answers < most_answers && call.can_be_sent_again(); ++answers) {
        auto challenge = challenge_of(response);
        // The same password is wrong again, unless it was the nonce.
        if (!challenge || (answers > 0 && !challenge->is_stale)) break;
        co_await response.discard();
        begin(std::move(*challenge));
        used = co_await answer(call);
        response = co_await next(call);
    }
    take_next_nonce(response, used);
    co_return response;
}

}  // namespace

auto digest_for_request(std::string user, std::string password) -> ClientMiddleware {
    if (has_control(user) || has_control(password)) {
        throw std::invalid_argument("digest authentication: a control character in the user name or password");
    }
    auto auth = std::make_shared<DigestAuth>(std::nullopt, std::move(user), std::move(password));
    return [auth](ClientCall& call, ClientNext next) { return auth->run(call, next); };
}

auto bearer_credentials(std::string_view token) -> std::string {
    const bool is_sendable = !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > 0x20 && byte < 0x7f;
    });
    if (!is_sendable) throw std::invalid_argument("a bearer token is empty, or has a character that cannot be sent");
    return "Bearer " + std::string(token);
}

}  // namespace internal

auto basic_credentials(std::string_view user, std::string_view password) -> std::string {
    if (user.find(':') != std::string_view::npos) {
        throw std::invalid_argument("basic authentication: a colon in the user name");
    }
    if (internal::has_control(user) || internal::has_control(password)) {
        throw std::invalid_argument("basic authentication: a control character in the user name or password");
    }
    return "Basic " + internal::to_base64(std::string(user) + ":" + std::string(password));
}

auto basic_auth(std::string_view origin, std::string_view user, std::string_view password) -> ClientMiddleware {
    return internal::authorize(internal::origin_of(origin), basic_credentials(user, password));
}

auto bearer_auth(std::string_view origin, std::string_view token) -> ClientMiddleware {
    return internal::authorize(internal::origin_of(origin), internal::bearer_credentials(token));
}

auto digest_auth(std::string_view origin, std::string user, std::string password) -> ClientMiddleware {
    if (internal::has_control(user) || internal::has_control(password)) {
        throw std::invalid_argument("digest authentication: a control character in the user name or password");
    }
    auto auth = std::make_shared<internal::DigestAuth>(
        internal::origin_of(origin), std::move(user), std::move(password));
    return [auth](ClientCall& call, ClientNext next) { return auth->run(call, next); };
}

auto netrc_auth(Netrc netrc) -> ClientMiddleware {
    // What cannot be sent is told now and not in the middle of a request.
    for (const auto& entry : netrc.entries()) static_cast<void>(basic_credentials(entry.login, entry.password));
    auto shared = std::make_shared<const Netrc>(std::move(netrc));
    return [shared](ClientCall& call, ClientNext next) {
        const auto* entry = internal::entry_for(*shared, call);
        if (entry != nullptr && !call.fields().contains("Authorization")) {
            call.fields().set("Authorization", basic_credentials(entry->login, entry->password));
        }
        return next(call);
    };
}

}  // namespace gyre::http
