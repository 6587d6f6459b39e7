// Queries: what is written reads back the same, and its text is stable.

#include "require.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/core/query.hpp>

#include <cstdint>

using namespace gyre::http;
using testing::require;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    try {
        const auto params = QueryParams::parse({reinterpret_cast<const char*>(data), size});
        require(params.size() <= QueryParams::default_limit, "the number of pairs is bounded");
        const auto text = params.to_string();
        require(QueryParams::parse(text) == params, "what is written reads back the same");
        for (char c : text) require(c > 0x20 && c < 0x7f && c != '#', "the text can stand in a URL");
        for (const auto& [name, value] : params) require(params.get(name).has_value(), "every name is found");
    } catch (const gyre::LimitError&) {}
    return 0;
}
