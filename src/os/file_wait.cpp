#include "os/file_wait.hpp"

#include <gyre/backend/backend.hpp>
#include <gyre/core/loop.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace gyre::internal {

using backend::FileCall;
using backend::FileStart;

class FileJob final : public BlockingJob {
public:
    FileJob(backend::Files& files, const backend::FileRequest& request, Transfer transfer, std::int64_t moved) noexcept
        : files_(files), request_(request), transfer_(transfer), moved_(moved) {
        request_.stop = &stop;
    }

    void run() noexcept override {
        result = stop.load() ? -ECANCELED : files_.perform(request_);
        while (transfer_ == Transfer::whole && result > 0 && !stop.load() && advance(request_, result)) {
            moved_ += result;
            result = files_.perform(request_);
        }
        stopped = result == -ECANCELED && stop.load();
        const bool is_partial_read = request_.call == FileCall::read && moved_ > 0;
        if (result >= 0 || is_partial_read) result = moved_ + std::max<std::int64_t>(result, 0);
    }

    std::atomic<bool> stop = false;
    std::int64_t result = 0;

private:
    backend::Files& files_;
    backend::FileRequest request_;
    Transfer transfer_;
    std::int64_t moved_;
};

auto advance(backend::FileRequest& request, std::int64_t moved) noexcept -> bool {
    const auto count = static_cast<std::size_t>(moved);
    request.buffer = static_cast<std::byte*>(request.buffer) + count;
    request.size -= count;
    if (request.offset >= 0) request.offset += moved;
    return request.size > 0;
}

FileWait::FileWait(std::string_view what, const backend::FileRequest& asked, Transfer transfer) noexcept
    : BlockingWait(what), transfer_(transfer) {
    request = asked;
}

FileWait::~FileWait() = default;

void FileWait::await_suspend(std::coroutine_handle<>) {
    if (!begin()) return;
    mark_.begin(scheduler(), *frame_, IoKind::file, -1);
    start();
}

void FileWait::start() {
    switch (scheduler().loop.backend().start_file(*this)) {
    case FileStart::ended:
        return completed();
    case FileStart::in_flight:
        return;
    case FileStart::elsewhere:
        return start_on_thread();
    }
}

void FileWait::start_on_thread() {
    job_ = std::make_shared<FileJob>(scheduler().loop.backend().files(), request, transfer_, moved_);
    submit(job_);
}

auto FileWait::await_resume() const noexcept -> std::int64_t {
    if (job_ != nullptr) mark_.end(scheduler(), *frame_, job_->result);
    mark_.resume(scheduler());
    return job_ != nullptr ? job_->result : result;
}

void FileWait::cancel() noexcept {
    is_cancelled_ = true;
    if (request.call == FileCall::close) return;  // a descriptor whose close did not happen would be nobody's
    if (job_ != nullptr) {
        job_->stop = true;
    } else {
        scheduler().loop.backend().cancel(*this);
    }
}

auto FileWait::record() const noexcept -> WaitRecord {
    WaitRecord record = BlockingWait::record();
    record.kind = WaitKind::file;
    return record;
}

void FileWait::completed() noexcept {
    const bool goes_on = transfer_ == Transfer::whole && result > 0 && !is_cancelled_ && advance(request, result);
    if (goes_on ||
        (result == -EAGAIN && !is_cancelled_)) {  // EAGAIN: the ring may not wait for a file opened non-blocking
        if (goes_on) moved_ += result;
        try {
            return goes_on ? start() : start_on_thread();
        } catch (...) {
            result = -EAGAIN;
        }
    }
    const bool is_partial_read = request.call == FileCall::read && moved_ > 0;
    if (result >= 0 || is_partial_read) {
        result = moved_ + std::max<std::int64_t>(result, 0);
    } else if (result == -ECANCELED && is_cancelled_) {
        if (moved_ == 0) return scheduler().stop(*frame_);
        result = moved_;
    }
    mark_.end(scheduler(), *frame_, result);
    scheduler().wake(*frame_);
}

}  // namespace gyre::internal
