// Routes: a pattern is taken or refused; a path goes to a route whose parameters keep what their types promise.
// Input: lines, each a pattern, an empty line, then a path.

#include "require.hpp"

#include "http/server/router.hpp"

#include <gyre/http/core/percent.hpp>

#include <cstdint>
#include <stdexcept>

using namespace gyre::http;
using namespace gyre::http::internal;
using testing::require;

namespace {

void check_dots(std::string_view path) {
    path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        const auto segment = percent_decode(path.substr(0, slash));
        require(segment != "." && segment != "..", "a path with dot segments has no route");
        if (slash == path.npos) return;
        path.remove_prefix(slash + 1);
    }
}

void check_params(const RouteMatch& match, std::string_view path) {
    for (const auto& [name, value] : match.params) {
        require(!name.empty(), "parameters have names");
        require(value.size() <= path.size(), "no parameter is longer than the path");
        if (match.route != 0) continue;  // the input may give these names to parameters of other types
        if (name == "plain") {
            require(!value.empty() && value.find('/') == value.npos && value.find('\0') == value.npos,
                "a plain parameter is one segment for every reader");
        }
        if (name == "number") {
            static_cast<void>(std::stoll(value));
            require(std::to_string(std::stoll(value)).size() <= value.size(), "a number is digits");
        }
    }
}

void check(const Router& router, std::string_view path) {
    const auto match = router.match("GET", path);
    const auto again = router.match("GET", path);
    require(match.route == again.route && match.params == again.params, "the same path goes to the same route");
    require(!match.route || match.allow.empty(), "a path has a route, or is allowed for other methods");
    if (!match.route) return;
    require(path.starts_with('/'), "only paths have routes");
    check_dots(path);
    check_params(match, path);
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    Router router;
    router.add("GET", "/a/{plain}/b{number:int}", 0);
    router.add("POST", "/post/{id:uuid}", 1);
    for (std::size_t route = 2; !input.empty();) {
        const auto line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(line.size() + 1, input.size()));
        if (line.empty()) break;
        try {
            router.add("GET", line, route);
            ++route;
        } catch (const std::invalid_argument&) {}
    }
    check(router, input);
    return 0;
}
