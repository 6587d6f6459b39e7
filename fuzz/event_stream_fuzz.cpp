// Event streams: cuts change nothing; an event that was read, written and read again is the same.

#include "require.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/core/event_stream.hpp>

#include <cstdint>
#include <vector>

using namespace gyre::http;
using testing::require;

namespace {

struct Reading {
    std::vector<ServerEvent> events;
    bool is_refused = false;
    friend auto operator==(const Reading&, const Reading&) -> bool = default;
};

auto read(std::string_view text, std::size_t first, std::size_t piece) -> Reading {
    EventStreamParser parser({.line_bytes = 64, .event_bytes = 128});
    Reading reading;
    try {
        while (!text.empty()) {
            auto input = text.substr(0, first);
            text.remove_prefix(input.size());
            first = piece;
            while (auto event = parser.next(input)) reading.events.push_back(std::move(*event));
        }
    } catch (const gyre::LimitError&) {
        reading.is_refused = true;
    }
    return reading;
}

void check_round_trip(const ServerEvent& event) {
    const auto text = format_event(event);
    EventStreamParser parser;
    std::string_view input = text;
    const auto again = parser.next(input);
    require(again && *again == event, "an event reads back the same");
    require(input.empty() && !parser.next(input), "and is one event");
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    std::size_t first = 1;
    if (!input.empty()) {
        first = 1 + static_cast<unsigned char>(input.front());
        input.remove_prefix(1);
    }
    const auto whole = read(input, input.size(), input.size());
    require(read(input, first, input.size()) == whole, "one cut changes nothing");
    require(read(input, 1, 1) == whole, "all cuts change nothing");
    for (const auto& event : whole.events) check_round_trip(event);
    return 0;
}
