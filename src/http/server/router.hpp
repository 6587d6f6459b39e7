#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http::internal {

/// What a parameter of a pattern takes.
enum class ParamType : std::uint8_t {
    integer,           ///< {name:int}: a decimal number that fits 64 bits, with or without a minus
    unsigned_integer,  ///< {name:uint}: the same without
    uuid,              ///< {name:uuid}: 8-4-4-4-12 hexadecimal digits
    text,  ///< {name}: one segment, not empty, that is one for every reader: no slash or NUL was escaped in it
    any,   ///< {name:any}: one segment, not empty, with whatever is escaped in it
    tail,  ///< {name:path}: the rest of the path, at the end of a pattern; may be empty
};

/// What a router found.
struct RouteMatch {
    RouteMatch() = default;

    std::optional<std::size_t> route;
    std::vector<std::pair<std::string_view, std::string>> params;  ///< Names live as long as the router.
    std::string allow;  ///< Methods of the path, if it exists for others only: "GET, HEAD, POST".
};

/// Finds routes by method and path: fixed segments before parameters, parameters of a type before free ones.
///
/// A path is taken apart at its slashes before it is percent-decoded. Nothing is repaired: "/a", "/a/" and "//a" differ. A path
/// with a segment "." or "..", escaped or not, has no route: whoever resolves such segments reads another path (RFC 3986 5.2.4).
class Router {
public:
    Router();
    Router(Router&&) noexcept;
    auto operator=(Router&&) noexcept -> Router&;
    ~Router();

    /// @param method a token, or "*" for every method that has no route of its own.
    /// @param route  what `match` gives for it.
    /// @throws std::invalid_argument, naming the pattern and what is wrong with it; also for one that was added before.
    void add(std::string_view method, std::string_view pattern, std::size_t route);

    [[nodiscard]] auto match(std::string_view method, std::string_view raw_path) const -> RouteMatch;

private:
    struct Node;
    class Search;

    std::unique_ptr<Node> root_;
};

}  // namespace gyre::http::internal
