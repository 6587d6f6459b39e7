#include <gyre/http/core/url.hpp>

#include "url_parser.hpp"

namespace gyre::http {

UrlError::UrlError(std::string_view problem, std::size_t offset)
    : std::runtime_error("invalid URL: " + std::string(problem) + ", at byte " + std::to_string(offset)),
      offset_(offset) {}

auto Url::parse(std::string_view text, UrlMode mode) -> Url { return internal::UrlParser(text, nullptr, mode).parse(); }

auto Url::parse(std::string_view text, const Url& base, UrlMode mode) -> Url {
    return internal::UrlParser(text, &base, mode).parse();
}

auto Url::href() const -> std::string {
    std::string out = scheme_ + ":";
    if (host_kind_ != HostKind::none) {
        out += "//";
        if (!username_.empty() || !password_.empty()) {
            out += username_;
            if (!password_.empty()) out.append(":").append(password_);
            out += '@';
        }
        out += authority();
    } else if (!has_opaque_path_ && path_.starts_with("//")) {
        out += "/.";  // or the path would be read as a host
    }
    out += path_;
    if (query_) out.append("?").append(*query_);
    if (fragment_) out.append("#").append(*fragment_);
    return out;
}

auto Url::origin() const -> std::string {
    if (!is_special() || scheme_ == "file") return "null";
    return scheme_ + "://" + authority();
}

auto Url::request_target() const -> std::string {
    std::string out = path_.empty() ? "/" : path_;
    if (query_) out.append("?").append(*query_);
    return out;
}

auto Url::authority() const -> std::string {
    std::string out = host_;
    if (port_) out.append(":").append(std::to_string(*port_));
    return out;
}

auto Url::effective_port() const noexcept -> std::uint16_t {
    return port_ ? *port_ : internal::special_scheme_port(scheme_).value_or(std::uint16_t{0});
}

auto Url::is_special() const noexcept -> bool { return internal::special_scheme_port(scheme_).has_value(); }

void Url::set_fragment(std::optional<std::string_view> fragment) {
    fragment_.reset();
    if (fragment) fragment_ = percent_encode(*fragment, EncodeSet::fragment);
}

}  // namespace gyre::http
