#include <gyre/http/server/access_log.hpp>

#include "access_log_line.hpp"

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace gyre::http {

struct AccessLog::State {
    State(LogSink its_sink, AccessLogFormat its_format) : sink(std::move(its_sink)), format(its_format) {}

    LogSink sink;
    AccessLogFormat format;
    std::mutex mutex;
    std::string line;  ///< Keeps its memory.
    std::atomic<std::uint64_t> lost = 0;
};

AccessLog::AccessLog(LogSink sink, AccessLogFormat format) {
    if (!sink) throw std::invalid_argument("http::AccessLog: an empty sink");
    state_ = std::make_unique<State>(std::move(sink), format);
}

AccessLog::~AccessLog() = default;

void AccessLog::request_ends(const RequestRecord& record) noexcept {
    const std::lock_guard lock(state_->mutex);
    try {
        internal::write_log_line(record, state_->format, state_->line);
        state_->sink(state_->line);
    } catch (...) {
        state_->lost.fetch_add(1, std::memory_order_relaxed);  // a log that fails is no reason to fail requests
    }
}

void AccessLog::connection_refused(const RefusalRecord& record) noexcept {
    if (record.status == 0) return;
    RequestRecord line;
    line.client = record.peer;
    line.is_secure = record.is_secure;
    line.status = record.status;
    line.is_whole = true;
    line.body_bytes = record.body_bytes;
    line.time = record.time;
    request_ends(line);
}

auto AccessLog::lost_lines() const noexcept -> std::uint64_t { return state_->lost.load(std::memory_order_relaxed); }

}  // namespace gyre::http
