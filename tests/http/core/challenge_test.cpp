// WWW-Authenticate, as servers write it.
#include <gyre/http/core/challenge.hpp>

#include <gtest/gtest.h>

namespace gyre::http {
namespace {

/// "digest(realm=x,nonce=y) basic(realm=z)", or "nothing".
auto shown(std::string_view value) -> std::string {
    std::string text;
    for (const auto& challenge : parse_challenges(value)) {
        text += (text.empty() ? "" : " ") + challenge.scheme + "(" + challenge.token68;
        for (const auto& [name, parameter] : challenge.parameters) {
            if (text.back() != '(') text += ",";
            text += name;
            text += "=" + parameter;
        }
        text += ")";
    }
    return text.empty() ? "nothing" : text;
}

TEST(AuthChallenge, one_and_several) {
    EXPECT_EQ(shown(R"(Basic realm="simple")"), "basic(realm=simple)");
    EXPECT_EQ(shown(R"(Basic realm=simple)"), "basic(realm=simple)");
    EXPECT_EQ(shown("Negotiate"), "negotiate()");
    EXPECT_EQ(shown("Negotiate "), "negotiate()");
    EXPECT_EQ(shown("Negotiate, NTLM"), "negotiate() ntlm()");
    EXPECT_EQ(shown("Negotiate oYG2MIGz+/~-._=="), "negotiate(oYG2MIGz+/~-._==)");
    EXPECT_EQ(shown(R"(Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple")"),
        "newauth(realm=apps,type=1,title=Login to \"apps\") basic(realm=simple)");
    EXPECT_EQ(shown(R"(Basic , realm="x")"), "basic(realm=x)");
    EXPECT_EQ(shown(R"(Negotiate , Basic realm="x")"), "negotiate() basic(realm=x)");
    EXPECT_EQ(shown(R"(, ,Basic realm="a,b=c" , , Digest nonce="n" ,qop="auth,auth-int",)"),
        "basic(realm=a,b=c) digest(nonce=n,qop=auth,auth-int)");
    EXPECT_EQ(shown("Digest\t realm = \"x\" , NONCE\t=\tn"), "digest(realm=x,nonce=n)");
    EXPECT_EQ(shown(R"(Basic realm="")"), "basic(realm=)");
    EXPECT_EQ(shown("Bearer abc, Basic realm=x"), "bearer(abc) basic(realm=x)");
}

TEST(AuthChallenge, what_breaks_the_grammar_is_nothing) {
    for (const std::string_view text : {"", ",", " ", "=", "realm=x", "Basic realm=\"x", "\"x\"", "Basic realm=x y=z",
             "Basic realm=x; y=z", "Basic realm=x, realm=y", "Basic realm=x, REALM=y", "Basic abc, realm=x",
             "Basic (x)", "Basic realm=\"a\x01\"", "Basic realm=\"a\"b", "Basic a=b=c", "Basic @x", "Basic a b=c",
             "Basic a!", "Basic \"x\"", "Basic realm=x, =", "Basic\x0brealm=x"}) {
        EXPECT_EQ(shown(text), "nothing") << text;
    }
    EXPECT_EQ(shown("Basic realm="), "basic(realm=)");  // a token68
}

TEST(AuthChallenge, both_sides_of_the_limits) {
    const auto many = [](std::size_t count) {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += "Basic realm=x, ";
        return parse_challenges(text).size();
    };
    EXPECT_EQ(many(16), 16U);
    EXPECT_EQ(many(17), 0U);
    const auto parameters = [](std::size_t count) {
        std::string text = "Basic ";
        for (std::size_t i = 0; i < count; ++i) text += "p" + std::to_string(i) + "=x, ";
        const auto challenges = parse_challenges(text);
        return challenges.empty() ? 0U : challenges[0].parameters.size();
    };
    EXPECT_EQ(parameters(32), 32U);
    EXPECT_EQ(parameters(33), 0U);
}

TEST(AuthChallenge, ends_and_marks_in_odd_places) {
    EXPECT_EQ(shown("Basic realm=x,"), "basic(realm=x)");
    EXPECT_EQ(shown("Basic abc"), "basic(abc)");
    EXPECT_EQ(shown("Basic =x"), "nothing");
    EXPECT_EQ(shown("Basic realm=x, y z=1"), "basic(realm=x) y(z=1)");
    EXPECT_EQ(shown("Basic realm=x, =y"), "nothing");
}

}  // namespace
}  // namespace gyre::http
