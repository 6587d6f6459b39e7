#include "http/core/json_text.hpp"

#include <gyre/http/core/file_types.hpp>
#include <gyre/http/core/json_codec.hpp>

#include <gtest/gtest.h>

namespace gyre::http {
namespace {

using namespace std::string_view_literals;
using internal::json_string;

TEST(JsonText, quotes_controls_and_what_is_no_text_are_escaped) {
    EXPECT_EQ(json_string(""), "\"\"");
    EXPECT_EQ(json_string("a \"b\" \\ /"), R"("a \"b\" \\ /")");
    EXPECT_EQ(json_string("\0\n\x1f\x7f"sv), R"("\u0000\u000a\u001f\u007f")");
    EXPECT_EQ(json_string("\303\251\342\202\254\360\237\230\200"), "\"\303\251\342\202\254\360\237\230\200\"");
    EXPECT_EQ(json_string("a\377b\303"), "\"a\357\277\275b\357\277\275\"");
    EXPECT_EQ(json_string("\360\237\230"), "\"\357\277\275\357\277\275\357\277\275\"");
}

TEST(JsonError, says_where_if_it_knows) {
    const auto text = "{\n  \"a\": x\n}"sv;
    EXPECT_STREQ(JsonError("no value", 9, text).what(), "JSON: no value at byte 9 (line 2, column 8)");
    EXPECT_STREQ(JsonError("no value", 1, text).what(), "JSON: no value at byte 1 (line 1, column 2)");
    EXPECT_STREQ(JsonError("too deep", JsonError::no_offset, text).what(), "JSON: too deep");
    EXPECT_STREQ(JsonError("cut", 99, "{").what(), "JSON: cut at byte 99 (line 1, column 2)");
}

TEST(FileTypes, go_by_the_last_extension_in_any_case) {
    EXPECT_EQ(media_type_of_file("/a.b/index.HTML"), media_type_of_file("x.html"));
    EXPECT_EQ(media_type_of_file("a.tar.png"), "image/png");
    for (const auto name : {"", "README", "/a.png/x", "x.", "x.unheardof"}) {
        EXPECT_EQ(media_type_of_file(name), "application/octet-stream") << name;
    }
}

}  // namespace
}  // namespace gyre::http
