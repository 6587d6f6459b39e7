#include <gyre/http/core/media_type.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace gyre::http {
namespace {

using Offers = std::vector<std::string_view>;

TEST(MediaType, read_and_written) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"text/html", "text/html"},
        {"Text/HTML;Charset=UTF-8", "text/html; charset=UTF-8"},
        {" text/html ; charset=\"utf-8\" ;; q=1;", "text/html; charset=utf-8; q=1"},
        {"a/b; x=\"\"", "a/b; x=\"\""},
        {"a/b; x=\"a \\\"b\\\\ \\c;,\"", "a/b; x=\"a \\\"b\\\\ c;,\""},
        {"a/b; x=\"\xc3\xa4\t\"", "a/b; x=\"\xc3\xa4\t\""},
        {"application/vnd.a+json;version=1", "application/vnd.a+json; version=1"},
    };
    for (const auto& [text, written] : cases) {
        const auto type = MediaType::parse(text);
        ASSERT_TRUE(type) << text;
        EXPECT_EQ(type->to_string(), written) << text;
        EXPECT_EQ(MediaType::parse(type->to_string()), type) << text;
    }
}

TEST(MediaType, nothing_else_is_read) {
    for (const auto* text : {"", "text", "text/", "/html", "text/html/x", "text /html", "text/ html", "te xt/html",
             "text/html x", "text/html; charset", "text/html; charset=", "text/html; =x", "text/html; charset =x",
             "text/html; charset= x", "text/html; charset=a b", "text/html, text/plain", "text/html; x=\"",
             "text/html; x=\"a\"b", "text/html; x=\"\\", "text/html; x=\"\r\n\"", "text/html; x=\"\\\n\"",
             "text/html; x=1; X=2", "text/h\xc3\xa4", "\"text\"/html"}) {
        EXPECT_FALSE(MediaType::parse(text)) << text;
    }
}

TEST(MediaType, parameters_are_found_without_case) {
    auto type = *MediaType::parse("multipart/form-data; Boundary=AbC");
    EXPECT_EQ(type.essence(), "multipart/form-data");
    EXPECT_EQ(type.type(), "multipart");
    EXPECT_EQ(type.subtype(), "form-data");
    EXPECT_EQ(type.parameter("BOUNDARY"), "AbC");
    EXPECT_EQ(type.parameter("charset"), std::nullopt);
    type.set_parameter("Boundary", "x y").set_parameter("c", "d");
    EXPECT_EQ(type.to_string(), "multipart/form-data; boundary=\"x y\"; c=d");
}

TEST(MediaType, what_is_set_is_checked) {
    EXPECT_THROW(MediaType("text", "a b"), std::invalid_argument);
    EXPECT_THROW(MediaType("", "a"), std::invalid_argument);
    MediaType type("Text", "Plain");
    EXPECT_EQ(type.to_string(), "text/plain");
    EXPECT_THROW(type.set_parameter("a b", "c"), std::invalid_argument);
    EXPECT_THROW(type.set_parameter("a", "c\r\nX: y"), std::invalid_argument);
}

TEST(MediaType, the_number_of_parameters_is_bounded_on_both_sides) {
    std::string text = "a/b";
    for (int i = 0; i < 32; ++i) text += ";p" + std::to_string(i) + "=v";
    auto type = MediaType::parse(text);
    ASSERT_TRUE(type);
    EXPECT_FALSE(MediaType::parse(text + ";x=v"));
    EXPECT_THROW(type->set_parameter("x", "v"), std::invalid_argument);
    EXPECT_NO_THROW(type->set_parameter("p0", "w"));
}

TEST(Negotiate, media_types) {
    struct Case {
        std::string_view rule;
        std::string_view accept;
        Offers offers;
        std::optional<std::size_t> chosen;
    };
    const Case cases[] = {
        {"no field", "", {"text/html", "application/json"}, 0},
        {"no offer", "*/*", {}, {}},
        {"anything", "*/*", {"text/html", "application/json"}, 0},
        {"a type", "application/json", {"text/html", "application/json"}, 1},
        {"case", "Application/JSON", {"text/html", "application/json"}, 1},
        {"none fits", "image/png", {"text/html", "application/json"}, {}},
        {"a family", "text/*", {"application/json", "text/html"}, 1},
        {"the heavier", "text/html;q=0.5, application/json;q=0.6", {"text/html", "application/json"}, 1},
        {"the first of equals", "application/json, text/html", {"text/html", "application/json"}, 0},
        {"three decimals", "text/html;q=0.998, application/json;q=0.999", {"text/html", "application/json"}, 1},
        {"the more specific decides", "text/*;q=0.9, text/html;q=0.1, */*;q=0.5", {"text/html", "image/png"}, 1},
        {"the more specific decides", "*/*, text/html;q=0", {"text/html"}, {}},
        {"parameters are more specific", "text/html;level=1;q=0.2, text/html;q=0.7", {"text/html;level=1", "text/html"},
            1},
        {"parameters must fit", "text/html;level=1", {"text/html", "text/html;level=2"}, {}},
        {"parameters must fit", "text/html;charset=UTF-8", {"text/html; charset=utf-8"}, 0},
        {"weight 0 refuses", "text/html;q=0", {"text/html"}, {}},
        {"weight 0.000 refuses", "text/html;q=0.000", {"text/html"}, {}},
        {"extensions after the weight", "text/html;q=0.5;level=1", {"text/html"}, 0},
        {"Q in upper case", "text/html;Q=0, */*;Q=0.1", {"text/html", "a/b"}, 1},
        {"a comma in quotes", "a/b;x=\"1,2\", text/html", {"text/html"}, 0},
        {"a quote in quotes", "a/b;x=\"1\\\",2\", text/html", {"text/html"}, 0},
        {"empty members", ", ,text/html,,", {"application/json", "text/html"}, 1},
        {"bad members are passed over", "text, /, text/html;q=2, a/b", {"text/html", "a/b"}, 1},
        {"only bad members: anything", "text, html", {"text/html"}, 0},
        {"weights that are none",
            "a/b;q=1.001, a/c;q=.5, a/d;q=0.1234, a/e;q=x, a/f;q=-1, a/g;q=0.a, a/h;q=01, z/z;q=0.1",
            {"a/b", "a/c", "a/d", "a/e", "a/f", "a/g", "a/h", "z/z"}, 7},
        {"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
            {"application/json", "text/html"}, 1},
    };
    for (const auto& c : cases) EXPECT_EQ(negotiate(c.accept, c.offers), c.chosen) << c.rule << ": " << c.accept;
}

TEST(Negotiate, several_fields_are_one_list) {
    const Offers offers{"text/html", "application/json"};
    EXPECT_EQ(negotiate(Fields{{"Accept", "text/html;q=0.1"}, {"accept", "application/json"}}, offers), 1U);
    EXPECT_EQ(negotiate(Fields{}, offers), 0U);
    const Offers codings{"br", "gzip", "identity"};
    EXPECT_EQ(negotiate_coding(Fields{{"Accept-Encoding", "identity"}, {"Accept-Encoding", "gzip"}}, codings), 1U);
    EXPECT_EQ(negotiate_coding(Fields{}, codings), 2U);
}

TEST(Negotiate, codings) {
    struct Case {
        std::string_view rule;
        std::string_view accept;
        Offers offers;
        std::optional<std::size_t> chosen;
    };
    const Case cases[] = {
        {"nothing named", "", {"gzip", "identity"}, 1},
        {"nothing named, no identity", "", {"gzip"}, {}},
        {"named", "gzip, br", {"br", "gzip", "identity"}, 0},
        {"case", "GZip", {"gzip", "identity"}, 0},
        {"the heavier", "gzip;q=1.0, br;q=0.9", {"br", "gzip", "identity"}, 1},
        {"identity comes last", "gzip;q=0.001", {"identity", "gzip"}, 1},
        {"unless it is named", "gzip;q=0.5, identity", {"gzip", "identity"}, 1},
        {"q=0 is honoured", "gzip;q=0", {"gzip", "identity"}, 1},
        {"identity;q=0", "identity;q=0", {"identity"}, {}},
        {"identity;q=0 with another", "gzip, identity;q=0", {"identity", "gzip"}, 1},
        {"*;q=0 refuses identity too", "*;q=0", {"gzip", "identity"}, {}},
        {"*;q=0 but identity", "*;q=0, identity", {"gzip", "identity"}, 1},
        {"*", "*", {"br", "identity"}, 0},
        {"* is what is not named", "gzip;q=0, *", {"gzip", "br", "identity"}, 1},
        {"* is what is not named", "*;q=0.1, gzip", {"br", "gzip"}, 1},
        {"x-gzip is gzip", "x-gzip", {"gzip", "identity"}, 0},
        {"gzip is x-gzip", "gzip", {"x-gzip", "identity"}, 0},
        {"bad members", "gzip;q=2, ;;, br;q", {"gzip", "br", "identity"}, 2},
    };
    for (const auto& c : cases) EXPECT_EQ(negotiate_coding(c.accept, c.offers), c.chosen) << c.rule << ": " << c.accept;
}

TEST(Negotiate, odd_weights_ranges_and_codings) {
    const std::string_view types[] = {"text/html", "text/plain", "no type"};
    for (const std::string_view odd : {"text/html;q=", "text/html;q=\"\"", "text/html;q=10", "text/html;q=0.0001",
             "text/", "*/*;level=1", "text/*;level=1", "/html", "text"}) {
        const auto accept = std::string(odd) + ", text/plain;q=0.1";
        EXPECT_EQ(negotiate(accept, types), 1U) << accept;
    }
    EXPECT_EQ(negotiate("text/html;q=", types), 0U) << "a list without any range asks for nothing";
    EXPECT_EQ(negotiate("", std::span<const std::string_view>()), std::nullopt);
    const std::string_view codings[] = {"gzip", "identity"};
    EXPECT_EQ(negotiate_coding("x-gzip", codings), 0U);
    EXPECT_EQ(negotiate_coding("x-compress, *;q=0.5, *;q=0", codings), 0U) << "the first * counts";
}

}  // namespace
}  // namespace gyre::http
