// Media types: what is read writes a text that reads the same; negotiation chooses one of the offers, or none.

#include "require.hpp"

#include <gyre/http/core/media_type.hpp>

#include <cstdint>

using namespace gyre::http;
using testing::require;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    static constexpr std::string_view types[] = {"text/html", "text/html;level=1", "application/json", "image/png"};
    static constexpr std::string_view codings[] = {"br", "gzip", "identity"};
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto type = MediaType::parse(text)) {
        require(MediaType::parse(type->to_string()) == type, "a media type reads back the same");
        require(type->parameters().size() <= 32, "the number of parameters is bounded");
        Fields().add("Content-Type", type->to_string());  // throws if it holds a control
    }
    const auto chosen = negotiate(text, types);
    require(!chosen || *chosen < std::size(types), "what is chosen was offered");
    const auto coding = negotiate_coding(text, codings);
    require(!coding || *coding < std::size(codings), "what is chosen was offered");
    return 0;
}
