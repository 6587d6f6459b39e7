#pragma once

// One run of the URL parser. The standard describes a state machine over characters; its states read each part up to
// delimiters that are known, so the parts are cut out one after the other here, with the same results.

#include <gyre/http/core/percent.hpp>
#include <gyre/http/core/url.hpp>

namespace gyre::http::internal {

/// The default port of a special scheme, 0 for file, and empty for schemes that are not special.
auto special_scheme_port(std::string_view scheme) noexcept -> std::optional<std::uint16_t>;

class UrlParser {
public:
    UrlParser(std::string_view text, const Url* base, UrlMode mode);

    auto parse() -> Url;

private:
    /// Nearly every URL is written as it would be normalized: an http or https one of which each part stands for itself is
    /// taken apart in one pass. @return false: it may be another, and nothing was taken.
    [[nodiscard]] auto take_plain() -> bool;
    void clean();
    [[nodiscard]] auto is_slash(char c) const noexcept -> bool { return c == '/' || (is_special_ && c == '\\'); }
    [[nodiscard]] auto starts_with_slash(std::string_view text) const noexcept -> bool {
        return !text.empty() && is_slash(text.front());
    }

    auto take_fragment(std::string_view rest) -> std::string_view;
    auto take_scheme(std::string_view rest) -> std::string_view;
    void after_scheme(std::string_view rest);
    void without_scheme(std::string_view rest);
    void special_authority(std::string_view rest);
    void authority(std::string_view rest);
    void userinfo(std::string_view text);
    void host_and_port(std::string_view text, bool has_userinfo);
    void port(std::string_view digits);
    void relative(std::string_view rest);
    void file(std::string_view rest);
    void file_slash(std::string_view rest);
    void file_host(std::string_view rest);
    void path_start(std::string_view rest);
    void path_and_query(std::string_view rest);
    void add_segment(std::string_view raw, bool is_last);
    void shorten_path();
    void opaque_path(std::string_view rest);
    void take_query(std::string_view rest);
    void copy_authority();

    [[noreturn]] void fail(std::string_view problem, std::string_view at) const;
    void strict_fail(std::string_view problem, std::string_view at) const;

    std::string_view original_;
    std::string cleaned_;
    std::string_view text_;  // what is parsed: a part of original_, or cleaned_
    const Url* base_;
    UrlMode mode_;
    bool is_special_ = false;
    Url url_;
};

}  // namespace gyre::http::internal
