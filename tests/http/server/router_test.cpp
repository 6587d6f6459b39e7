// The router: which route takes a path, what its parameters are, and what is allowed where none does.

#include "http/server/router.hpp"

#include "support/loops.hpp"

#include <stdexcept>

namespace gyre::testing {
namespace {

using http::internal::Router;

struct Added {
    Added(std::string its_method, std::string its_pattern)
        : method(std::move(its_method)), pattern(std::move(its_pattern)) {}
    std::string method;
    std::string pattern;
};

auto router_of(const std::vector<Added>& routes) -> Router {
    Router router;
    for (std::size_t i = 0; i < routes.size(); ++i) router.add(routes[i].method, routes[i].pattern, i);
    return router;
}

/// "2 id=7 rest=a/b", or "- GET, HEAD" if no route takes it.
auto found(const Router& router, std::string_view method, std::string_view path) -> std::string {
    const auto match = router.match(method, path);
    if (!match.route) return "- " + match.allow;
    std::string text = std::to_string(*match.route);
    for (const auto& [name, value] : match.params) text += " " + std::string(name) + "=" + value;
    return text;
}

TEST(HttpRouter, takes_a_path_as_it_is) {
    const auto router = router_of({{"GET", "/"}, {"GET", "/a"}, {"GET", "/a/"}, {"GET", "/a/b"}});
    EXPECT_EQ(found(router, "GET", "/"), "0");
    EXPECT_EQ(found(router, "GET", "/a"), "1");
    EXPECT_EQ(found(router, "GET", "/a/"), "2");
    EXPECT_EQ(found(router, "GET", "/a/b"), "3");
    EXPECT_EQ(found(router, "GET", "/%61/b"), "3") << "segments are compared decoded";
    for (const auto* path : {"/b", "/A", "//a", "/a//b", "/a/b/", "/./a", "/a%2Fb", "*", "", "a"}) {
        EXPECT_EQ(found(router, "GET", path), "- ") << path;
    }
}

TEST(HttpRouter, gives_parameters_decoded) {
    const auto router = router_of({{"GET", "/u/{id}"}, {"GET", "/u/{id}/f/{name}.txt"}, {"GET", "/v{version:int}/x"}});
    EXPECT_EQ(found(router, "GET", "/u/J%C3%BCrgen%20x"), "0 id=J\xC3\xBCrgen x");
    EXPECT_EQ(found(router, "GET", "/u/7/f/a.b.txt"), "1 id=7 name=a.b");
    EXPECT_EQ(found(router, "GET", "/v-12/x"), "2 version=-12");
    for (const auto* path : {"/u/", "/u", "/u/7/f/.txt", "/u/7/f/txt", "/v/x", "/v1.5/x", "/v+1/x"}) {
        EXPECT_EQ(found(router, "GET", path), "- ") << path;
    }
}

TEST(HttpRouter, types_hold_parameters_to_what_they_say) {
    const auto router = router_of({{"GET", "/i/{n:int}"}, {"GET", "/u/{n:uint}"}, {"GET", "/k/{n:uuid}"}});
    EXPECT_EQ(found(router, "GET", "/i/9223372036854775807"), "0 n=9223372036854775807");
    EXPECT_EQ(found(router, "GET", "/i/9223372036854775808"), "- ");
    EXPECT_EQ(found(router, "GET", "/u/18446744073709551615"), "1 n=18446744073709551615");
    EXPECT_EQ(found(router, "GET", "/u/18446744073709551616"), "- ");
    EXPECT_EQ(found(router, "GET", "/u/-1"), "- ");
    EXPECT_EQ(
        found(router, "GET", "/k/123e4567-E89B-12d3-a456-426614174000"), "2 n=123e4567-E89B-12d3-a456-426614174000");
    EXPECT_EQ(found(router, "GET", "/k/123e4567-e89b-12d3-a456-42661417400g"), "- ");
    EXPECT_EQ(found(router, "GET", "/k/123e4567-e89b-12d3-a456-4266141740001"), "- ");
}

TEST(HttpRouter, a_tail_is_a_path_that_cannot_lead_elsewhere) {
    const auto router = router_of({{"GET", "/s/{rest:path}"}});
    EXPECT_EQ(found(router, "GET", "/s/"), "0 rest=");
    EXPECT_EQ(found(router, "GET", "/s/a%20b/c//d/"), "0 rest=a b/c//d/");
    for (const auto* path : {"/s", "/s/../x", "/s/a/..", "/s/%2e%2e/x", "/s/./x", "/s/a%2fb", "/s/a%00"}) {
        EXPECT_EQ(found(router, "GET", path), "- ") << path;
    }
}

TEST(HttpRouter, a_parameter_is_one_segment_for_every_reader) {
    const auto router = router_of({{"GET", "/u/{id}"}, {"GET", "/f/x{name}"}, {"GET", "/k/{key:any}"}});
    for (const auto* path : {"/u/..", "/u/.", "/u/%2e%2e", "/u/.%2E", "/u/a%2Fb", "/u/..%2f..%2fetc", "/u/a%00",
             "/u/%2F", "/f/x..", "/f/x.", "/k/..", "/k/%2e", "/k/"}) {
        EXPECT_EQ(found(router, "GET", path), "- ") << path;
    }
    EXPECT_EQ(found(router, "GET", "/u/..."), "0 id=...");
    EXPECT_EQ(found(router, "GET", "/u/.x"), "0 id=.x");
    EXPECT_EQ(found(router, "GET", "/u/a%5Cb"), "0 id=a\\b");
    EXPECT_EQ(found(router, "GET", "/k/@scope%2Fname"), "2 key=@scope/name") << "for keys that have slashes";
    EXPECT_EQ(found(router, "GET", std::string("/k/a%00")), std::string("2 key=a\0", 8));
}

TEST(HttpRouter, the_more_particular_route_wins_in_any_order_of_adding) {
    std::vector<Added> routes = {{"GET", "/{rest:path}"}, {"GET", "/{name}"}, {"GET", "/{name}.txt"},
        {"GET", "/{id:int}"}, {"GET", "/me"}, {"GET", "/x{name}"}};
    for (int round = 0; round < 2; ++round) {
        const auto router = router_of(routes);
        const auto pattern = [&](std::string_view path) { return routes[*router.match("GET", path).route].pattern; };
        EXPECT_EQ(pattern("/me"), "/me");
        EXPECT_EQ(pattern("/7"), "/{id:int}");
        EXPECT_EQ(pattern("/7.txt"), "/{name}.txt");
        EXPECT_EQ(pattern("/xy"), "/x{name}");
        EXPECT_EQ(pattern("/you"), "/{name}");
        EXPECT_EQ(pattern("/a/b"), "/{rest:path}");
        std::reverse(routes.begin(), routes.end());
    }
}

TEST(HttpRouter, goes_back_when_a_way_does_not_lead_on) {
    const auto router = router_of({{"GET", "/a/b/c"}, {"GET", "/a/{x}/d"}, {"POST", "/a/b"}, {"GET", "/a/{x}"}});
    EXPECT_EQ(found(router, "GET", "/a/b/d"), "1 x=b");
    EXPECT_EQ(found(router, "GET", "/a/b"), "3 x=b") << "the fixed one has no GET";
    EXPECT_EQ(found(router, "POST", "/a/b"), "2");
}

TEST(HttpRouter, head_is_get_and_a_star_is_the_rest) {
    const auto router = router_of({{"GET", "/a"}, {"*", "/b"}, {"PURGE", "/b"}, {"HEAD", "/h"}, {"GET", "/h"}});
    EXPECT_EQ(found(router, "HEAD", "/a"), "0");
    EXPECT_EQ(found(router, "HEAD", "/h"), "3");
    EXPECT_EQ(found(router, "PURGE", "/b"), "2");
    EXPECT_EQ(found(router, "get", "/b"), "1") << "methods are compared with case";
    EXPECT_EQ(found(router, "get", "/a"), "- GET, HEAD, OPTIONS");
}

TEST(HttpRouter, says_what_every_route_of_the_path_allows) {
    const auto router = router_of({{"GET", "/a"}, {"PUT", "/{x}"}, {"DELETE", "/{x}"}, {"PUT", "/a"}});
    EXPECT_EQ(found(router, "POST", "/a"), "- DELETE, GET, HEAD, OPTIONS, PUT");
    EXPECT_EQ(found(router, "POST", "/b"), "- DELETE, OPTIONS, PUT");
    EXPECT_EQ(found(router, "POST", "/b/c"), "- ");
}

TEST(HttpRouter, refuses_patterns_that_are_none) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"a", "begins with a slash"},
        {"", "begins with a slash"},
        {"/a?b", "no query"},
        {"/a#b", "no query"},
        {"/{", "has no partner"},
        {"/}{", "has no partner"},
        {"/{a}{b}", "more than one parameter"},
        {"/{}", "has no name"},
        {"/{:int}", "has no name"},
        {"/{a:float}", "the types of parameters are"},
        {"/{a:path}/b", "the last segment"},
        {"/{a:path}x", "nothing follows"},
        {"/{a}/{a}", "one name"},
    };
    for (const auto& [pattern, why] : rows) {
        Router router;
        const auto text = error_of([&] { router.add("GET", pattern, 0); });
        EXPECT_NE(text.find("route " + pattern + ": "), std::string::npos) << text;
        EXPECT_NE(text.find(why), std::string::npos) << text;
    }
}

TEST(HttpRouter, refuses_a_second_route_of_the_same_shape) {
    Router router;
    router.add("GET", "/a/{x}", 0);
    router.add("GET", "/a/{x:int}", 1);
    router.add("POST", "/a/{y}", 2);
    EXPECT_EQ(error_of([&] { router.add("GET", "/a/{y}", 3); }), "route /a/{y}: there is a route for GET /a/{x}");
    EXPECT_EQ(error_of([&] { router.add("G T", "/b", 3); }), "route /b: \"G T\" is no method");
}

}  // namespace
}  // namespace gyre::testing
