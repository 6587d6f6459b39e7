// Forwarded and X-Forwarded-For: only what trusted proxies added counts, whatever stands before it.

#include "require.hpp"

#include <gyre/http/core/errors.hpp>
#include <gyre/http/server/trusted_proxies.hpp>

#include <cstdint>
#include <string>

using namespace gyre::http;
using testing::require;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    static const TrustedProxies x_forwarded({"10.0.0.0/8", "2001:db8::/32"});
    static const TrustedProxies forwarded({"10.0.0.0/8"}, ForwardedField::forwarded);
    static const auto proxy = gyre::net::Address::from_ip("10.0.0.1", 80);
    static const auto stranger = gyre::net::Address::from_ip("192.0.2.9", 80);
    const std::string text(reinterpret_cast<const char*>(data), size);
    try {
        Fields fields;
        fields.add("X-Forwarded-For", text);
        fields.add("X-Forwarded-Proto", text);
        fields.add("Forwarded", text);
        for (const auto* proxies : {&x_forwarded, &forwarded}) {
            require(proxies->client_of(fields, stranger, false).address == stranger, "strangers are not believed");
            require(proxies->client_of(fields, proxy, false).address.is_ip(), "there is always an address");
        }
        Fields ended;
        ended.add("X-Forwarded-For", text);
        ended.add("X-Forwarded-For", "192.0.2.1");
        require(x_forwarded.client_of(ended, proxy, false).address.ip() == "192.0.2.1", "the last one counts");
    } catch (const ProtocolError&) {}
    return 0;
}
