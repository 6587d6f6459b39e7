// PROXY headers: any cut gives the same answer, what is read never goes past the end, and nothing but a header passes.

#include "require.hpp"

#include "http/server/proxy_header.hpp"

#include <cstdint>

using namespace gyre::http::internal;
using gyre::http::testing::require;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::span<const char> bytes(reinterpret_cast<const char*>(data), size);
    std::optional<ProxyHeader> whole;
    bool is_refused = false;
    try {
        whole = parse_proxy_header(bytes);
    } catch (const ProxyHeaderError&) {
        is_refused = true;
    }
    if (whole) require(whole->size <= size && whole->size <= max_proxy_header, "it is inside of what came");
    // Read as a connection is read: never more than what is asked for.
    std::size_t have = 0;
    try {
        while (true) {
            const auto header = parse_proxy_header(bytes.first(have));
            if (header) {
                require(whole.has_value() && header->size == whole->size, "cuts change nothing");
                require(header->is_secure == whole->is_secure, "nor what is said of TLS");
                require(have == header->size, "nothing was read past the end");
                break;
            }
            const auto step = proxy_bytes_to_read(bytes.first(have));
            require(step > 0, "there is more to read");
            if (have + step > size) break;
            have += step;
        }
    } catch (const ProxyHeaderError&) {
        require(is_refused, "what is refused in pieces is refused as a whole");
    }
    return 0;
}
