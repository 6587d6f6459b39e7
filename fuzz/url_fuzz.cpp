// URLs: the text of a URL reads back as the same URL, what strict mode takes means the same in both modes, and a
// reference resolves to something that reads back.

#include <gyre/http/core/url.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

using namespace gyre::http;

namespace {

void require(bool holds, const char* promise, std::string_view text) {
    if (holds) return;
    std::fprintf(stderr, "broken promise: %s: %.*s\n", promise, static_cast<int>(text.size()), text.data());
    std::abort();
}

auto try_parse(std::string_view text, const Url* base, UrlMode mode) -> std::optional<Url> {
    try {
        return base != nullptr ? Url::parse(text, *base, mode) : Url::parse(text, mode);
    } catch (const UrlError& error) {
        require(error.offset() <= text.size(), "offsets are inside the text", text);
        return std::nullopt;
    }
}

void check(std::string_view text, const Url* base) {
    const auto url = try_parse(text, base, UrlMode::whatwg);
    const auto strict = try_parse(text, base, UrlMode::strict);
    if (strict) require(url && *url == *strict, "strict mode only refuses", text);
    if (!url) return;
    const auto href = url->href();
    if (href.size() > 60'000) return;
    const auto again = try_parse(href, nullptr, UrlMode::whatwg);
    require(again && *again == *url && again->href() == href, "the text reads back as the same URL", href);
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    static const Url bases[] = {Url::parse("http://u:p@host:8080/a/b/c?q#f"), Url::parse("file:///C:/a/b"),
        Url::parse("foo://host/p/q"), Url::parse("foo:/x"), Url::parse("mailto:x")};
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check(text, nullptr);
    for (const auto& base : bases) check(text, &base);
    return 0;
}
