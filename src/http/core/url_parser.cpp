#include "url_parser.hpp"

#include "grammar.hpp"
#include "url_host.hpp"

#include <gyre/http/core/limits.hpp>

#include <algorithm>

namespace gyre::http::internal {
namespace {

constexpr auto npos = std::string_view::npos;

auto is_tab_or_line_end(char c) noexcept -> bool { return c == '\t' || c == '\n' || c == '\r'; }
auto is_control_or_space(char c) noexcept -> bool { return static_cast<unsigned char>(c) <= 0x20; }

auto is_drive_letter(std::string_view text) noexcept -> bool {
    return text.size() == 2 && is_alpha(text[0]) && (text[1] == ':' || text[1] == '|');
}

// The text has no fragment any more.
auto starts_with_drive_letter(std::string_view text) noexcept -> bool {
    return text.size() >= 2 && is_drive_letter(text.substr(0, 2)) &&
           (text.size() == 2 || text[2] == '/' || text[2] == '\\' || text[2] == '?');
}

// "/c:" and nothing more: the one segment that .. does not remove from a file URL, whose path begins with a slash.
auto is_drive_path(std::string_view path) noexcept -> bool {
    return path.size() == 3 && is_alpha(path[1]) && path[2] == ':';
}

// Dot segments, also with the dot as %2e.
auto dots_in(std::string_view segment) noexcept -> int {
    int dots = 0;
    while (!segment.empty()) {
        const bool is_escaped = segment.size() >= 3 && equals_ignoring_case(segment.substr(0, 3), "%2e");
        if (!is_escaped && segment.front() != '.') return 0;
        segment.remove_prefix(is_escaped ? 3 : 1);
        if (++dots > 2) return 0;
    }
    return dots;
}

}  // namespace

auto special_scheme_port(std::string_view scheme) noexcept -> std::optional<std::uint16_t> {
    if (scheme == "http" || scheme == "ws") return std::uint16_t{80};
    if (scheme == "https" || scheme == "wss") return std::uint16_t{443};
    if (scheme == "ftp") return std::uint16_t{21};
    if (scheme == "file") return std::uint16_t{0};
    return std::nullopt;
}

UrlParser::UrlParser(std::string_view text, const Url* base, UrlMode mode)
    : original_(text), text_(text), base_(base), mode_(mode) {}

void UrlParser::fail(std::string_view problem, std::string_view at) const {
    // `at` is a part of text_; where bytes were taken out before parsing, the offset counts them again.
    auto offset = static_cast<std::size_t>(at.data() - text_.data());
    if (text_.data() == cleaned_.data()) {
        const auto* p = std::find_if_not(original_.begin(), original_.end(), is_control_or_space);
        for (std::size_t kept = 0; p != original_.end() && (kept < offset || is_tab_or_line_end(*p)); ++p) {
            if (!is_tab_or_line_end(*p)) ++kept;
        }
        throw UrlError(problem, static_cast<std::size_t>(p - original_.begin()));
    }
    offset += static_cast<std::size_t>(text_.data() - original_.data());
    throw UrlError(problem, offset);
}

void UrlParser::strict_fail(std::string_view problem, std::string_view at) const {
    if (mode_ == UrlMode::strict) fail(problem, at);
}

auto UrlParser::parse() -> Url {
    if (text_.size() > max_url_bytes) fail("the URL is too long", text_.substr(max_url_bytes));
    if (take_plain()) return std::move(url_);
    clean();
    auto rest = take_fragment(text_);
    const auto after = take_scheme(rest);
    if (after.data() == nullptr) {
        without_scheme(rest);
    } else {
        after_scheme(after);
    }
    return std::move(url_);
}

void UrlParser::clean() {
    if (mode_ == UrlMode::strict) {
        for (std::size_t i = 0; i < text_.size(); ++i) {
            if (is_tab_or_line_end(text_[i])) fail("a tab or line end", text_.substr(i));
            if (text_[i] == '\\') fail("a backslash", text_.substr(i));
        }
    }
    while (!text_.empty() && is_control_or_space(text_.front())) {
        strict_fail("a space or control before the URL", text_);
        text_.remove_prefix(1);
    }
    while (!text_.empty() && is_control_or_space(text_.back())) {
        strict_fail("a space or control after the URL", text_.substr(text_.size() - 1));
        text_.remove_suffix(1);
    }
    if (std::none_of(text_.begin(), text_.end(), is_tab_or_line_end)) return;
    std::copy_if(
        text_.begin(), text_.end(), std::back_inserter(cleaned_), [](char c) { return !is_tab_or_line_end(c); });
    text_ = cleaned_;
}

auto UrlParser::take_fragment(std::string_view rest) -> std::string_view {
    const auto hash = rest.find('#');
    if (hash != npos) url_.fragment_ = percent_encode(rest.substr(hash + 1), EncodeSet::fragment);
    return rest.substr(0, hash);
}

// What follows the colon; a view of nothing if there is no scheme.
auto UrlParser::take_scheme(std::string_view rest) -> std::string_view {
    if (rest.empty() || !is_alpha(rest.front())) return {};
    const auto is_scheme_char = [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
    const auto colon = static_cast<std::size_t>(
        std::find_if_not(rest.begin(), rest.end(), is_scheme_char) - rest.begin());
    if (colon == rest.size() || rest[colon] != ':') return {};
    url_.scheme_.assign(rest.substr(0, colon));
    std::transform(url_.scheme_.begin(), url_.scheme_.end(), url_.scheme_.begin(), to_lower);
    is_special_ = special_scheme_port(url_.scheme_).has_value();
    return rest.substr(colon + 1);
}

void UrlParser::after_scheme(std::string_view rest) {
    if (url_.scheme_ == "file") {
        if (!rest.starts_with("//")) strict_fail("missing slashes after the scheme", rest);
        return file(rest);
    }
    if (is_special_) {
        if (!rest.starts_with("//")) strict_fail("missing slashes after the scheme", rest);
        const bool is_relative = base_ != nullptr && base_->scheme_ == url_.scheme_ && !rest.starts_with("//");
        return is_relative ? relative(rest) : special_authority(rest);
    }
    if (rest.starts_with("//")) return authority(rest.substr(2));
    if (rest.starts_with('/')) return path_and_query(rest.substr(1));
    opaque_path(rest);
}

void UrlParser::without_scheme(std::string_view rest) {
    if (base_ == nullptr) fail("a relative reference without a base", rest);
    if (base_->has_opaque_path_) {
        if (!rest.empty() || !url_.fragment_) fail("a relative reference to a base that has no hierarchy", rest);
        auto fragment = std::move(url_.fragment_);
        url_ = *base_;
        url_.fragment_ = std::move(fragment);
        return;
    }
    url_.scheme_ = base_->scheme_;
    is_special_ = special_scheme_port(url_.scheme_).has_value();
    if (url_.scheme_ == "file") return file(rest);
    relative(rest);
}

void UrlParser::special_authority(std::string_view rest) {
    const auto after = rest.substr(std::min(rest.find_first_not_of("/\\"), rest.size()));
    if (after.data() - rest.data() != 2) strict_fail("not exactly two slashes before the host", rest);
    authority(after);
}

void UrlParser::authority(std::string_view rest) {
    const auto end = std::min(rest.find_first_of(is_special_ ? "/\\?" : "/?"), rest.size());
    auto text = rest.substr(0, end);
    const auto at = text.rfind('@');
    const bool has_userinfo = at != npos;
    if (has_userinfo) {
        strict_fail("a user name or password", text);
        userinfo(text.substr(0, at));
        text.remove_prefix(at + 1);
    }
    host_and_port(text, has_userinfo);
    path_start(rest.substr(end));
}

void UrlParser::userinfo(std::string_view text) {
    const auto colon = text.find(':');
    url_.username_ = percent_encode(text.substr(0, colon), EncodeSet::userinfo);
    if (colon != npos) url_.password_ = percent_encode(text.substr(colon + 1), EncodeSet::userinfo);
}

void UrlParser::host_and_port(std::string_view text, bool has_userinfo) {
    // A colon outside brackets; brackets may stand anywhere, the host parser refuses them if misplaced.
    std::size_t colon = npos;
    bool inside = false;
    for (std::size_t i = 0; i < text.size() && colon == npos; ++i) {
        if (text[i] == '[') inside = true;
        if (text[i] == ']') inside = false;
        if (text[i] == ':' && !inside) colon = i;
    }
    const auto host_text = text.substr(0, colon);
    const bool may_be_empty = !is_special_ && !has_userinfo && colon == npos;
    if (host_text.empty() && !may_be_empty) fail("an empty host", text);
    if (host_text.empty()) strict_fail("an empty host", text);
    try {
        auto host = parse_host(host_text, is_special_, mode_);
        url_.host_kind_ = host.kind;
        url_.host_ = std::move(host.text);
    } catch (const HostProblem& problem) {
        fail(problem.text, host_text);
    }
    if (colon != npos) port(text.substr(colon + 1));
}

void UrlParser::port(std::string_view digits) {
    unsigned value = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (!is_digit(digits[i])) fail("a port that is not a number", digits.substr(i));
        value = value * 10 + static_cast<unsigned>(digits[i] - '0');
        if (value > 65535) fail("a port above 65535", digits.substr(i));
    }
    if (digits.empty() || special_scheme_port(url_.scheme_) == value) return;
    url_.port_ = static_cast<std::uint16_t>(value);
}

void UrlParser::copy_authority() {
    url_.username_ = base_->username_;
    url_.password_ = base_->password_;
    url_.host_ = base_->host_;
    url_.host_kind_ = base_->host_kind_;
    url_.port_ = base_->port_;
}

void UrlParser::relative(std::string_view rest) {
    if (starts_with_slash(rest)) {
        const auto after = rest.substr(1);
        if (is_special_ && starts_with_slash(after)) return special_authority(rest);
        if (after.starts_with('/')) return authority(after.substr(1));
        copy_authority();
        return path_and_query(after);
    }
    copy_authority();
    url_.path_ = base_->path_;
    url_.query_ = base_->query_;
    if (rest.empty()) return;
    url_.query_.reset();
    if (rest.starts_with('?')) return take_query(rest);
    shorten_path();
    path_and_query(rest);
}

void UrlParser::file(std::string_view rest) {
    url_.host_kind_ = HostKind::empty;
    if (starts_with_slash(rest)) return file_slash(rest.substr(1));
    if (base_ == nullptr || base_->scheme_ != "file") return path_and_query(rest);
    url_.host_ = base_->host_;
    url_.host_kind_ = base_->host_kind_;
    url_.path_ = base_->path_;
    url_.query_ = base_->query_;
    if (rest.empty()) return;
    url_.query_.reset();
    if (rest.starts_with('?')) return take_query(rest);
    if (starts_with_drive_letter(rest)) {
        url_.path_.clear();
    } else {
        shorten_path();
    }
    path_and_query(rest);
}

void UrlParser::file_slash(std::string_view rest) {
    if (starts_with_slash(rest)) return file_host(rest.substr(1));
    if (base_ != nullptr && base_->scheme_ == "file") {
        url_.host_ = base_->host_;
        url_.host_kind_ = base_->host_kind_;
        const auto first = std::string_view{base_->path_}.substr(0, 3);
        const bool ends_there = base_->path_.size() == 3 || (base_->path_.size() > 3 && base_->path_[3] == '/');
        if (!starts_with_drive_letter(rest) && is_drive_path(first) && ends_there) url_.path_ = first;
    }
    path_and_query(rest);
}

void UrlParser::file_host(std::string_view rest) {
    const auto end = std::min(rest.find_first_of("/\\?"), rest.size());
    const auto text = rest.substr(0, end);
    if (is_drive_letter(text)) return path_and_query(rest);
    if (!text.empty()) {
        try {
            auto host = parse_host(text, true, mode_);
            if (host.text == "localhost") host = {HostKind::empty, {}};
            url_.host_ = std::move(host.text);
            url_.host_kind_ = host.kind;
        } catch (const HostProblem& problem) {
            fail(problem.text, text);
        }
    }
    path_start(rest.substr(end));
}

// After a host: the slash that starts the path, which special URLs have even if it is not written.
void UrlParser::path_start(std::string_view rest) {
    if (starts_with_slash(rest)) return path_and_query(rest.substr(1));
    if (is_special_) return path_and_query(rest);
    take_query(rest);
}

void UrlParser::path_and_query(std::string_view rest) {
    auto path = rest.substr(0, rest.find('?'));
    const auto query = rest.substr(path.size());
    while (true) {
        const auto slash = path.find_first_of(is_special_ ? "/\\" : "/");
        add_segment(path.substr(0, slash), slash == npos);
        if (slash == npos) break;
        path.remove_prefix(slash + 1);
    }
    take_query(query);
}

void UrlParser::add_segment(std::string_view raw, bool is_last) {
    const int dots = dots_in(raw);
    if (dots != 0) {
        if (dots == 2) shorten_path();
        if (is_last) url_.path_ += '/';
        return;
    }
    const bool is_drive = url_.scheme_ == "file" && url_.path_.empty() && is_drive_letter(raw);
    url_.path_ += '/';
    url_.path_ += percent_encode(raw, EncodeSet::path);
    if (is_drive) url_.path_.back() = ':';
}

void UrlParser::shorten_path() {
    if (url_.scheme_ == "file" && is_drive_path(url_.path_)) return;
    const auto slash = url_.path_.rfind('/');
    if (slash != npos) url_.path_.resize(slash);
}

void UrlParser::opaque_path(std::string_view rest) {
    const auto path = rest.substr(0, rest.find('?'));
    url_.has_opaque_path_ = true;
    url_.path_ = percent_encode(path, EncodeSet::control);
    // A space at the end would be lost when the text is parsed again without what follows it.
    if (url_.path_.ends_with(' ')) {
        url_.path_.pop_back();
        url_.path_ += "%20";
    }
    take_query(rest.substr(path.size()));
}

void UrlParser::take_query(std::string_view rest) {
    if (!rest.starts_with('?')) return;
    url_.query_ = percent_encode(rest.substr(1), is_special_ ? EncodeSet::special_query : EncodeSet::query);
}

}  // namespace gyre::http::internal
