// Chunked bodies: any cut gives the same bytes, and a body that was accepted reads back equal when it is written.

#include "h1_fuzz_support.hpp"

using namespace gyre::http;
using namespace gyre::http::testing;

namespace {

constexpr std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// The payload of one chunked request, or nothing if it is refused or cut.
auto read_body(const std::string& stream, Fields& trailers) -> std::optional<std::string> {
    RequestParser parser;
    std::string body;
    std::span<const char> rest{stream};
    try {
        while (true) {
            const auto event = parser.next(rest);
            rest = rest.subspan(event.consumed);
            body.append(event.body.data(), event.body.size());
            if (event.kind == EventKind::need_more) return std::nullopt;
            if (event.kind == EventKind::complete) break;
        }
    } catch (const ProtocolError&) {
        return std::nullopt;
    }
    trailers = parser.trailers();
    return body;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto cuts = take_cuts(input);
    const auto stream = std::string(head).append(input);
    const auto whole = request_transcript(stream);
    require(request_transcript(stream, cuts) == whole, "cuts change nothing");
    require(request_transcript(stream, {1}) == whole, "single bytes change nothing");

    Fields trailers;
    const auto body = read_body(stream, trailers);
    if (!body) return 0;
    std::string written;
    auto encoder = write_head(RequestHead{"POST", "/", {}, {{"Host", "a"}, {"Transfer-Encoding", "chunked"}}}, written);
    encoder.write(*body, written);
    encoder.finish(written, trailers);
    Fields trailers_again;
    require(read_body(written, trailers_again) == body, "the body reads back equal");
    require(trailers_again == trailers, "the trailers read back equal");
    return 0;
}
