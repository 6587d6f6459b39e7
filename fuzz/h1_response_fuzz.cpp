// Responses: any cut gives the same events, for each method that changes the framing.

#include "h1_fuzz_support.hpp"

using namespace gyre::http;
using namespace gyre::http::testing;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view stream{reinterpret_cast<const char*>(data), size};
    const auto cuts = take_cuts(stream);
    for (const auto* method : {"GET", "HEAD", "CONNECT", "UPGRADE"}) {
        for (const auto& limits : {Limits::client(), small_limits()}) {
            const auto whole = response_transcript(stream, method, {}, limits);
            require(response_transcript(stream, method, cuts, limits) == whole, "cuts change nothing");
            require(response_transcript(stream, method, {1}, limits) == whole, "single bytes change nothing");
        }
    }
    return 0;
}
