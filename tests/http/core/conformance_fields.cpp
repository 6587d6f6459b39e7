// Field lines: names, values and what stands around them.

#include "conformance.hpp"

namespace gyre::http::testing {
namespace {

using namespace std::string_view_literals;

constexpr Case names[] = {
    {"RFC 9112 5: a field", "X: y\r\n", "GET / X=[y]"},
    {"RFC 9110 5.1: names have no case", "x: y\r\n", "GET / X=[y]"},
    {"RFC 9110 5.3: a field twice, in order", "X: 1\r\nX: 2\r\n", "GET / X=[1] X=[2]"},
    {"RFC 9110 5.6.2: every mark of a token", "!#$%&'*+-.^_`|~09azAZ: y\r\nX: z\r\n", "GET / X=[z]"},
    {"RFC 9112 5.1: a space before the colon", "X : y\r\n", "400 whitespace_before_colon"},
    {"RFC 9112 5.1: a tab before the colon", "X\t: y\r\n", "400 whitespace_before_colon"},
    {"RFC 9112 5.1: a space inside of a name", "X Y: z\r\n", "400 whitespace_before_colon"},
    {"RFC 9112 5: an empty name", ": y\r\n", "400 empty_field_name"},
    {"RFC 9112 5: a colon alone", ":\r\n", "400 empty_field_name"},
    {"RFC 9112 5: no colon", "X\r\n", "400 missing_colon"},
    {"RFC 9112 5: an equals sign for the colon", "X=y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: parentheses", "X(Y): z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a slash", "X/Y: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: quotes", "\"X\": z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a comma", "X,Y: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a semicolon", "X;Y: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: an at sign", "X@Y: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: brackets", "X[Y]: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: braces", "X{Y}: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a backslash", "X\\Y: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a question mark", "X?: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: an angle bracket", "<X>: z\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a NUL", "X\000: y\r\n"sv, "400 bad_field_name"},
    {"RFC 9110 5.1: a control", "X\001: y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a vertical tab", "X\013: y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: a form feed", "X\014: y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: DEL", "X\177: y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: UTF-8", "X\303\251: y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: NBSP after the name", "X\240: y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: NEL after the name", "X\205: y\r\n", "400 bad_field_name"},
    {"RFC 9110 5.1: CR before the colon", "X\r: y\r\n", "400 missing_colon"},
    {"RFC 9110 5.1: LF before the colon", "X\n: y\r\n", "400 bare_lf"},
    {"RFC 9112 5.2: a fold", "X: y\r\n z\r\n", "400 obs_fold"},
    {"RFC 9112 5.2: a fold by a tab", "X: y\r\n\tz\r\n", "400 obs_fold"},
    {"RFC 9112 5.2: a fold that looks like a field", "X: y\r\n Content-Length: 5\r\n", "400 obs_fold"},
    {"RFC 9112 5.2: a fold of an empty value", "X:\r\n y\r\n", "400 obs_fold"},
    {"RFC 9112 5.2: a fold of a space alone", "X: y\r\n \r\n", "400 obs_fold"},
    {"RFC 9112 5.2: a fold after LF", "X: y\n z\r\n", "400 bare_lf"},
};

constexpr Case values[] = {
    {"RFC 9112 5: an empty value", "X:\r\n", "GET / X=[]"},
    {"RFC 9112 5: spaces alone", "X:   \r\n", "GET / X=[]"},
    {"RFC 9112 5: no space before the value", "X:y\r\n", "GET / X=[y]"},
    {"RFC 9112 5: spaces and tabs around it", "X: \t y \t \r\n", "GET / X=[y]"},
    {"RFC 9112 5: spaces and tabs inside of it", "X: y \t z\r\n", "GET / X=[y \t z]"},
    {"RFC 9112 5: colons in it", "X: :y:z:\r\n", "GET / X=[:y:z:]"},
    {"RFC 9112 5: a field in it", "X: Host: b\r\n", "GET / X=[Host: b]"},
    {"RFC 9110 5.5: all of visible ASCII", "X: !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\r\n",
        "GET / X=[!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~]"},
    {"RFC 9110 5.5: bytes above ASCII are opaque", "X: \200\205\240\377\r\n", "GET / X=[\200\205\240\377]"},
    {"RFC 9110 5.5: NBSP is no whitespace", "X:\240y\240\r\n", "GET / X=[\240y\240]"},
    {"RFC 9110 5.5: NEL is no line end", "X: y\205Host: b\r\n", "GET / X=[y\205Host: b]"},
    {"RFC 9110 5.5: percent-encoding means nothing", "X: %0d%0aY: z\r\n", "GET / X=[%0d%0aY: z]"},
    {"RFC 9110 5.5: a NUL", "X: y\000z\r\n"sv, "400 control_in_value"},
    {"RFC 9110 5.5: a NUL at the end", "X: y\000\r\n"sv, "400 control_in_value"},
    {"RFC 9110 5.5: byte 1", "X: y\001\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: a bell", "X: y\007\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: a backspace", "X: y\010\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: a vertical tab", "X: y\013\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: a form feed before it", "X:\014y\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: an escape", "X: y\033[31m\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: byte 31", "X: y\037\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: DEL", "X: y\177\r\n", "400 control_in_value"},
    {"RFC 9110 5.5: a control far into a long value", "X: 0123456789abcdef0123456789abcdef0123\0019\r\n",
        "400 control_in_value"},
    {"RFC 9110 5.5: CR LF CR LF ends the head wherever it stands", "X: y\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n",
        "GET / X=[y] | GET /2"},
};

}  // namespace

void add_field_tables(std::vector<Table>& tables) {
    constexpr auto before = "GET / HTTP/1.1\r\nHost: a\r\n"sv;
    tables.push_back({.title = "field_names", .cases = names, .before = before, .after = "\r\n"});
    tables.push_back({.title = "field_values", .cases = values, .before = before, .after = "\r\n"});
}

}  // namespace gyre::http::testing
