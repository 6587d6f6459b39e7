#include "os/pipe_transport.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/os/pipe.hpp>

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace gyre {

namespace internal {

namespace {

auto code_of(std::int64_t result) -> std::error_code { return {static_cast<int>(-result), std::generic_category()}; }

class PipeRead final : public ReadinessWait {
public:
    PipeRead(ReadinessSource& source, std::span<std::byte> buffer) noexcept
        : ReadinessWait(source, POLLIN), buffer_(buffer) {}

private:
    auto attempt() noexcept -> std::int64_t override { return backend::read_pipe(source_.descriptor, buffer_); }
    std::span<std::byte> buffer_;
};

class PipeWrite final : public ReadinessWait {
public:
    PipeWrite(ReadinessSource& source, std::span<const std::byte> data) noexcept
        : ReadinessWait(source, POLLOUT), data_(data) {}

private:
    auto attempt() noexcept -> std::int64_t override { return backend::write_pipe(source_.descriptor, data_); }
    std::span<const std::byte> data_;
};

/// One task at a time in each direction.
class Turn {
public:
    Turn(bool& flag, const char* mistake) : flag_(flag) {
        if (flag) throw InvalidStateError(mistake);
        flag = true;
    }
    Turn(const Turn&) = delete;
    auto operator=(const Turn&) -> Turn& = delete;
    ~Turn() { flag_ = false; }

private:
    bool& flag_;
};

}  // namespace

PipeTransport::PipeTransport(OwnedDescriptor end, Use use, std::string name)
    : end_(std::move(end)), source_(end_.get(), WaitKind::pipe, std::move(name)), use_(use) {
    mark_.begin(HeldKind::pipe, source_.name);
}

auto PipeTransport::check(std::int64_t answer, std::string_view operation) const -> std::size_t {
    if (answer >= 0) return static_cast<std::size_t>(answer);
    if (answer == -EBADF) throw IoError(code_of(answer), operation, source_.name, "closed on this side");
    throw IoError(code_of(answer), operation, source_.name);
}

auto PipeTransport::read_some(std::span<std::byte> buffer) -> Task<std::size_t> {
    if (use_ == Use::write) throw InvalidStateError("read " + source_.name + ": this end of the pipe is for writing");
    const Turn turn(is_reading_, "read: another task is reading this pipe");
    if (is_closed()) static_cast<void>(check(-EBADF, "read"));
    const auto answer = co_await PipeRead(source_, buffer);
    co_return check(answer, "read");
}

auto PipeTransport::write_all(std::span<const std::byte> data) -> Task<void> {
    if (use_ == Use::read) throw InvalidStateError("write " + source_.name + ": this end of the pipe is for reading");
    const Turn turn(is_writing_, "write: another task is writing to this pipe");
    while (!data.empty()) {
        if (is_closed()) static_cast<void>(check(-EBADF, "write"));
        const auto answer = co_await PipeWrite(source_, data);
        data = data.subspan(check(answer, "write"));
    }
}

auto PipeTransport::shutdown_write() -> Task<void> {
    if (is_writing_) throw InvalidStateError("shutdown_write: another task is writing to this pipe");
    if (use_ == Use::both) {
        throw InvalidStateError("shutdown_write " + source_.name + ": a terminal has no end of one direction");
    }
    if (use_ == Use::write) close_now();
    co_return;
}

auto PipeTransport::close() -> Task<void> {
    close_now();
    co_return;
}

void PipeTransport::close_now() noexcept {
    if (is_closed()) return;
    source_.withdraw();
    source_.descriptor = -1;
    mark_.end();
    end_ = OwnedDescriptor();
}

auto PipeTransport::has_input() const noexcept -> bool {
    return !is_closed() && use_ != Use::write && backend::has_pipe_input(end_.get());
}

}  // namespace internal

auto open_pipe() -> Pipe {
    using internal::PipeTransport;
    static_cast<void>(this_loop());
    backend::PipeEnds ends;
    if (const int result = backend::open_pipe(ends); result < 0) {
        throw IoError(internal::code_of(result), "open a pipe", "");
    }
    internal::OwnedDescriptor read(ends.read);
    internal::OwnedDescriptor write(ends.write);
    return Pipe(net::Stream(std::make_unique<PipeTransport>(std::move(read), PipeTransport::Use::read, "pipe")),
        net::Stream(std::make_unique<PipeTransport>(std::move(write), PipeTransport::Use::write, "pipe")));
}

auto adopt_pipe(int descriptor, std::string name) -> net::Stream {
    using internal::PipeTransport;
    const int access = backend::adopt_pipe(descriptor);
    if (access == -EINVAL || access == -EISDIR) {
        throw std::invalid_argument("adopt_pipe: " + name + " is " +
                                    (access == -EISDIR ? "a directory" : "a regular file, which is always ready") +
                                    "; use gyre::fs");
    }
    if (access < 0) throw IoError(internal::code_of(access), "adopt", name);
    const auto use = access == O_RDONLY   ? PipeTransport::Use::read
                     : access == O_WRONLY ? PipeTransport::Use::write
                                          : PipeTransport::Use::both;
    return net::Stream(std::make_unique<PipeTransport>(internal::OwnedDescriptor(descriptor), use, std::move(name)));
}

}  // namespace gyre
