#include <gyre/core/descriptor_watch.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>

#include <poll.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace gyre::internal {

namespace {

auto watch_error(int descriptor, std::int64_t result) -> IoError {
    const std::error_code code(static_cast<int>(-result), std::generic_category());
    const std::string object = "descriptor " + std::to_string(descriptor);
    if (result != -EPERM) return {code, "watch", object};
    return {code, "watch", object, "a file on a disk is always ready, there is nothing to wait for"};
}

}  // namespace

/// One listener: a poll that is started again after each call. It lives until it was removed, its poll has ended, and the
/// ready queue has let go of it.
class DescriptorWatches::Watch final : public Callback, private backend::Operation {
public:
    Watch(EventLoop& loop, int watched, Direction direction, std::function<void()> function)
        : loop_(loop), function_(std::move(function)) {
        kind = backend::OperationKind::poll;
        descriptor = watched;
        events = direction == Direction::read ? POLLIN : POLLOUT;
        scheduler = &loop.scheduler();
        scheduler->admit();
    }

    /// Starts the poll. @throws IoError.
    void arm() {
        retain();
        if (!loop_.backend().start(*this)) return;
        if (result < 0) {
            release();
            throw error();
        }
        push();
    }

    void remove() noexcept {
        cancelled = true;
        if (in_flight) loop_.backend().cancel(*this);
        if (!calling_) function_ = nullptr;
        release();
    }

    void call() override {
        finished = false;
        queued_ = false;
        scheduler->admit();  // the loop counts a callback as gone when it calls it; this one comes back
        calling_ = true;
        try {
            function_();
        } catch (...) {
            after_call();
            throw;
        }
        after_call();
    }
    void drop() noexcept override {}

private:
    ~Watch() override {
        if (!queued_) scheduler->leave();  // else the loop has counted it as gone, without a call
    }

    void completed() noexcept override {
        if (cancelled) return release();
        if (result < 0) {  // where the kernel answers only now, there is nobody to throw to
            loop_.handle_error({std::make_exception_ptr(error()), ErrorOrigin::callback, "add_reader, add_writer"});
            return release();
        }
        push();
    }
    [[nodiscard]] auto error() const -> IoError { return watch_error(descriptor, result); }
    // The reference that `arm` took goes into the ready queue.
    void push() noexcept {
        queued_ = true;
        scheduler->ready.push(*this);
    }
    void after_call() {
        calling_ = false;
        if (cancelled) {
            function_ = nullptr;
        } else {
            arm();
        }
    }

    EventLoop& loop_;
    std::function<void()> function_;
    bool calling_ = false;
    bool queued_ = false;
};

void DescriptorWatches::Release::operator()(Watch* watch) const noexcept { watch->remove(); }

DescriptorWatches::DescriptorWatches(EventLoop& loop) noexcept : loop_(loop) {}
DescriptorWatches::~DescriptorWatches() = default;

void DescriptorWatches::add(int descriptor, Direction direction, std::function<void()> function) {
    if (const int error = loop_.backend().check_watchable(descriptor); error < 0) throw watch_error(descriptor, error);
    std::unique_ptr<Watch, Release> watch(new Watch(loop_, descriptor, direction, std::move(function)));
    remove(descriptor, direction);
    watch->arm();
    watches_.insert_or_assign(Key(descriptor, direction), std::move(watch));
}

auto DescriptorWatches::remove(int descriptor, Direction direction) noexcept -> bool {
    return watches_.erase(Key(descriptor, direction)) > 0;
}

void DescriptorWatches::close() noexcept { watches_.clear(); }

}  // namespace gyre::internal
