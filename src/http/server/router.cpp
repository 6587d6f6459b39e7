#include "router.hpp"

#include "../core/grammar.hpp"

#include <gyre/http/core/percent.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <tuple>

namespace gyre::http::internal {

namespace {

constexpr std::string_view any_method = "*";

/// One segment of a pattern: fixed, or a parameter with fixed text around it.
struct Segment {
    Segment() = default;

    std::string prefix;  ///< The whole of a fixed segment.
    std::string suffix;
    std::string name;  ///< Of the parameter; empty for a fixed segment.
    ParamType type = ParamType::text;

    [[nodiscard]] auto is_fixed() const noexcept -> bool { return name.empty(); }
};

[[noreturn]] void refuse_pattern(std::string_view pattern, std::string_view why) {
    throw std::invalid_argument("route " + std::string(pattern) + ": " + std::string(why));
}

auto type_of(std::string_view pattern, std::string_view name) -> ParamType {
    if (name == "int") return ParamType::integer;
    if (name == "uint") return ParamType::unsigned_integer;
    if (name == "uuid") return ParamType::uuid;
    if (name == "str") return ParamType::text;
    if (name == "any") return ParamType::any;
    if (name == "path") return ParamType::tail;
    refuse_pattern(pattern, "the types of parameters are int, uint, uuid, str, any and path");
}

auto parse_segment(std::string_view pattern, std::string_view text) -> Segment {
    Segment segment;
    const auto open = text.find('{');
    const auto close = text.find('}');
    if (open == text.npos && close == text.npos) {
        segment.prefix = text;
        return segment;
    }
    if (open == text.npos || close == text.npos || close < open) refuse_pattern(pattern, "a brace has no partner");
    if (text.find('{', open + 1) != text.npos || text.find('}', close + 1) != text.npos) {
        refuse_pattern(pattern, "there is more than one parameter between two slashes");
    }
    auto inside = text.substr(open + 1, close - open - 1);
    if (const auto colon = inside.find(':'); colon != inside.npos) {
        segment.type = type_of(pattern, inside.substr(colon + 1));
        inside = inside.substr(0, colon);
    }
    if (inside.empty()) refuse_pattern(pattern, "a parameter has no name");
    segment.name = inside;
    segment.prefix = text.substr(0, open);
    segment.suffix = text.substr(close + 1);
    return segment;
}

auto parse_pattern(std::string_view pattern) -> std::vector<Segment> {
    if (!pattern.starts_with('/')) refuse_pattern(pattern, "a pattern begins with a slash");
    if (pattern.find_first_of("?#") != pattern.npos)
        refuse_pattern(pattern, "a pattern is a path: no query, no fragment");
    std::vector<Segment> segments;
    auto rest = pattern.substr(1);
    for (;;) {
        const auto slash = rest.find('/');
        segments.push_back(parse_segment(pattern, rest.substr(0, slash)));
        if (slash == rest.npos) break;
        rest.remove_prefix(slash + 1);
    }
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const auto& segment = segments[i];
        if (segment.is_fixed()) continue;
        const bool is_tail = segment.type == ParamType::tail;
        if (is_tail && i + 1 != segments.size())
            refuse_pattern(pattern, "a parameter of type path is the last segment");
        if (is_tail && !segment.suffix.empty()) refuse_pattern(pattern, "nothing follows a parameter of type path");
        for (std::size_t other = 0; other < i; ++other) {
            if (segments[other].name == segment.name) refuse_pattern(pattern, "two parameters have one name");
        }
    }
    return segments;
}

template<class Number>
auto is_number(std::string_view text) noexcept -> bool {
    Number number{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

auto is_uuid(std::string_view text) noexcept -> bool {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
    }
    return true;
}

auto is_dots(std::string_view decoded) noexcept -> bool { return decoded == "." || decoded == ".."; }

// What could be read as another path is no plain segment.
auto is_plain_segment(std::string_view decoded) noexcept -> bool {
    return !is_dots(decoded) && decoded.find('/') == decoded.npos && decoded.find('\0') == decoded.npos;
}

auto takes(ParamType type, std::string_view value) noexcept -> bool {
    switch (type) {
    case ParamType::integer:
        return is_number<std::int64_t>(value);
    case ParamType::unsigned_integer:
        return is_number<std::uint64_t>(value);
    case ParamType::uuid:
        return is_uuid(value);
    case ParamType::text:
        return !value.empty() && is_plain_segment(value);
    case ParamType::any:
        return !value.empty();
    case ParamType::tail:
        break;
    }
    return true;
}

}  // namespace

struct Router::Node {
    Node() = default;

    struct Endpoint {
        std::string method;
        std::string pattern;
        std::size_t route;
        std::vector<std::string> names;  ///< Of the parameters on the way.
    };
    struct Param {
        Segment segment;
        std::unique_ptr<Node> node;
    };

    [[nodiscard]] auto fixed_child(std::string_view text) const noexcept -> Node* {
        const auto at = std::lower_bound(fixed.begin(), fixed.end(), text,
            [](const auto& child, std::string_view wanted) { return child.first < wanted; });
        return at != fixed.end() && at->first == text ? at->second.get() : nullptr;
    }
    auto child_for(const Segment& segment) -> Node&;

    std::vector<std::pair<std::string, std::unique_ptr<Node>>> fixed;  ///< Sorted.
    std::vector<Param> params;                                         ///< The most particular first.
    std::vector<Endpoint> endpoints;
};

auto Router::Node::child_for(const Segment& segment) -> Node& {
    if (segment.is_fixed()) {
        if (auto* known = fixed_child(segment.prefix)) return *known;
        const auto place = std::upper_bound(fixed.begin(), fixed.end(), segment.prefix,
            [](const std::string& text, const auto& child) { return text < child.first; });
        return *fixed.emplace(place, segment.prefix, std::make_unique<Node>())->second;
    }
    const auto rank = [](const Segment& s) {
        // Longer fixed text first, then the order of the types.
        return std::tuple(s.type == ParamType::tail, ~(s.prefix.size() + s.suffix.size()), s.type,
            std::string_view(s.prefix), std::string_view(s.suffix));
    };
    const auto place = std::lower_bound(params.begin(), params.end(), segment,
        [&](const Param& param, const Segment& wanted) { return rank(param.segment) < rank(wanted); });
    if (place != params.end() && rank(place->segment) == rank(segment)) return *place->node;
    Param param;
    param.segment = segment;
    param.node = std::make_unique<Node>();
    return *params.insert(place, std::move(param))->node;
}

/// One walk through the tree: the first endpoint that takes the method wins; the others say what is allowed.
class Router::Search {
public:
    Search(std::string_view method, std::string_view path) : method_(method) {
        path.remove_prefix(1);
        for (;;) {
            const auto slash = path.find('/');
            segments_.push_back(percent_decode(path.substr(0, slash)));
            if (slash == path.npos) break;
            path.remove_prefix(slash + 1);
        }
    }

    [[nodiscard]] auto run(const Node& root) -> RouteMatch {
        RouteMatch match;
        if (std::ranges::any_of(segments_, is_dots)) return match;
        if (const auto* found = visit(root, 0)) {
            match.route = found->route;
            for (std::size_t i = 0; i < found->names.size(); ++i) {
                match.params.emplace_back(found->names[i], std::move(values_[i]));
            }
            return match;
        }
        std::sort(allowed_.begin(), allowed_.end());
        allowed_.erase(std::unique(allowed_.begin(), allowed_.end()), allowed_.end());
        for (const auto method : allowed_) match.allow.append(match.allow.empty() ? "" : ", ").append(method);
        return match;
    }

private:
    auto visit(const Node& node, std::size_t depth) -> const Node::Endpoint* {
        if (depth == segments_.size()) return endpoint_of(node);
        const std::string& text = segments_[depth];
        if (const auto* child = node.fixed_child(text)) {
            if (const auto* found = visit(*child, depth + 1)) return found;
        }
        for (const auto& param : node.params) {
            if (const auto* found = visit_param(param, depth)) return found;
        }
        return nullptr;
    }

    auto visit_param(const Node::Param& param, std::size_t depth) -> const Node::Endpoint* {
        const auto& [prefix, suffix, name, type] = param.segment;
        const std::string& text = segments_[depth];
        const bool fits = text.size() >= prefix.size() + suffix.size() && text.starts_with(prefix) &&
                          text.ends_with(suffix);
        if (!fits) return nullptr;
        std::string value = text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
        if (type == ParamType::tail) {
            for (std::size_t i = depth; i < segments_.size(); ++i) {
                if (!is_plain_segment(segments_[i])) return nullptr;
                if (i > depth) value.append("/").append(segments_[i]);
            }
            depth = segments_.size() - 1;
        } else if (!takes(type, value)) {
            return nullptr;
        }
        values_.push_back(std::move(value));
        if (const auto* found = visit(*param.node, depth + 1)) return found;
        values_.pop_back();
        return nullptr;
    }

    auto endpoint_of(const Node& node) -> const Node::Endpoint* {
        const auto of = [&node](std::string_view method) -> const Node::Endpoint* {
            for (const auto& endpoint : node.endpoints) {
                if (endpoint.method == method) return &endpoint;
            }
            return nullptr;
        };
        if (const auto* own = of(method_)) return own;
        if (method_ == "HEAD") {
            if (const auto* get = of("GET")) return get;
        }
        if (const auto* every = of(any_method)) return every;
        for (const auto& endpoint : node.endpoints) {
            allowed_.push_back(endpoint.method);
            if (endpoint.method == "GET") allowed_.push_back("HEAD");
        }
        if (!node.endpoints.empty()) allowed_.push_back("OPTIONS");
        return nullptr;
    }

    std::string_view method_;
    std::vector<std::string> segments_;
    std::vector<std::string> values_;
    std::vector<std::string_view> allowed_;
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
auto Router::operator=(Router&&) noexcept -> Router& = default;
Router::~Router() = default;

void Router::add(std::string_view method, std::string_view pattern, std::size_t route) {
    if (method != any_method && !is_token(method))
        refuse_pattern(pattern, "\"" + std::string(method) + "\" is no method");
    Node* node = root_.get();
    Node::Endpoint endpoint;
    for (const auto& segment : parse_pattern(pattern)) {
        node = &node->child_for(segment);
        if (!segment.is_fixed()) endpoint.names.push_back(segment.name);
    }
    for (const auto& other : node->endpoints) {
        if (other.method == method)
            refuse_pattern(pattern, "there is a route for " + other.method + " " + other.pattern);
    }
    endpoint.method = method;
    endpoint.pattern = pattern;
    endpoint.route = route;
    node->endpoints.push_back(std::move(endpoint));
}

auto Router::match(std::string_view method, std::string_view raw_path) const -> RouteMatch {
    if (!raw_path.starts_with('/')) return {};  // the asterisk form, and CONNECT
    return Search(method, raw_path).run(*root_);
}

}  // namespace gyre::http::internal
