// Access logs: whatever a client sends, a record is one line, without controls, and its quotes are the library's own.

#include "require.hpp"

#include "http/server/access_log_line.hpp"

#include <algorithm>
#include <cstdint>

using namespace gyre::http;
using testing::require;

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto half = text.substr(0, size / 2);
    Fields fields;
    try {
        fields.add("User-Agent", half);
        fields.add("Referer", text);
    } catch (const std::exception&) {}
    RequestRecord record;
    record.method = half;
    record.target = text;
    record.fields = &fields;
    record.request_id = text.substr(size / 2);
    record.status = 200;
    std::string line;
    for (const auto format :
        {AccessLogFormat::common, AccessLogFormat::combined, AccessLogFormat::timed, AccessLogFormat::json}) {
        internal::write_log_line(record, format, line);
        require(line.ends_with('\n'), "a line ends");
        line.pop_back();
        for (char c : line) {
            const auto byte = static_cast<unsigned char>(c);
            require(byte >= 0x20 && byte != 0x7f, "a line has no controls");
        }
        const auto quotes = std::count(line.begin(), line.end(), '"');
        if (format == AccessLogFormat::common) require(quotes == 2, "one text in quotes");
        if (format == AccessLogFormat::combined) require(quotes == 6, "three texts in quotes");
        if (format == AccessLogFormat::timed) require(quotes == 8, "four texts in quotes");
    }
    return 0;
}
