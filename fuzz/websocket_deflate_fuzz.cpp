// Compression: any data and any cut of it come back; any input is decompressed within the limit, or refused.

#include "h1_fuzz_support.hpp"

#include "http/core/websocket_deflate.hpp"

#include <algorithm>

using namespace gyre::http::testing;
using gyre::http::internal::MessageDeflater;
using gyre::http::internal::MessageInflater;
using Result = MessageInflater::Result;

namespace {

constexpr std::size_t limit = 100'000;

/// The pieces come as `cuts` say; the output must not depend on it.
auto inflate_all(MessageInflater& inflater, std::string_view packed, const Cuts& cuts, std::string& out) -> Result {
    auto result = Result::good;
    in_pieces(packed, cuts, [&](std::string_view piece) {
        result = inflater.take(piece, out, limit);
        return result == Result::good;
    });
    return result == Result::good ? inflater.finish(out, limit) : result;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto chosen = take_choice(input);
    if (!chosen) return 0;
    const auto choice = *chosen;
    const int bits = 8 + static_cast<int>(choice % 8);
    const bool keeps = (choice & 8U) != 0;
    const auto cuts = take_cuts(input);

    // As a hostile peer's message, twice, since the second one meets what the first one left. The window is the whole one:
    // zlib notices that a smaller one is left only where that part of the output has gone.
    MessageInflater whole(15, keeps);
    MessageInflater cut(15, keeps);
    for (int again = 0; again < 2; ++again) {
        std::string at_once;
        std::string piecewise;
        const auto first = inflate_all(whole, input, {}, at_once);
        const auto second = inflate_all(cut, input, cuts, piecewise);
        require(at_once.size() <= limit && piecewise.size() <= limit, "the limit holds");
        if (first == Result::too_big || second == Result::too_big) return 0;
        require((first == Result::good) == (second == Result::good), "cuts change no verdict");
        if (first != Result::good) break;
        require(at_once == piecewise, "cuts change no byte");
    }

    MessageInflater small(bits, keeps);
    std::string bounded;
    static_cast<void>(inflate_all(small, input, cuts, bounded));
    require(bounded.size() <= limit, "the limit holds in any window");

    // As our own messages.
    MessageDeflater deflater(bits, keeps, 1 + static_cast<int>(choice / 16 % 9), 5);
    MessageInflater back(bits, keeps);
    for (int again = 0; again < 2; ++again) {
        const std::size_t half = input.size() / 2;
        std::string packed;
        deflater.take(input.substr(0, half), false, packed);
        deflater.take(input.substr(half), true, packed);
        std::string out;
        require(inflate_all(back, packed, cuts, out) == Result::good, "what was compressed is no bad data");
        require(out == input, "what was compressed comes back");
    }
    return 0;
}
