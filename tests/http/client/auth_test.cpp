// Who asks: Basic, Bearer, Digest, netrc, and that nobody else learns it.
#include "scripted_server.hpp"

#include "http/client/digest.hpp"

#include <gyre/http/client/auth.hpp>
#include <gyre/http/client/mock.hpp>
#include <gyre/http/core/challenge.hpp>
#include <gyre/os/filesystem.hpp>
#include <gyre/os/temporary_directory.hpp>

namespace gyre::testing {
namespace {

using http::ClientCall;
using http::ClientResponse;
using http::MockTransport;
using http::Netrc;
using http::internal::digest_credentials;
using http::internal::DigestChallenge;
using http::internal::DigestRequest;

const std::string origin = "https://a.example";

auto sent(const MockTransport& mock, std::size_t index) -> std::string {
    return std::string(mock.calls().at(index).fields.get("Authorization").value_or("-"));
}

TEST(HttpBasicAuth, credentials) {
    EXPECT_EQ(http::basic_credentials("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(http::basic_credentials("test", "123\xc2\xa3"), "Basic dGVzdDoxMjPCow==");  // RFC 7617 2.1
    EXPECT_EQ(http::basic_credentials("", ":"), "Basic Ojo=");
    EXPECT_EQ(error_of([] { static_cast<void>(http::basic_credentials("a:b", "s3cret")); }),
        "basic authentication: a colon in the user name");
    EXPECT_EQ(error_of([] { static_cast<void>(http::basic_credentials("a", "s3cret\n")); }),
        "basic authentication: a control character in the user name or password");
}

GYRE_TEST(HttpAuth, only_its_origin_gets_it) {
    MockTransport mock;
    mock.on("GET", "https://a.example/").respond(302, "", {{"Location", "https://b.example/"}});
    mock.on("GET", "https://b.example/").respond(302, "", {{"Location", "https://a.example/2"}});
    mock.on("GET", "https://a.example/2");
    mock.on("GET", "https://a.example:444/");
    http::Client client({.transport = &mock});
    client.use(http::basic_auth(origin + "/any/path", "user", "word"));
    co_await client.get("https://a.example/");
    co_await client.get("https://a.example:444/");
    co_await client.get("https://a.example/2").header("Authorization", "Own x");
    EXPECT_EQ(sent(mock, 0), "Basic dXNlcjp3b3Jk");
    EXPECT_EQ(sent(mock, 1), "-");
    EXPECT_EQ(sent(mock, 2), "Basic dXNlcjp3b3Jk");
    EXPECT_EQ(sent(mock, 3), "-");
    EXPECT_EQ(sent(mock, 4), "Own x");
}

GYRE_TEST(HttpAuth, of_a_request_stays_at_its_origin) {
    MockTransport mock;
    mock.on("GET", "https://a.example/").respond(302, "", {{"Location", "https://b.example/"}});
    mock.on("GET", "https://b.example/").respond(302, "", {{"Location", "https://a.example/2"}});
    mock.on("GET", "https://a.example/2");
    http::Client client({.transport = &mock});
    co_await client.get("https://a.example/").bearer_auth("t0ken");
    EXPECT_EQ(sent(mock, 0), "Bearer t0ken");
    EXPECT_EQ(sent(mock, 1), "-");
    EXPECT_EQ(sent(mock, 2), "-");
    co_await client.get("https://a.example/2").basic_auth("user", "word");
    EXPECT_EQ(sent(mock, 3), "Basic dXNlcjp3b3Jk");
    client.use(http::bearer_auth(origin, "other"));
    co_await client.get("https://a.example/2");
    EXPECT_EQ(sent(mock, 4), "Bearer other");
}

GYRE_TEST(HttpAuth, refuses_what_it_cannot_send) {
    EXPECT_THROW(static_cast<void>(http::bearer_auth(origin, "")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(http::bearer_auth(origin, "a b")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(http::bearer_auth("ftp://a.example", "x")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(http::bearer_auth("a.example", "x")), http::UrlError);
    EXPECT_THROW(static_cast<void>(http::digest_auth(origin, "a\r", "x")), std::invalid_argument);
    co_return;
}

GYRE_TEST(HttpAuth, password_in_a_url_is_never_shown) {
    MockTransport mock;
    mock.on("GET", "https://a.example/").respond(302, "", {{"Location", "https://user:s3cret@b.example/"}});
    for (const auto mode : {http::UrlMode::strict, http::UrlMode::whatwg}) {
        http::Client client({.url_mode = mode, .transport = &mock});
        for (const std::string url :
            {"https://user:s3cret@a.example/x", "https://user:s3cr/et@a.example/", "https:\\\\u:s3cret@x/",
                "https:u:s3cret@a.example", "//u:s3cret@a.example", "u:s3cret@a.example", "ftp://u:s3cret@a.example/",
                "https://u:s3#cret@a.example:x/", "foo:u:s3cret@a", "https://a.example/"}) {
            const auto outcome = co_await as_outcome(client.get(url));
            const auto text = describe(outcome.error());
            EXPECT_TRUE(failed_with<http::RequestError>(outcome)) << url;
            EXPECT_EQ(text.find("s3"), std::string::npos) << text;
            try {
                std::rethrow_exception(outcome.error());
            } catch (const http::RequestError& error) {
                EXPECT_EQ(error.url().find("s3"), std::string::npos) << error.url();
            }
        }
    }
    http::Client strict;
    const auto outcome = co_await as_outcome(strict.get("https://user:s3cret@a.example/x"));
    EXPECT_TRUE(describe(outcome.error()).starts_with("GET https://***@a.example/x: invalid URL: a user name"))
        << describe(outcome.error());
    http::Client lax({.url_mode = http::UrlMode::whatwg});
    const auto hint = co_await as_outcome(lax.get("https://user:s3cret@a.example/x"));
    EXPECT_EQ(describe(hint.error()),
        "GET https://a.example: a user name or password in the URL: use basic_auth(user, password)");
}

auto challenge(std::string_view text) -> std::optional<DigestChallenge> {
    return DigestChallenge::from(http::parse_challenges(text).at(0));
}

// RFC 7616 3.9.1.
TEST(HttpDigest, vectors_of_the_standard) {
    const std::string
        common = R"(Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm=)";
    const DigestRequest request{
        "Mufasa", "Circle of Life", "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1};
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"MD5", "8ca523f5e9506fed4657c9700eebdbec"},
        {"SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
        {"md5-sess", "e783283f46242139c486a698fec7211d"},
        {"SHA-256-sess", "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7"},
    };
    for (const auto& [algorithm, response] : cases) {
        const auto answer = digest_credentials(challenge(common + algorithm).value(), request);
        EXPECT_NE(answer.find("response=\"" + response + "\""), std::string::npos) << answer;
    }
    EXPECT_EQ(digest_credentials(challenge(common + "MD5").value(), request),
        R"(Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", )"
        R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", response="8ca523f5e9506fed4657c9700eebdbec", )"
        R"(algorithm=MD5, qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", )"
        R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")");
}

// RFC 7616 3.9.2, with the hashes of its erratum 4897: the standard's own are those of a draft of SHA-512/256.
TEST(HttpDigest, user_names_hashed_and_beyond_ascii) {
    const std::string
        common = R"(Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", charset=UTF-8)";
    const DigestRequest request{"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?", "GET", "/doe.json",
        "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", 1};
    const auto hashed = digest_credentials(challenge(common + ", userhash=true").value(), request);
    EXPECT_TRUE(hashed.starts_with(
        R"(Digest username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b", userhash=true, )"))
        << hashed;
    EXPECT_NE(hashed.find("response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\""),
        std::string::npos);
    const auto open = digest_credentials(challenge(common).value(), request);
    EXPECT_TRUE(open.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, ")) << open;
}

TEST(HttpDigest, challenges_that_can_be_answered) {
    const auto old = challenge(R"(Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093")");
    const auto answer = digest_credentials(
        old.value(), {"Mufasa", "CircleOfLife", "GET", "/dir/index.html", "unused", 1});
    EXPECT_EQ(answer, R"(Digest username="Mufasa", realm="testrealm@host.com", uri="/dir/index.html", )"
                      R"(nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", response="1949323746fe6a43ef61f9606e7febea")");
    EXPECT_FALSE(challenge(R"(Digest realm="x", nonce="y", qop="auth-ext")"));
    EXPECT_FALSE(challenge(R"(Digest realm="x", nonce="y", qop="auth, auth-int")")->covers_body);
    EXPECT_FALSE(challenge(R"(Digest realm="x", nonce="y", algorithm=SHA-1)"));
    EXPECT_FALSE(challenge(R"(Digest realm="x")"));
    EXPECT_FALSE(challenge(R"(Basic realm="x", nonce="y")"));
    EXPECT_TRUE(challenge(R"(Digest realm="x", nonce="y", stale=TRUE)")->is_stale);
}

// RFC 7616 3.4.3; the expected values are those of Python's hashlib.
TEST(HttpDigest, the_body_is_covered_where_the_server_wants_it) {
    const auto response_of = [](std::string_view algorithm) {
        const auto asked = challenge("Digest realm=x, nonce=n1, qop=\"auth-int\", algorithm=" + std::string(algorithm));
        return digest_credentials(asked.value(), {"ann", "word", "POST", "/p", "c1", 1, "the body"});
    };
    EXPECT_NE(response_of("MD5").find("response=\"00d5d071b55a68ad1e3a2daeaa52237a\""), std::string::npos);
    EXPECT_NE(response_of("MD5").find("qop=auth-int, nc=00000001"), std::string::npos);
    EXPECT_NE(
        response_of("SHA-256").find("response=\"cb6ca182f104decc83d9d89d37d5b629c412a4fa6fa55843331f77c37d2bcbaa\""),
        std::string::npos);
}

TEST(HttpDigest, the_key_of_a_session_outlives_its_nonce) {
    const auto asked = challenge("Digest realm=x, nonce=n2, qop=auth, algorithm=MD5-sess");
    const auto answer = digest_credentials(asked.value(), {"ann", "word", "GET", "/p", "c1", 1, "", "n1:c1"});
    EXPECT_NE(answer.find("response=\"29f760ebd78088faf52cd771d3a2d185\""), std::string::npos) << answer;
}

TEST(HttpDigest, next_nonces) {
    using http::internal::next_nonce;
    EXPECT_EQ(next_nonce(R"(nextnonce="a,b", qop=auth, rspauth="0", cnonce="c", nc=00000001)"), "a,b");
    EXPECT_EQ(next_nonce("rspauth=\"0\""), std::nullopt);
    EXPECT_EQ(next_nonce("nextnonce=\"\""), std::nullopt);
    EXPECT_EQ(next_nonce("nextnonce=\"open"), std::nullopt);
    EXPECT_EQ(next_nonce(""), std::nullopt);
}

/// What the requests of a client say of nonce, count and body, against a server that names the next nonce each time.
GYRE_TEST(HttpDigestAuth, uses_the_nonce_that_the_server_names_next) {
    MockTransport mock;
    mock.on("GET", "/*")
        .respond(401, "", {{"WWW-Authenticate", "Digest realm=x, nonce=n1, qop=auth, algorithm=SHA-256"}})
        .respond(200, "", {{"Authentication-Info", "nextnonce=\"n2\""}})
        .respond(200, "", {{"Authentication-Info", "nextnonce=\"n2\""}})
        .respond(200);
    http::Client client({.base_url = origin, .transport = &mock});
    client.use(http::digest_auth(origin, "ann", "word"));
    for (int i = 0; i < 3; ++i) co_await client.get("/x");
    const auto said = [&](std::size_t index) {
        const auto given = http::parse_challenges(sent(mock, index)).at(0);
        return std::string(given.parameter("nonce").value_or("")) + " " +
               std::string(given.parameter("nc").value_or(""));
    };
    EXPECT_EQ(mock.calls().size(), 4U);
    EXPECT_EQ(said(1), "n1 00000001");
    EXPECT_EQ(said(2), "n2 00000001");
    EXPECT_EQ(said(3), "n2 00000002") << "the same one is no new one";
}

GYRE_TEST(HttpDigestAuth, a_late_answer_does_not_bring_an_old_nonce_back) {
    const auto later = [](Duration wait, std::string nonce) {
        return [wait, nonce](ClientCall& call) -> Task<ClientResponse> {
            co_await sleep(wait);
            http::ResponseHead head;
            head.status = 200;
            head.fields.add("Authentication-Info", "nextnonce=\"" + nonce + "\"");
            co_return call.respond(std::move(head));
        };
    };
    MockTransport mock;
    mock.on("GET", "/slow").respond(later(20ms, "old"));
    mock.on("GET", "/fast").respond(later(10ms, "new")).respond(later(20ms, "newer"));
    mock.on("GET", "/first")
        .respond(401, "", {{"WWW-Authenticate", "Digest realm=x, nonce=n1, qop=auth, algorithm=SHA-256"}})
        .respond(200);
    http::Client client({.base_url = origin, .transport = &mock});
    client.use(http::digest_auth(origin, "ann", "word"));
    co_await client.get("/first");
    co_await gather(client.get("/slow").send(), client.get("/fast").send());
    co_await client.get("/fast");
    co_await client.get("/fast");
    EXPECT_EQ(mock.calls().size(), 6U);
    const auto nonce_of = [&](std::size_t index) {
        const auto given = http::parse_challenges(sent(mock, index)).at(0);
        return std::string(given.parameter("nonce").value_or(""));
    };
    EXPECT_EQ(nonce_of(4), "new") << "the answer to /slow came last, but to a request from before";
    EXPECT_EQ(nonce_of(5), "newer");
}

GYRE_TEST(HttpDigestAuth, covers_a_body_that_is_made_while_it_is_sent) {
    MockTransport mock;
    mock.on("POST", "/*")
        .respond(401, "", {{"WWW-Authenticate", "Digest realm=x, nonce=n1, qop=\"auth-int\", algorithm=MD5"}})
        .respond(200);
    auto directory = co_await fs::TemporaryDirectory::create();
    co_await fs::write_text(directory.path() / "body", "the body");
    http::Client client({.base_url = origin, .transport = &mock});
    client.use(http::digest_auth(origin, "ann", "word"));
    auto response = co_await client.post("/p").body_file(directory.path() / "body");
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(mock.calls().at(1).body, "the body");
    const auto given = http::parse_challenges(sent(mock, 1)).at(0);
    const auto asked = challenge("Digest realm=x, nonce=n1, qop=\"auth-int\", algorithm=MD5");
    const std::string cnonce(given.parameter("cnonce").value_or(""));
    const auto wanted = digest_credentials(asked.value(), {"ann", "word", "POST", "/p", cnonce, 1, "the body"});
    EXPECT_EQ(sent(mock, 1), wanted);
}

/// A server that knows one user, and gives out nonces that last for so many requests.
class DigestServer {
public:
    DigestServer(std::string algorithm, std::uint32_t lasts) : algorithm_(std::move(algorithm)), lasts_(lasts) {}

    [[nodiscard]] auto answer(ClientCall& call) -> Task<ClientResponse> {
        log_ += check(call) + " ";
        if (log_.ends_with("ok ")) co_return call.respond(200, "welcome");
        http::ResponseHead head;
        head.status = 401;
        ++nonces_;
        used_ = 0;
        head.fields.add("WWW-Authenticate", "Basic realm=\"x\"");
        head.fields.add("WWW-Authenticate", "Digest realm=\"x\", nonce=\"n" + std::to_string(nonces_) +
                                                "\", qop=\"auth\", algorithm=" + algorithm_ +
                                                (log_.ends_with("stale ") ? ", stale=true" : ""));
        co_return call.respond(std::move(head), "go away");
    }
    [[nodiscard]] auto log() const -> const std::string& { return log_; }

private:
    [[nodiscard]] auto check(const ClientCall& call) -> std::string {
        const auto field = call.fields().get("Authorization");
        if (!field) return "none";
        const auto given = http::parse_challenges(*field).at(0);
        const auto value = [&](std::string_view name) { return std::string(given.parameter(name).value_or("")); };
        const std::string nonce = "n" + std::to_string(nonces_);
        if (value("nonce") != nonce) return "old";
        const auto count = static_cast<std::uint32_t>(std::stoul(value("nc"), nullptr, 16));
        if (count != ++used_) return "replayed";
        const auto mine = challenge("Digest realm=x, nonce=" + nonce + ", qop=auth, algorithm=" + algorithm_);
        const auto cnonce = value("cnonce");
        const auto uri = call.url().request_target();
        const auto wanted = digest_credentials(mine.value(), {"ann", "word", call.method(), uri, cnonce, count});
        if (value("response") != http::parse_challenges(wanted).at(0).parameter("response")) return "wrong";
        return count > lasts_ ? "stale" : "ok";
    }

    std::string algorithm_;
    std::uint32_t lasts_;
    std::uint32_t used_ = 0;
    std::size_t nonces_ = 0;
    std::string log_;
};

auto three_requests(DigestServer& server, std::string password) -> Task<std::string> {
    MockTransport mock;
    mock.on("*", "/*").respond([&](ClientCall& call) { return server.answer(call); });
    http::Client client({.base_url = origin, .transport = &mock});
    client.use(http::digest_auth(origin, "ann", std::move(password)));
    std::string statuses;
    for (const std::string path : {"/a", "/b?x=y", "/c"}) {
        auto response = co_await client.post(path).body("body");
        statuses += std::to_string(response.status()) + " ";
    }
    co_return statuses;
}

GYRE_TEST(HttpDigestAuth, asks_once_and_then_knows_the_nonce) {
    for (const std::string algorithm : {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256"}) {
        DigestServer server(algorithm, 100);
        const auto statuses = co_await three_requests(server, "word");
        EXPECT_EQ(statuses, "200 200 200 ") << algorithm;
        EXPECT_EQ(server.log(), "none ok ok ok ") << algorithm;
    }
}

GYRE_TEST(HttpDigestAuth, takes_a_new_nonce_when_the_old_one_is_stale) {
    DigestServer server("SHA-256", 1);
    const auto statuses = co_await three_requests(server, "word");
    EXPECT_EQ(statuses, "200 200 200 ");
    EXPECT_EQ(server.log(), "none ok stale ok stale ok ");
}

GYRE_TEST(HttpDigestAuth, wrong_password_is_tried_once) {
    DigestServer server("SHA-256", 100);
    const auto statuses = co_await three_requests(server, "wrong");
    EXPECT_EQ(statuses, "401 401 401 ");
    // Each 401 brought another nonce: the one that was known is answered again, the new one is not.
    EXPECT_EQ(server.log(), "none wrong old wrong old wrong ");
}

GYRE_TEST(HttpDigestAuth, of_a_request_and_not_for_others) {
    DigestServer server("SHA-256", 100);
    MockTransport mock;
    mock.on("*", "https://b.example/*").respond([&](ClientCall& call) { return server.answer(call); });
    mock.on("GET", "https://a.example/").respond(302, "", {{"Location", "https://b.example/"}});
    http::Client client({.transport = &mock});
    auto away = co_await client.get("https://a.example/").digest_auth("ann", "word");
    EXPECT_EQ(away.status(), 401);
    auto there = co_await client.get("https://b.example/").digest_auth("ann", "word");
    EXPECT_EQ(there.status(), 200);
    EXPECT_EQ(server.log(), "none none ok ");
}

GYRE_TEST(HttpDigestAuth, strongest_challenge_is_answered) {
    MockTransport mock;
    mock.on("GET", "/")
        .respond(401, "",
            {{"WWW-Authenticate",
                "Digest realm=x, nonce=y, qop=auth, algorithm=MD5, Digest realm=x, nonce=z, qop=auth, "
                "algorithm=SHA-256, Digest realm=x, nonce=w, algorithm=MD5-sess"}});
    http::Client client({.transport = &mock});
    co_await client.get("https://a.example/").digest_auth("ann", "word");
    EXPECT_NE(sent(mock, 1).find("nonce=\"z\""), std::string::npos);
    EXPECT_EQ(mock.calls().size(), 2U);
}

TEST(HttpNetrc, what_is_read) {
    const auto netrc = Netrc::parse(
        "# a comment\n"
        "machine a.example login ann password \"two words \\\" and #\"\n"
        "machine\tb.example\n  user bob\n  account x password pw#1 # the rest is nothing\n"
        "macdef init\ncd /pub\nmachine evil login no\n\n"
        "default login anonymous password me@here\n");
    EXPECT_EQ(netrc.entries().size(), 3U);
    EXPECT_EQ(netrc.find("A.Example")->password, "two words \" and #");
    EXPECT_EQ(netrc.find("b.example")->login, "bob");
    EXPECT_EQ(netrc.find("b.example")->password, "pw#1");
    EXPECT_EQ(netrc.find("c.example"), nullptr);
    EXPECT_EQ(netrc.find(""), nullptr);
    EXPECT_EQ(netrc.fallback()->login, "anonymous");
    EXPECT_TRUE(Netrc::parse("").entries().empty());
    EXPECT_EQ(Netrc::parse("").fallback(), nullptr);
}

TEST(HttpNetrc, what_is_wrong_is_told_without_passwords) {
    const auto problem = [](std::string_view text) { return error_of([&] { static_cast<void>(Netrc::parse(text)); }); };
    EXPECT_EQ(problem("machine"), "netrc: line 1: nothing follows machine");
    EXPECT_EQ(problem("\nlogin x"), "netrc: line 2: login before any machine");
    EXPECT_EQ(problem("machine x login y passwort s3cret"),
        "netrc: line 1: this is neither machine, default, login, password, account nor macdef");
    EXPECT_EQ(problem("machine x\npassword \"s3cret\n"), "netrc: line 2: a quote is not closed");
    EXPECT_EQ(problem("machine \"\""), "netrc: line 1: a machine without a name");
}

GYRE_TEST(HttpNetrc, is_for_its_hosts) {
    MockTransport mock;
    mock.on("GET", "https://c.example/").respond(302, "", {{"Location", "https://d.example/"}});
    mock.on("GET", "https://d.example/").respond(302, "", {{"Location", "https://a.example/"}});
    mock.on("GET", "https://a.example/");
    http::Client client({.transport = &mock});
    client.use(http::netrc_auth(Netrc::parse("machine a.example login a password b default login c password d")));
    co_await client.get("https://c.example/");
    EXPECT_EQ(sent(mock, 0), "Basic Yzpk");
    EXPECT_EQ(sent(mock, 1), "-");  // somebody else's redirect does not get the default
    EXPECT_EQ(sent(mock, 2), "Basic YTpi");
    EXPECT_THROW(static_cast<void>(http::netrc_auth(Netrc::parse("machine x login a:b"))), std::invalid_argument);
}

GYRE_TEST(HttpNetrc, a_redirect_cannot_choose_who_on_a_host_gets_them) {
    MockTransport mock;
    const auto go = [&](const std::string& from, const std::string& to) {
        mock.on("GET", from).respond(302, "", {{"Location", to}});
    };
    go("https://a.example/", "https://a.example:8443/evil");
    go("https://a.example:8443/evil", "https://a.example/back");
    mock.on("GET", "https://a.example/back");
    go("http://x.example/", "http://a.example/plain");
    mock.on("GET", "http://a.example/plain");
    go("http://a.example:8080/", "http://a.example:8080/same");
    go("http://a.example:8080/same", "https://a.example/up");
    mock.on("GET", "https://a.example/up");
    go("https://c.example:444/", "https://c.example:444/same");
    mock.on("GET", "https://c.example:444/same");
    http::Client client({.transport = &mock});
    client.use(http::netrc_auth(Netrc::parse("machine a.example login a password b default login c password d")));
    for (const std::string url :
        {"https://a.example/", "http://x.example/", "http://a.example:8080/", "https://c.example:444/"}) {
        co_await client.get(url);
    }
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"https://a.example/", "Basic YTpi"},
        {"https://a.example:8443/evil", "-"},
        {"https://a.example/back", "Basic YTpi"},
        {"http://x.example/", "Basic Yzpk"},
        {"http://a.example/plain", "-"},  // somebody on the way of the first may have asked
        {"http://a.example:8080/", "Basic YTpi"},
        {"http://a.example:8080/same", "Basic YTpi"},
        {"https://a.example/up", "Basic YTpi"},
        {"https://c.example:444/", "Basic Yzpk"},
        {"https://c.example:444/same", "Basic Yzpk"},
    };
    EXPECT_EQ(mock.calls().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(mock.calls().at(i).url, expected[i].first);
        EXPECT_EQ(sent(mock, i), expected[i].second) << expected[i].first;
    }
}

class HttpNetrcFile : public OnLoops {};
GYRE_ON_LOOPS(HttpNetrcFile);

TEST_P(HttpNetrcFile, is_read_if_nobody_else_may) {
    run([]() -> Task<> {
        auto directory = co_await fs::TemporaryDirectory::create();
        const auto path = directory.path() / "netrc";
        const std::string text = "machine a.example login ann password s3cret";
        for (const unsigned permissions : {0600U, 0400U, 0640U, 0602U, 0660U, 0606U, 0610U}) {
            co_await fs::write_text(path, text, {.permissions = 0600});
            co_await fs::set_permissions(path, permissions);
            const auto outcome = co_await as_outcome(Netrc::load(path));
            const bool is_private = permissions == 0600 || permissions == 0400;
            EXPECT_EQ(outcome.has_value(), is_private) << permissions;
            if (!is_private) {
                EXPECT_EQ(describe(outcome.error()),
                    "netrc: " + path.string() + " may be used by others than its owner: chmod 600 it");
            }
            co_await fs::set_permissions(path, 0600);
        }
        const auto none = co_await as_outcome(Netrc::load(directory.path() / "none"));
        EXPECT_TRUE(failed_with<IoError>(none));
        co_await directory.remove();
    });
}

TEST(DigestAuth, survives_cancellation_anywhere) {
    const auto scenario = []() -> Task<> {
        const std::string asks =
            "HTTP/1.1 401 No\r\nContent-Length: 4\r\nWWW-Authenticate: Digest realm=x, nonce=y, qop=auth\r\n\r\naway";
        ScriptedServer server(in_turn({{asks, ok("there")}}));
        co_await server.run(http::ClientOptions(), [](http::Client& client, std::string base) -> Task<> {
            auto response = co_await client.get(base).digest_auth("ann", "word");
            EXPECT_EQ(response.status(), 200);
        });
    };
    EXPECT_GT(CancelEverywhere(scenario).run(), 10U);
}

}  // namespace
}  // namespace gyre::testing
