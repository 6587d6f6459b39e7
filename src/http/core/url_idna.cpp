// The only file that knows libidn2.

#include "url_host.hpp"

#include "grammar.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include <idn2.h>

namespace gyre::http::internal {
namespace {

struct FreeIdn2 {
    void operator()(char* text) const noexcept { idn2_free(text); }
};

auto has_punycode_label(std::string_view lower) noexcept -> bool {
    return lower.starts_with("xn--") || lower.find(".xn--") != std::string_view::npos;
}

}  // namespace

auto domain_to_ascii(std::string_view name) -> std::string {
    std::string lower{name};
    std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
    const bool is_ascii = std::all_of(
        lower.begin(), lower.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    // Plain names need no tables, and libidn2 would hold them to the lengths of DNS, which the standard does not.
    if (is_ascii && !has_punycode_label(lower)) return lower;
    if (lower.find('\0') != std::string::npos) throw HostProblem{"a NUL in the host"};

    char* raw = nullptr;
    const int status = idn2_to_ascii_8z(lower.c_str(), &raw, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    const std::unique_ptr<char, FreeIdn2> ascii{raw};
    if (status == IDN2_MALLOC) throw std::bad_alloc();
    if (status != IDN2_OK) throw HostProblem{"the host is not a valid international name"};
    return ascii.get();
}

}  // namespace gyre::http::internal
