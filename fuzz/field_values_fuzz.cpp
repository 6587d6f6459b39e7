// Dates, Content-Disposition, traceparent: any text is read or not; what is read is written and read back the same.

#include "require.hpp"

#include "http/core/utf8.hpp"

#include <gyre/http/core/content_disposition.hpp>
#include <gyre/http/core/date.hpp>
#include <gyre/http/core/errors.hpp>
#include <gyre/http/trace_context.hpp>

#include <cstdint>

using namespace gyre::http;
using testing::require;

namespace {

const std::chrono::sys_seconds now{std::chrono::seconds(1'800'000'000)};

void check_date(std::string_view text) {
    const auto time = parse_http_date(text, now);
    if (!time) return;
    const auto written = format_http_date(*time);
    require(parse_http_date(written, now) == time, "a date reads back the same");
}

void check_disposition(std::string_view text) {
    const auto disposition = parse_content_disposition(text);
    if (!disposition) return;
    const auto& name = disposition->file_name;
    if (!name || name->empty() || !internal::is_utf8(*name) || name->find('\t') != name->npos) return;
    const auto written = format_content_disposition("attachment", *name);
    Fields fields;
    fields.add("Content-Disposition", written);  // throws if it holds a control
    const auto again = parse_content_disposition(written);
    require(again.has_value() && again->file_name == name, "a file name reads back the same");
}

void check_trace(std::string_view text) {
    Fields fields;
    try {
        fields.add("traceparent", text.substr(0, text.find('\n')));
        if (text.find('\n') != text.npos) fields.add("tracestate", text.substr(text.find('\n') + 1));
    } catch (const ProtocolError&) {
        return;
    }
    const auto trace = TraceContext::from(fields);
    if (!trace) return;
    require(trace->state.size() <= 512, "a state is bounded");
    Fields again{{"traceparent", trace->traceparent()}};
    if (!trace->state.empty()) again.add("tracestate", trace->state);
    require(TraceContext::from(again) == trace, "a trace reads back the same");
}

}  // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check_date(text);
    check_disposition(text);
    check_trace(text);
    return 0;
}
