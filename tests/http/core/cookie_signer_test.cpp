#include "http/core/base64.hpp"

#include <gyre/http/core/cookie_signer.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace gyre::http {
namespace {

using namespace std::chrono_literals;

const std::string new_key(32, 'n');
const std::string old_key(40, 'o');
const std::chrono::sys_seconds noon{1'800'000'000s};

TEST(CookieSigner, reads_what_it_signed) {
    const CookieSigner signer({new_key});
    const std::string all("any\0bytes; \"\xff", 13);
    for (const auto& value : {std::string(), std::string("s3cret"), all}) {
        const auto cookie = signer.sign("session", value, noon);
        EXPECT_EQ(signer.verify("session", cookie.value(), noon - 1s), value);
        EXPECT_TRUE(cookie.is_http_only());
        EXPECT_EQ(cookie.expires(), noon);
    }
}

// The bytes are fixed: cookies outlive the process that made them. Computed with Python's hmac.
TEST(CookieSigner, the_format_stays) {
    const CookieSigner signer({new_key});
    EXPECT_EQ(signer.sign("session", "s3cret", noon).value(),
        "1.1800000000.czNjcmV0._Mb2Szt2imqWCOVOXywz5tZ50CSZJiJ-FZCwEJOozEM");
}

TEST(CookieSigner, its_time_ends) {
    const CookieSigner signer({new_key});
    const auto text = signer.sign("a", "b", noon).value();
    EXPECT_TRUE(signer.verify("a", text, noon - 1s));
    EXPECT_FALSE(signer.verify("a", text, noon));
    EXPECT_THROW((void)signer.sign("a", "b", std::chrono::sys_seconds{-1s}), std::out_of_range);
}

TEST(CookieSigner, any_changed_byte_is_found) {
    const CookieSigner signer({new_key});
    const auto text = signer.sign("session", "s3cret", noon).value();
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            auto changed = text;
            changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
            EXPECT_FALSE(signer.verify("session", changed, noon - 1s)) << changed;
        }
        EXPECT_FALSE(signer.verify("session", text.substr(0, i), noon - 1s));
    }
    EXPECT_FALSE(signer.verify("session", text + "A", noon - 1s));
    EXPECT_FALSE(signer.verify("session", text + ".", noon - 1s));
    EXPECT_FALSE(signer.verify("Session", text, noon - 1s));
    EXPECT_FALSE(signer.verify("", text, noon - 1s));
}

TEST(CookieSigner, keys_are_rotated) {
    const CookieSigner before({old_key});
    const CookieSigner during({new_key, old_key});
    const CookieSigner after({new_key});
    const auto old_text = before.sign("a", "b", noon).value();
    const auto new_text = during.sign("a", "b", noon).value();
    EXPECT_EQ(during.verify("a", old_text, noon - 1s), "b");
    EXPECT_EQ(during.verify("a", new_text, noon - 1s), "b");
    EXPECT_EQ(after.verify("a", new_text, noon - 1s), "b");
    EXPECT_FALSE(after.verify("a", old_text, noon - 1s));
    EXPECT_FALSE(before.verify("a", new_text, noon - 1s));
}

TEST(CookieSigner, weak_keys_are_refused) {
    EXPECT_THROW(CookieSigner({}), std::invalid_argument);
    EXPECT_THROW(CookieSigner({new_key, std::string(31, 'k')}), std::invalid_argument);
    EXPECT_NO_THROW(CookieSigner({std::string(32, 'k')}));
}

TEST(CookieSigner, a_moved_one_still_signs) {
    CookieSigner first({new_key});
    CookieSigner second(std::move(first));
    first = CookieSigner({old_key});
    EXPECT_EQ(second.verify("a", second.sign("a", "b", noon).value(), noon - 1s), "b");
    EXPECT_FALSE(second.verify("a", first.sign("a", "b", noon).value(), noon - 1s));
}

TEST(Base64, one_text_for_each_bytes) {
    // RFC 4648 10, without padding.
    const std::pair<std::string, std::string> cases[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
    for (const auto& [bytes, text] : cases) {
        EXPECT_EQ(internal::to_base64url(bytes), text);
        EXPECT_EQ(internal::from_base64url(text), bytes);
    }
    for (const auto* bad : {"Z", "Zm9vY", "Zh", "Zm9", "Zg==", "Zm+v", "Zm/v", "Zm9v ", "Zm9v\n"}) {
        EXPECT_FALSE(internal::from_base64url(bad)) << bad;
    }
}

}  // namespace
}  // namespace gyre::http
