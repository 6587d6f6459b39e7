// Responses: any cut gives the same events, for each method that changes the framing; and a head that was accepted reads back
// equal when it is written.

#include "h1_fuzz_support.hpp"

using namespace gyre::http;
using namespace gyre::http::testing;

namespace {

void check_round_trip(std::string_view stream) {
    ResponseParser parser;
    parser.expect("GET");
    try {
        if (parser.next(stream).kind != EventKind::head) return;
    } catch (const ProtocolError&) {
        return;
    }
    if (parser.head().status == 204) return;  // read with a length that must not be written
    std::string written;
    (void)write_head(parser.head(), "GET", Version{1, 1}, written);
    ResponseParser again;
    again.expect("GET");
    require(again.next(written).kind == EventKind::head, "what was written is a whole head");
    require(again.head() == parser.head(), "it reads back equal");
    require(
        again.framing() == parser.framing() && again.content_length() == parser.content_length(), "framed the same");
}

}  // namespace

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
    check_round_trip(stream);
    return 0;
}
