// HTTP/1 twice: the vector scan against the plain one, and our parser against llhttp, the parser of Node.js. What may differ is
// listed with its reason in tests/http/core/llhttp_oracle.hpp.
// Input: a byte that chooses requests or responses, then the stream.

#include "h1_fuzz_support.hpp"

#include "../tests/http/core/llhttp_oracle.hpp"

#include "http/core/scan.hpp"

#include <cstdio>
#include <vector>

using namespace gyre::http;
using namespace gyre::http::testing;

namespace {

/// From each of the first places, so that every alignment and every size modulo 16 is met.
void check_scan(std::string_view text) {
    const std::vector<char> exact(text.begin(), text.end());  // a read past its end is seen by the sanitizer
    const char* const end = exact.data() + exact.size();
    for (std::size_t first = 0; first < 33 && first <= exact.size(); ++first) {
        const char* const from = exact.data() + first;
        require(internal::find_value_end(from, end) == internal::find_value_end_scalar(from, end),
            "the vector scan ends where the plain one does");
    }
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view stream{reinterpret_cast<const char*>(data), size};
    const auto choice = take_choice(stream);
    if (!choice) return 0;
    check_scan(stream);
    const auto difference = difference_to_llhttp(stream, (*choice & 1U) != 0);
    if (difference) std::fprintf(stderr, "%s\n", difference->c_str());
    require(!difference, "llhttp reads the same");
    return 0;
}
