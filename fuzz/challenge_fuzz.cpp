// Challenges of servers: what is read writes a text that reads the same, and a Digest answer is a field that can be sent.

#include "require.hpp"

#include "http/client/digest.hpp"

#include <gyre/http/core/challenge.hpp>
#include <gyre/http/core/fields.hpp>

#include <cstdint>

using namespace gyre::http;
using testing::require;

namespace {

auto written(const std::vector<AuthChallenge>& challenges) -> std::string {
    std::string text;
    for (const auto& challenge : challenges) {
        text += (text.empty() ? "" : ", ") + challenge.scheme;
        if (!challenge.token68.empty()) text += " " + challenge.token68;
        const char* separator = " ";
        for (const auto& [name, value] : challenge.parameters) {
            text += separator + name + "=\"";
            separator = ", ";
            for (const char c : value) {
                if (c == '"' || c == '\\') text += '\\';
                text += c;
            }
            text += '"';
        }
    }
    return text;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto challenges = parse_challenges(text);
    require(challenges.size() <= 16, "the number of challenges is bounded");
    if (!challenges.empty())
        require(parse_challenges(written(challenges)) == challenges, "challenges read back the same");
    for (const auto& challenge : challenges) {
        const auto digest = internal::DigestChallenge::from(challenge);
        if (!digest) continue;
        const auto answer = internal::digest_credentials(*digest, {"user", "secret", "GET", "/", "cnonce", 1});
        Fields().add("Authorization", answer);  // throws if it holds a control
        require(answer.find("secret") == std::string::npos || text.find("secret") != std::string_view::npos,
            "the password is not sent");
    }
    return 0;
}
