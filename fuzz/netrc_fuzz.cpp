// netrc files: any text is read or refused, and the refusal never shows a password.

#include "require.hpp"

#include <gyre/http/client/auth.hpp>

#include <cstdint>
#include <string>

using namespace gyre::http;
using testing::require;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    try {
        const auto netrc = Netrc::parse(text);
        if (const auto* entry = netrc.find("host")) {
            require(entry->machine.size() == 4, "an entry is that of the host");
            require(entry->login.size() + entry->password.size() <= size, "nothing is made up");
        }
        if (const auto* entry = netrc.fallback()) require(entry->machine.empty(), "the entry for all names no host");
    } catch (const NetrcError& error) {
        require(std::string_view(error.what()).starts_with("netrc: line "), "a refusal names the line");
    }
    // A password that is easily told from all else, before whatever may be wrong.
    try {
        static_cast<void>(Netrc::parse("machine host login me password \"s3cr3t-w0rd\" " + std::string(text)));
    } catch (const NetrcError& error) {
        require(std::string_view(error.what()).find("s3cr3t") == std::string_view::npos ||
                    text.find("s3cr3t") != std::string_view::npos,
            "no password is shown");
    }
    return 0;
}
