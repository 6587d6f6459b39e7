// Multipart bodies: cuts change nothing, a file name has no directory, content is never longer than the input.

#include "../tests/http/core/multipart_transcript.hpp"
#include "require.hpp"

#include <gyre/http/core/content_disposition.hpp>

#include <cstdint>

using namespace gyre::http;
using namespace gyre::http::testing;

namespace {

auto transcript(std::string_view input, std::size_t first, std::size_t piece, MultipartKind kind) -> std::string {
    MultipartParser parser("b", {.parts = 8, .part_bytes = 4096}, kind);
    return multipart_transcript(parser, input, first, piece);
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    if (const auto disposition = parse_content_disposition(input); disposition && disposition->file_name) {
        require(disposition->file_name->find_first_of("/\\") == std::string::npos, "a file name has no directory");
        require(*disposition->file_name != ".." && *disposition->file_name != ".", "a file name is no directory");
    }
    std::size_t first = 1;
    if (!input.empty()) {
        first = 1 + static_cast<unsigned char>(input.front());
        input.remove_prefix(1);
    }
    for (const auto kind : {MultipartKind::form, MultipartKind::any}) {
        const auto whole = transcript(input, input.size(), input.size(), kind);
        require(transcript(input, first, input.size(), kind) == whole, "one cut changes nothing");
        require(transcript(input, 1, 1, kind) == whole, "all cuts change nothing");
    }
    return 0;
}
