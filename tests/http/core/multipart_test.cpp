#include "multipart_transcript.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/task.hpp>
#include <gyre/http/core/multipart_body.hpp>

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace gyre::http {
namespace {

using testing::multipart_transcript;

// The same for every cut.
auto read(std::string_view body, MultipartLimits limits = {}, MultipartKind kind = MultipartKind::form,
    std::string_view boundary = "b") -> std::string {
    MultipartParser whole(boundary, limits, kind);
    const auto expected = multipart_transcript(whole, body, body.size(), body.size());
    const std::size_t step = body.size() > 2000 ? body.size() / 50 : 1;
    for (std::size_t first = 1; first < body.size(); first += step) {
        MultipartParser parser(boundary, limits, kind);
        EXPECT_EQ(multipart_transcript(parser, body, first, body.size()), expected) << "cut at " << first;
    }
    MultipartParser bytes(boundary, limits, kind);
    EXPECT_EQ(multipart_transcript(bytes, body, 1, 1), expected) << "byte by byte";
    return expected;
}

auto part(std::string_view content, std::string_view fields = {}) -> std::string {
    return "--b\r\nContent-Disposition: form-data; name=n\r\n" + std::string(fields) + "\r\n" + std::string(content) +
           "\r\n";
}

TEST(Multipart, a_form_as_browsers_send_it) {
    EXPECT_EQ(read("------x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhello\r\n"
                   "------x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\a\\b.txt\"\r\n"
                   "Content-Type: text/plain\r\n\r\nline\r\nline\r\n\r\n------x--\r\n",
                  {}, MultipartKind::form, "----x"),
        "text[hello]file(b.txt)[line\r\nline\r\n]end");
}

TEST(Multipart, framing) {
    struct Case {
        std::string_view rule;
        std::string body;
        std::string_view expected;
    };
    const Case cases[] = {
        {"no part", "--b--", "end"},
        {"one part", part("x") + "--b--\r\n", "n[x]end"},
        {"no line end after the last", part("x") + "--b--", "n[x]end"},
        {"two parts", part("x") + part("y") + "--b--", "n[x]n[y]end"},
        {"empty content", part("") + "--b--", "n[]end"},
        {"content without its line end", "--b\r\nContent-Disposition: form-data; name=n\r\n\r\n--b--", "n[]end"},
        {"content that is a line end", part("\r\n") + "--b--", "n[\r\n]end"},
        {"content of line ends", part("\r\n\r\r\n\n\r") + "--b--", "n[\r\n\r\r\n\n\r]end"},
        {"a boundary in content is one", part("--b") + "--b--", "premature_end"},
        {"what begins like one", part("\r\n-") + "--b--", "n[\r\n-]end"},
        {"what begins like one", part("\r\n--") + "--b--", "n[\r\n--]end"},
        {"what begins like one", part("\r\n--c") + "--b--", "n[\r\n--c]end"},
        {"one inside another", part("\r\n-\r\n--\r\r\n") + "--b--", "n[\r\n-\r\n--\r\r\n]end"},
        {"not after LF alone", part("x\n--b--") + "--b--", "n[x\n--b--]end"},
        {"not inside a line", part("x--b--") + "--b--", "n[x--b--]end"},
        {"something before", "hello\r\n" + part("x") + "--b--", "n[x]end"},
        {"a line end before", "\r\n" + part("x") + "--b--", "n[x]end"},
        {"something after", part("x") + "--b--\r\nhello\r\n--b\r\n", "n[x]end"},
        {"something glued after", part("x") + "--b--hello", "n[x]end"},
        {"blanks after a boundary", "--b \t\r\n" + part("x").substr(5) + "--b--", "n[x]end"},
        {"blanks before the last hyphens", part("x") + "--b --", "bad_boundary_line"},
        {"a longer boundary", "--bb\r\n" + part("x").substr(5) + "--b--", "bad_boundary_line"},
        {"LF after a boundary", "--b\n" + part("x").substr(5) + "--b--", "bad_boundary_line"},
        {"CR after a boundary", "--b\r" + part("x").substr(5) + "--b--", "bad_boundary_line"},
        {"one hyphen", part("x") + "--b-\r\n", "bad_boundary_line"},
        {"no body", "", "premature_end"},
        {"no boundary", "hello", "premature_end"},
        {"cut in the header", "--b\r\nContent-Disposition: form-data; name=n\r\n", "premature_end"},
        {"cut in the content", "--b\r\nContent-Disposition: form-data; name=n\r\n\r\nx", "premature_end"},
        {"cut in the last boundary", part("x") + "--b-", "premature_end"},
        {"cut before the last boundary", part("x"), "premature_end"},
    };
    for (const auto& c : cases) EXPECT_EQ(read(c.body), c.expected) << c.rule << ": " << c.body;
}

TEST(Multipart, part_headers) {
    struct Case {
        std::string_view rule;
        std::string_view header;
        std::string_view expected;
    };
    const Case cases[] = {
        {"name in any case", "CONTENT-DISPOSITION:FORM-DATA;NAME=n\r\n", "n[x]end"},
        {"an empty name", "Content-Disposition: form-data; name=\"\"\r\n", "[x]end"},
        {"a file without a name", "Content-Disposition: form-data; name=n; filename=\"\"\r\n", "n()[x]end"},
        {"a decoded name", "Content-Disposition: form-data; name=n; filename*=UTF-8''%C3%A4\r\n", "n(\xc3\xa4)[x]end"},
        {"none", "", "missing_disposition"},
        {"another type", "Content-Disposition: attachment; name=n\r\n", "missing_disposition"},
        {"no name", "Content-Disposition: form-data\r\n", "missing_disposition"},
        {"name twice", "Content-Disposition: form-data; name=n; name=m\r\n", "missing_disposition"},
        {"broken", "Content-Disposition: form-data; name=\"n\r\n", "missing_disposition"},
        {"two of them", "Content-Disposition: form-data; name=n\r\nContent-Disposition: form-data; name=m\r\n",
            "missing_disposition"},
        {"a nested one", "Content-Disposition: form-data; name=n\r\nContent-Type: Multipart/mixed; boundary=c\r\n",
            "nested_multipart"},
        {"two types", "Content-Disposition: form-data; name=n\r\nContent-Type: a/b\r\nContent-Type: a/c\r\n",
            "bad_field"},
        {"plain encodings", "Content-Disposition: form-data; name=n\r\nContent-Transfer-Encoding: 8BIT\r\n", "n[x]end"},
        {"plain encodings", "Content-Disposition: form-data; name=n\r\nContent-Transfer-Encoding: binary\r\n",
            "n[x]end"},
        {"plain encodings", "Content-Disposition: form-data; name=n\r\nContent-Transfer-Encoding: 7bit\r\n", "n[x]end"},
        {"base64", "Content-Disposition: form-data; name=n\r\nContent-Transfer-Encoding: base64\r\n", "encoded_part"},
        {"LF alone", "Content-Disposition: form-data; name=n\n", "bad_line_end"},
        {"CR alone", "Content-Disposition: form-data; name=n\rX: y\r\n", "bad_field"},
        {"CR CR LF", "Content-Disposition: form-data; name=n\r\r\n", "bad_field"},
        {"NUL", std::string_view("A: b\0c\r\n", 8), "bad_field"},
        {"a folded line", "Content-Disposition: form-data;\r\n name=n\r\n", "bad_field"},
        {"no colon", "Content-Disposition form-data\r\n", "bad_field"},
        {"no name of a field", ": form-data; name=n\r\n", "bad_field"},
        {"a blank before the colon", "Content-Disposition : form-data; name=n\r\n", "bad_field"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(read("--b\r\n" + std::string(c.header) + "\r\nx\r\n--b--"), c.expected) << c.rule << ": " << c.header;
    }
}

TEST(Multipart, other_kinds_need_no_disposition) {
    EXPECT_EQ(
        read("--b\r\n\r\nx\r\n--b\r\nContent-Disposition: inline; filename=f\r\n\r\ny\r\n--b--", {}, MultipartKind::any),
        "[x](f)[y]end");
    EXPECT_EQ(
        read("--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--b--", {}, MultipartKind::any), "nested_multipart");
}

TEST(Multipart, the_head_of_a_part_is_kept) {
    const auto body = part("x", "Content-Type: text/plain; charset=x\r\nX-Other: 1\r\n") + "--b--";
    MultipartParser parser("b");
    const auto event = parser.next(body);
    ASSERT_EQ(event.kind, MultipartEventKind::part);
    EXPECT_EQ(parser.part().content_type, "text/plain; charset=x");
    EXPECT_EQ(parser.part().fields.get("x-other"), "1");
    EXPECT_EQ(parser.part().file_name, std::nullopt);
    EXPECT_EQ(parser.take_part().name, "n");
}

// CVE-2023-24998, CVE-2023-30798: very many parts cost a server more than they cost the sender.
TEST(Multipart, parts_are_bounded_on_both_sides) {
    std::string body;
    for (int i = 0; i < 128; ++i) body += part("");
    EXPECT_TRUE(read(body + "--b--").ends_with("end"));
    EXPECT_EQ(read(body + part("") + "--b--"), "too_many_parts");
    EXPECT_EQ(read(part("") + "--b--", {.parts = 1}), "n[]end");
    EXPECT_EQ(read(part("") + part("") + "--b--", {.parts = 1}), "too_many_parts");
    EXPECT_EQ(read(part("") + "--b--", {.parts = 0}), "too_many_parts");
}

TEST(Multipart, every_other_limit_holds_on_both_sides) {
    std::string fields;
    for (int i = 0; i < 15; ++i) fields += "X: y\r\n";
    EXPECT_EQ(read(part("x", fields) + "--b--"), "n[x]end");
    EXPECT_EQ(read(part("x", fields + "X: y\r\n") + "--b--"), "too_many_fields");

    const auto disposition = std::string_view("Content-Disposition: form-data; name=n\r\n").size();
    const auto filler = 8 * 1024 - disposition - 2 - 5;  // the empty line, and "X: " with its end
    EXPECT_EQ(read(part("x", "X: " + std::string(filler, 'y') + "\r\n") + "--b--"), "n[x]end");
    EXPECT_EQ(read(part("x", "X: " + std::string(filler + 1, 'y') + "\r\n") + "--b--"), "fields_too_large");
    EXPECT_EQ(read("--b\r\n" + std::string(8 * 1024 + 1, 'y')), "fields_too_large");

    EXPECT_EQ(read(std::string(1024, 'p') + "\r\n" + part("x") + "--b--"), "n[x]end");
    EXPECT_EQ(read(std::string(1025, 'p') + "\r\n" + part("x") + "--b--"), "too_much_before_first_part");
    EXPECT_EQ(read(part("x") + "--b--" + std::string(1024, '\n')), "n[x]end");
    EXPECT_EQ(read(part("x") + "--b--" + std::string(1025, '\n')), "too_much_after_last_part");  // CVE-2024-53981

    EXPECT_EQ(read("--b" + std::string(64, ' ') + "\r\n" + part("x").substr(5) + "--b--"), "n[x]end");
    EXPECT_EQ(read("--b" + std::string(65, ' ') + "\r\n" + part("x").substr(5) + "--b--"), "bad_boundary_line");

    EXPECT_EQ(read(part("12345678") + "--b--", {.part_bytes = 8}), "n[12345678]end");
    EXPECT_EQ(read(part("123456789") + "--b--", {.part_bytes = 8}), "part_too_large");
    EXPECT_EQ(read(part("1234567\r\n-") + "--b--", {.part_bytes = 8}), "part_too_large");
}

TEST(Multipart, boundaries) {
    for (const auto& good : std::vector<std::string>{"b", std::string(70, 'b'), "'()+_,-./:=?", "a b", "0"}) {
        EXPECT_NO_THROW(MultipartParser{good}) << good;
        EXPECT_EQ(read("--" + good + "--", {}, MultipartKind::form, good), "end");
    }
    for (const auto& bad :
        std::vector<std::string>{"", std::string(71, 'b'), "b ", "b\r", "b\"", "b\xc3\xa4", "b;", "b\n"}) {
        EXPECT_THROW(MultipartParser{bad}, MultipartError) << bad;
    }
}

TEST(Multipart, from_a_content_type) {
    const auto rule = [](std::string_view type) -> std::string_view {
        try {
            (void)MultipartParser::for_content_type(type);
        } catch (const MultipartError& error) {
            return rule_name(error.rule());
        }
        return "good";
    };
    EXPECT_EQ(rule("multipart/form-data; boundary=b"), "good");
    EXPECT_EQ(rule("Multipart/Mixed; Boundary=\"a b\""), "good");
    EXPECT_EQ(rule("multipart/form-data"), "bad_boundary");
    EXPECT_EQ(rule("multipart/form-data; boundary=\"\""), "bad_boundary");
    EXPECT_EQ(rule("multipart/form-data; boundary=a; boundary=b"), "not_multipart");
    EXPECT_EQ(rule("application/x-www-form-urlencoded"), "not_multipart");
    EXPECT_EQ(rule(""), "not_multipart");
    auto form = MultipartParser::for_content_type("multipart/form-data; boundary=b");
    EXPECT_EQ(multipart_transcript(form, "--b\r\n\r\nx", 100, 100), "missing_disposition");
    auto mixed = MultipartParser::for_content_type("multipart/mixed; boundary=b");
    EXPECT_EQ(multipart_transcript(mixed, "--b\r\n\r\nx\r\n--b--", 100, 100), "[x]end");
}

TEST(Multipart, every_rule_has_a_name_a_text_and_a_status) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < multipart_rule_count; ++i) {
        const MultipartError error(static_cast<MultipartRule>(i));
        names.insert(rule_name(error.rule()));
        EXPECT_EQ(error.what(), "multipart body: " + std::string(rule_text(error.rule())));
        EXPECT_TRUE(error.status() == 400 || error.status() == 413 || error.status() == 415);
    }
    EXPECT_EQ(names.size(), multipart_rule_count);
    EXPECT_EQ(MultipartError(MultipartRule::too_many_parts).status(), 413);
    EXPECT_EQ(MultipartError(MultipartRule::bad_field).status(), 400);
    EXPECT_EQ(MultipartError(MultipartRule::not_multipart).status(), 415);
}

TEST(Multipart, a_failed_parser_stays_failed) {
    MultipartParser parser("b");
    EXPECT_THROW((void)parser.next("--bx"), MultipartError);
    EXPECT_THROW((void)parser.next("\r\n"), MultipartError);
    EXPECT_THROW(parser.finish(), MultipartError);
}

TEST(Multipart, a_parser_may_be_moved_before_each_byte) {
    const auto body = "before\r\n" + part("x\r\n-y") + part("z", "Content-Type: text/plain\r\n") + "--b--\r\nafter";
    testing::Wandering<MultipartParser> parser("b");
    EXPECT_EQ(multipart_transcript(parser, body, 1, 1), "n[x\r\n-y]n[z]end");
}

// One pass over the bytes, whatever they are: the worst content costs about what the best one does.
TEST(Multipart, hostile_content_is_read_in_linear_time) {
    const std::string boundary(70, 'b');
    std::string almost;
    while (almost.size() < 4'000'000) almost += "\r\n--" + boundary.substr(1);
    for (const auto& content : {std::string(4'000'000, '\r'), almost}) {
        MultipartParser parser(boundary);
        const auto body = "--" + boundary + "\r\nContent-Disposition: form-data; name=n\r\n\r\n" + content + "\r\n--" +
                          boundary + "--";
        EXPECT_EQ(multipart_transcript(parser, body, 4096, 4096), "n[" + content + "]end");
    }
}

// --- Writing ----------------------------------------------------------------------------------------------------------

auto write(const MultipartBody& body) -> std::string {
    std::string out;
    for (std::size_t i = 0; i < body.size(); ++i) out += body.framing(i) + body.parts()[i].text;
    return out + body.closing();
}

TEST(MultipartBody, the_bytes_are_these) {
    MultipartBody body("xyz");
    body.add("a\"b", "1\r\n2").add_file("f", "d/\xc3\xa4\".txt", "content", "text/plain");
    EXPECT_EQ(write(body),
        "--xyz\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\n1\r\n2\r\n"
        "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"d/\xc3\xa4%22.txt\"\r\nContent-Type: "
        "text/plain\r\n\r\n"
        "content\r\n--xyz--\r\n");
    EXPECT_EQ(body.content_length(), write(body).size());
    EXPECT_EQ(body.content_type(), "multipart/form-data; boundary=xyz");
}

TEST(MultipartBody, what_is_written_is_read) {
    MultipartBody body("xyz");
    EXPECT_EQ(read(write(body), {}, MultipartKind::form, "xyz"), "end");
    EXPECT_EQ(body.content_length(), write(body).size());
    body.add("", "").add("\xc3\xa4", "\r\n--xy").add_file("f", "a b;.txt", std::string("\0\r\n", 3));
    EXPECT_EQ(read(write(body), {}, MultipartKind::form, "xyz"),
        "[]\xc3\xa4[\r\n--xy]f(a b;.txt)[" + std::string("\0\r\n", 3) + "]end");
}

TEST(MultipartBody, its_length_is_known_when_all_parts_are) {
    MultipartBody body("xyz");
    body.add("a", "1").add_path("f", "/some/where/f.bin");
    EXPECT_EQ(body.content_length(), std::nullopt);
    EXPECT_EQ(body.parts()[1].file_name, "f.bin");
    EXPECT_EQ(body.parts()[1].path, "/some/where/f.bin");
    body.set_size(1, 1000);
    EXPECT_EQ(body.content_length(), write(body).size() + 1000);
}

// Who could guess it could put parts of their own into the content of another.
TEST(MultipartBody, without_a_boundary_it_has_one_that_nobody_can_guess) {
    EventLoop loop(backend::make_backend());
    std::set<std::string> types;
    loop.run_until_complete([&]() -> Task<void> {
        for (int i = 0; i < 3; ++i) types.insert(MultipartBody().content_type());
        co_return;
    }());
    loop.close();
    EXPECT_EQ(types.size(), 3U);
    for (const auto& type : types) {
        const std::string_view begin = "multipart/form-data; boundary=";
        ASSERT_EQ(type.size(), begin.size() + 32U) << type;
        EXPECT_EQ(type.find_first_not_of("0123456789abcdef", begin.size()), std::string::npos) << type;
    }
    EXPECT_THROW(MultipartBody(), LoopError);
}

// CVE-2023-26130 and its kind: names that became fields and parts of their own.
TEST(MultipartBody, injection_is_refused_when_added) {
    for (int byte = 0; byte < 0x80; ++byte) {
        if (byte >= 0x20 && byte != 0x7f) continue;
        const std::string bad = "a" + std::string(1, static_cast<char>(byte)) + "b";
        MultipartBody body("xyz");
        EXPECT_THROW(body.add(bad, ""), std::invalid_argument) << byte;
        EXPECT_THROW(body.add_file(bad, "f", ""), std::invalid_argument) << byte;
        EXPECT_THROW(body.add_file("n", bad, ""), std::invalid_argument) << byte;
        EXPECT_THROW(body.add_file("n", "f", "", bad), std::invalid_argument) << byte;
        EXPECT_EQ(body.size(), 0U);
    }
    MultipartBody body("xyz");
    EXPECT_THROW(body.add_path("n", ""), std::invalid_argument);
    for (const auto& bad : {std::string(), std::string("a b"), std::string("a\r\n"), std::string(71, 'b')}) {
        EXPECT_THROW(MultipartBody{bad}, std::invalid_argument) << bad;
    }
    EXPECT_NO_THROW(MultipartBody{std::string(70, 'b')});
    EXPECT_EQ(MultipartBody("----gyre-0123456789").content_type(), "multipart/form-data; boundary=----gyre-0123456789");
}

}  // namespace
}  // namespace gyre::http
