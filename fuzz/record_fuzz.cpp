// Records of exchanges: what is read is written and read back the same.

#include "require.hpp"

#include "http/client/record_text.hpp"

#include <cstdint>

using namespace gyre::http;
using gyre::http::testing::require;

namespace {

auto is_same(const RecordedExchange& a, const RecordedExchange& b) -> bool {
    return a.method == b.method && a.url == b.url && a.request_fields == b.request_fields &&
           a.request_body == b.request_body && a.request_is_whole == b.request_is_whole && a.status == b.status &&
           a.reason == b.reason && a.response_fields == b.response_fields && a.response_body == b.response_body &&
           a.response_is_whole == b.response_is_whole;
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    std::vector<RecordedExchange> exchanges;
    try {
        exchanges = internal::read_record(text);
    } catch (const RecordError&) {
        return 0;
    }
    const auto written = internal::write_record(exchanges);
    const auto again = internal::read_record(written);
    require(again.size() == exchanges.size(), "all exchanges read back");
    for (std::size_t i = 0; i < again.size(); ++i) require(is_same(again[i], exchanges[i]), "each reads back the same");
    require(internal::write_record(again) == written, "the text is stable");
    return 0;
}
