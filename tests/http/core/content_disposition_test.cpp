#include "http/core/utf8.hpp"

#include <gyre/http/core/content_disposition.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace gyre::http {
namespace {

TEST(ContentDisposition, file_names) {
    struct Case {
        std::string_view rule;
        std::string_view text;
        std::optional<std::string> file_name;
    };
    const Case cases[] = {
        {"none", "attachment", {}},
        {"a token", "attachment; filename=a.txt", "a.txt"},
        {"quoted", "attachment; filename=\"a b.txt\"", "a b.txt"},
        {"case", "ATTACHMENT; FileName=a.txt", "a.txt"},
        {"a quote", "attachment; filename=\"a\\\"b\"", "a\"b"},
        {"bytes", "attachment; filename=\"\xc3\xa4.txt\"", "\xc3\xa4.txt"},
        {"browsers' escapes stay", "attachment; filename=\"a%22b\"", "a%22b"},
        {"extended", "attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", "\xe2\x82\xac rates.txt"},
        {"extended with a language", "attachment; filename*=utf-8'en'a.txt", "a.txt"},
        {"Latin 1", "attachment; filename*=iso-8859-1''%e4.txt", "\xc3\xa4.txt"},
        {"extended goes first", "attachment; filename=a; filename*=UTF-8''b", "b"},
        {"extended goes first", "attachment; filename*=UTF-8''b; filename=a", "b"},
        {"extended: an unknown set", "attachment; filename=a; filename*=UTF-7''b", "a"},
        {"extended: no UTF-8", "attachment; filename=a; filename*=UTF-8''%ff", "a"},
        {"extended: overlong", "attachment; filename=a; filename*=UTF-8''%c0%af", "a"},
        {"extended: a broken escape", "attachment; filename=a; filename*=UTF-8''%4", "a"},
        {"extended: a broken escape", "attachment; filename=a; filename*=UTF-8''%zz", "a"},
        {"extended: a broken escape", "attachment; filename=a; filename*=UTF-8''%4g", "a"},
        {"extended: one apostrophe", "attachment; filename=a; filename*=UTF-8'b", "a"},
        {"extended: no apostrophe", "attachment; filename=a; filename*=b", "a"},
        {"extended: NUL", "attachment; filename=a; filename*=UTF-8''b%00.txt", "a"},
        {"extended: a line end", "attachment; filename=a; filename*=UTF-8''b%0d%0aX", "a"},
        {"path", "attachment; filename=\"/etc/passwd\"", "passwd"},
        {"path", "attachment; filename=\"../../x\"", "x"},
        {"path of Windows", "attachment; filename=\"C:\\dir\\x.txt\"", "x.txt"},
        {"path of Windows", "attachment; filename=\"..\\..\\x\"", "x"},
        {"path, escaped", "attachment; filename*=UTF-8''..%2f..%2Fx", "x"},
        {"path, escaped", "attachment; filename*=UTF-8''a%5Cb", "b"},
        {"a directory", "attachment; filename=\"a/\"", ""},
        {"this directory", "attachment; filename=\".\"", ""},
        {"the one above", "attachment; filename=\"a/..\"", ""},
        {"hidden", "attachment; filename=\".bashrc\"", ".bashrc"},
        {"empty", "attachment; filename=\"\"", ""},
    };
    for (const auto& c : cases) {
        const auto disposition = parse_content_disposition(c.text);
        ASSERT_TRUE(disposition) << c.text;
        EXPECT_EQ(disposition->type, "attachment") << c.text;
        EXPECT_EQ(disposition->file_name, c.file_name) << c.rule << ": " << c.text;
    }
}

// As browsers and curl escape within quotes; what else stands behind a backslash is a path of Windows.
TEST(ContentDisposition, a_backslash_escapes_a_quote_and_itself) {
    EXPECT_EQ(parse_content_disposition(R"(form-data; name="a\\b")")->name, R"(a\b)");
    EXPECT_EQ(parse_content_disposition(R"(form-data; name="a\"b")")->name, "a\"b");
    EXPECT_EQ(parse_content_disposition(R"(form-data; name="a\b")")->name, R"(a\b)");
}

TEST(ContentDisposition, nothing_else_is_read) {
    for (const auto* text :
        {"", ";", "; filename=a", "a b", "\"form-data\"", "form-data; name", "form-data; name=", "form-data; name=a b",
            "form-data; name=\"a", "form-data; name=a; name=b", "form-data; filename=a; FileName=b",
            "form-data; name=\"a\"; name=\"a\"", "form-data, attachment", "form-data; name=\"a\r\n\""}) {
        EXPECT_FALSE(parse_content_disposition(text)) << text;
    }
}

TEST(ContentDisposition, written_for_every_reader) {
    EXPECT_EQ(format_content_disposition("attachment", "a b.txt"), "attachment; filename=\"a b.txt\"");
    EXPECT_EQ(format_content_disposition("inline", "\xc3\xa4\"%\\;.txt"),
        "inline; filename=\"_____;.txt\"; filename*=UTF-8''%C3%A4%22%25%5C%3B.txt");
    for (const auto* name : {"plain.txt", "\xe2\x82\xac.txt", "a\"b%20'c*;=.txt", ""}) {
        EXPECT_EQ(parse_content_disposition(format_content_disposition("attachment", name))->file_name, name);
    }
    EXPECT_THROW((void)format_content_disposition("a b", "x"), std::invalid_argument);
    for (const auto* name : {"a\nb", "a\rb", "a\tb", "\x7f"}) {
        EXPECT_THROW((void)format_content_disposition("attachment", name), std::invalid_argument);
    }
    EXPECT_THROW((void)format_content_disposition("attachment", std::string_view("\0", 1)), std::invalid_argument);
}

TEST(Utf8, both_sides_of_every_edge) {
    for (const auto* good : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
             "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa4z"}) {
        EXPECT_TRUE(internal::is_utf8(good)) << good;
    }
    for (const auto* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\xbf",
             "\xe0\xa0", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
             "\xe1\x80z", "\xf1\x80\x80z"}) {
        EXPECT_FALSE(internal::is_utf8(bad)) << bad;
    }
}

}  // namespace
}  // namespace gyre::http
