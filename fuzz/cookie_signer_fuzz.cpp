// Signed cookies: a text that a client made up is never believed; what was signed comes back, and no changed byte of it does.
// Input: a byte that chooses which byte changes, then the text of a client, which is also signed.

#include "h1_fuzz_support.hpp"

#include <gyre/http/core/cookie_signer.hpp>

#include <cstdint>
#include <string>

using namespace gyre::http;
using namespace gyre::http::testing;

namespace {

const std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    static const CookieSigner signer({std::string(32, 'n'), std::string(40, 'o')});
    static const CookieSigner stranger({std::string(32, 'x')});
    std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto choice = take_choice(input);
    if (!choice || input.size() > 2'000) return 0;
    require(!signer.verify("id", input, now), "nobody can sign without a key");

    const auto expires = now + std::chrono::hours(1);
    const std::string text(signer.sign("id", input, expires).value());
    require(signer.verify("id", text, now) == input, "what was signed comes back");
    require(!signer.verify("other", text, now), "it is good for its name only");
    require(!signer.verify("id", text, expires), "it is good until its end only");
    require(!stranger.verify("id", text, now), "it is good with its key only");
    for (const auto place : {*choice % text.size(), text.size() - 1 - *choice % text.size()}) {
        auto changed = text;
        changed[place] = static_cast<char>(changed[place] ^ (1 + static_cast<int>(*choice % 127)));
        require(!signer.verify("id", changed, now), "a changed one is not believed");
        require(!signer.verify("id", std::string_view(text).substr(0, place), now), "nor is a cut one");
    }
    return 0;
}
