#include <gyre/os/file.hpp>

#include "os/file_state.hpp"
#include "os/file_wait.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/sleep.hpp>

#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace gyre::fs {

namespace {

using backend::FileCall;
using backend::FileRequest;
using internal::FileState;
using internal::FileTurn;
using internal::FileWait;
using internal::throw_file_error;
using internal::Transfer;
using Kind = FileTurn::Kind;
using StatePointer = std::shared_ptr<FileState>;

constexpr std::size_t most_vectors = 1024;        // IOV_MAX
constexpr std::size_t first_piece = 1024 * 1024;  // a size that was asked for is no promise that so much is there
constexpr std::int64_t at_position = -1;

auto request_for(const FileState& file, FileCall call) noexcept -> FileRequest {
    FileRequest request;
    request.call = call;
    request.descriptor = file.descriptor;
    return request;
}

auto read_request(const FileState& file, std::span<std::byte> buffer, std::int64_t offset) noexcept -> FileRequest {
    FileRequest request = request_for(file, FileCall::read);
    request.buffer = buffer.data();
    request.size = buffer.size();
    request.offset = offset;
    return request;
}

auto write_request(const FileState& file, std::span<const std::byte> data, std::int64_t offset) noexcept -> FileRequest {
    FileRequest request = request_for(file, FileCall::write);
    request.buffer = const_cast<std::byte*>(data.data());  // one field for both ways; a write only reads
    request.size = data.size();
    request.offset = offset;
    return request;
}

auto checked(std::int64_t result, std::string_view operation, const FileState& file) -> std::size_t {
    if (result < 0) throw_file_error(result, operation, file.path);
    return static_cast<std::size_t>(result);
}

auto checked_offset(std::uint64_t offset, std::string_view operation, const FileState& file) -> std::int64_t {
    const auto value = static_cast<std::int64_t>(offset);
    if (value < 0) throw_file_error(-EOVERFLOW, operation, file.path);
    return value;
}

/// Reads more behind what was read ahead. @return how many bytes came; 0 at the end.
auto fill(StatePointer file, std::size_t at_least) -> Task<std::size_t> {
    const std::span<std::byte> room = file->ahead.room(std::max(at_least, std::size_t{1}));
    const FileRequest request = read_request(*file, room, at_position);
    const std::int64_t result = co_await FileWait("read", request);
    const std::size_t count = checked(result, "read", *file);
    file->ahead.add(count);
    co_return count;
}

auto read_some_of(StatePointer file, std::span<std::byte> buffer) -> Task<std::size_t> {
    const FileTurn turn(file, "read", Kind::positioned);
    auto& ahead = file->ahead;
    if (ahead.empty()) {
        if (buffer.size() >= file->read_ahead / 4) {
            const FileRequest request = read_request(*file, buffer, at_position);
            const std::int64_t result = co_await FileWait("read", request);
            co_return checked(result, "read", *file);
        }
        co_await fill(file, file->read_ahead);
    }
    const std::size_t count = std::min(buffer.size(), ahead.size());
    std::copy_n(std::as_bytes(std::span(ahead.text())).begin(), count, buffer.begin());
    ahead.consume(count);
    co_return count;
}

/// Reads up to `size` bytes into a string that grows as they come.
auto read_into_string(StatePointer file, std::size_t size, std::int64_t offset, std::string_view what)
    -> Task<std::string> {
    std::string text;
    std::size_t have = 0;
    while (have < size) {
        text.resize(std::min(size, std::max(first_piece, 2 * have)));
        const std::span<std::byte> rest = std::as_writable_bytes(std::span(text).subspan(have));
        const std::int64_t begin = offset == at_position ? offset : offset + static_cast<std::int64_t>(have);
        const FileRequest request = read_request(*file, rest, begin);
        const std::int64_t result = co_await FileWait(what, request, Transfer::whole);
        const std::size_t count = checked(result, what, *file);
        have += count;
        if (count < rest.size()) break;
    }
    text.resize(have);
    co_return text;
}

auto read_of(StatePointer file, std::size_t size) -> Task<std::string> {
    const FileTurn turn(file, "read", Kind::positioned);
    auto& ahead = file->ahead;
    if (ahead.empty() && size > 0 && size < file->read_ahead / 4) co_await fill(file, file->read_ahead);
    std::string text;
    // A large read goes straight to the caller, if one call is all: what a cancellation finds read must not be lost.
    if (ahead.empty() && size > 0 && size <= first_piece) {
        auto reading = read_into_string(file, size, at_position, "read");
        text = co_await std::move(reading);
        co_return text;
    }
    while (ahead.size() < size) {
        const std::size_t count = co_await fill(
            file, std::min(size - ahead.size(), std::max(first_piece, ahead.size())));
        if (count == 0) break;
    }
    text = ahead.take(size);
    co_return text;
}

auto read_all_of(StatePointer file, std::size_t limit) -> Task<std::string> {
    const FileTurn turn(file, "read", Kind::positioned);
    auto& ahead = file->ahead;
    for (;;) {
        if (ahead.size() > limit) {
            throw LimitError("read " + file->path + ": more than the limit of " + std::to_string(limit) + " bytes");
        }
        const std::size_t more = std::max(ahead.size(), std::size_t{65'536});
        const std::size_t count = co_await fill(file, std::min(more, limit - ahead.size() + 1));
        if (count == 0) break;
    }
    std::string text = ahead.take(ahead.size());
    co_return text;
}

auto read_line_of(StatePointer file, std::size_t limit) -> Task<std::optional<std::string>> {
    const FileTurn turn(file, "read line", Kind::positioned);
    auto& ahead = file->ahead;
    std::size_t searched = 0;
    std::size_t end = std::string_view::npos;
    for (;;) {
        end = ahead.text().substr(0, limit).find('\n', searched);
        if (end != std::string_view::npos) break;
        searched = std::min(ahead.size(), limit);
        if (ahead.size() >= limit) {
            throw LimitError(
                "read line " + file->path + ": longer than the limit of " + std::to_string(limit) + " bytes");
        }
        const std::size_t count = co_await fill(file, std::max(file->read_ahead, std::size_t{1}));
        if (count == 0) break;
    }
    std::optional<std::string> line;
    if (end == std::string_view::npos) {
        if (!ahead.empty()) line = ahead.take(ahead.size());
        co_return line;
    }
    line = ahead.take(end);
    ahead.consume(1);
    if (line->ends_with('\r')) line->pop_back();
    co_return line;
}

auto write_of(StatePointer file, std::span<const std::byte> data) -> Task<void> {
    const FileTurn turn(file, "write", Kind::positioned);
    file->forget_ahead();
    while (!data.empty()) {
        const FileRequest request = write_request(*file, data, at_position);
        const std::int64_t result = co_await FileWait("write", request, Transfer::whole);
        data = data.subspan(checked(result, "write", *file));
    }
}

auto pread_of(StatePointer file, std::span<std::byte> buffer, std::uint64_t offset) -> Task<std::size_t> {
    const FileTurn turn(file, "pread", Kind::free);
    const FileRequest request = read_request(*file, buffer, checked_offset(offset, "pread", *file));
    const std::int64_t result = co_await FileWait("pread", request, Transfer::whole);
    co_return checked(result, "pread", *file);
}

auto pread_string_of(StatePointer file, std::size_t size, std::uint64_t offset) -> Task<std::string> {
    const FileTurn turn(file, "pread", Kind::free);
    const std::int64_t begin = checked_offset(offset, "pread", *file);
    auto reading = read_into_string(file, size, begin, "pread");
    auto text = co_await std::move(reading);
    co_return text;
}

auto pwrite_of(StatePointer file, std::span<const std::byte> data, std::uint64_t offset) -> Task<void> {
    const FileTurn turn(file, "pwrite", Kind::free);
    std::int64_t position = checked_offset(offset, "pwrite", *file);
    if (!file->is_positioned) file->forget_ahead();  // what was read ahead may be what is written now
    while (!data.empty()) {
        const FileRequest request = write_request(*file, data, position);
        const std::int64_t result = co_await FileWait("pwrite", request, Transfer::whole);
        const std::size_t count = checked(result, "pwrite", *file);
        data = data.subspan(count);
        position += static_cast<std::int64_t>(count);
    }
}

auto vector_request(const FileState& file, FileCall call, std::span<const iovec> vectors) noexcept -> FileRequest {
    FileRequest request = request_for(file, call);
    request.buffer = const_cast<iovec*>(vectors.data());  // read only
    request.vector_count = static_cast<unsigned>(std::min(vectors.size(), most_vectors));
    return request;
}

auto readv_of(StatePointer file, std::vector<std::span<std::byte>> buffers) -> Task<std::size_t> {
    const FileTurn turn(file, "readv", Kind::positioned);
    file->forget_ahead();
    std::vector<iovec> vectors;
    vectors.reserve(buffers.size());
    for (const auto& buffer : buffers) vectors.push_back({buffer.data(), buffer.size()});
    const FileRequest request = vector_request(*file, FileCall::read_vector, vectors);
    const std::int64_t result = co_await FileWait("readv", request);
    co_return checked(result, "readv", *file);
}

/// Takes what was written off the front.
void drop_written(std::span<iovec>& vectors, std::size_t count) noexcept {
    while (!vectors.empty() && count >= vectors.front().iov_len) {
        count -= vectors.front().iov_len;
        vectors = vectors.subspan(1);
    }
    if (vectors.empty()) return;
    vectors.front().iov_base = static_cast<char*>(vectors.front().iov_base) + count;
    vectors.front().iov_len -= count;
}

auto writev_of(StatePointer file, std::vector<std::string_view> buffers) -> Task<void> {
    const FileTurn turn(file, "writev", Kind::positioned);
    file->forget_ahead();
    std::vector<iovec> vectors;
    vectors.reserve(buffers.size());
    for (const std::string_view buffer : buffers) vectors.push_back({const_cast<char*>(buffer.data()), buffer.size()});
    std::span<iovec> left(vectors);
    drop_written(left, 0);
    while (!left.empty()) {
        const FileRequest request = vector_request(*file, FileCall::write_vector, left);
        const std::int64_t result = co_await FileWait("writev", request);
        drop_written(left, checked(result, "writev", *file));
    }
}

auto info_from(StatePointer file) -> Task<FileInfo> {
    const FileTurn turn(file, "stat", Kind::free);
    struct statx status{};
    FileRequest request = request_for(*file, FileCall::status);
    request.flags = AT_EMPTY_PATH;
    request.status = &status;
    const std::int64_t result = co_await FileWait("stat", request);
    checked(result, "stat", *file);
    co_return internal::info_of(status);
}

auto seek_of(StatePointer file, std::int64_t offset, Whence whence) -> Task<std::uint64_t> {
    const FileTurn turn(file, "seek", Kind::positioned);
    if (whence == Whence::end) {  // lseek(2) itself could wait there, for a server
        const FileInfo info = co_await info_from(file);
        offset += static_cast<std::int64_t>(info.size);
    } else if (whence == Whence::current) {
        offset -= static_cast<std::int64_t>(file->ahead.size());
    }
    const int from = whence == Whence::current ? SEEK_CUR : SEEK_SET;
    const std::int64_t result = file->files.seek(file->descriptor, offset, from);
    if (result < 0) throw_file_error(result, "seek", file->path);
    file->ahead.clear();
    co_return static_cast<std::uint64_t>(result);
}

/// A call that has nothing to do with the position and gives nothing.
auto simple_call(StatePointer file, FileRequest request, std::string_view what) -> Task<void> {
    const FileTurn turn(file, what, Kind::free);
    request.descriptor = file->descriptor;
    const std::int64_t result = co_await FileWait(what, request);
    checked(result, what, *file);
}

auto truncate_of(StatePointer file, std::uint64_t size) -> Task<void> {
    const FileTurn turn(file, "truncate", Kind::positioned);
    file->forget_ahead();
    FileRequest request = request_for(*file, FileCall::truncate);
    request.offset = checked_offset(size, "truncate", *file);
    const std::int64_t result = co_await FileWait("truncate", request);
    checked(result, "truncate", *file);
}

auto lock_of(StatePointer file, int operation) -> Task<void> {
    const FileTurn turn(file, "lock", Kind::free);
    Duration pause = std::chrono::milliseconds(1);
    for (;;) {
        const int result = file->files.lock(file->descriptor, operation);
        if (result >= 0) co_return;
        if (result != -EWOULDBLOCK) throw_file_error(result, "lock", file->path);
        co_await sleep(pause);
        pause = std::min<Duration>(2 * pause, std::chrono::milliseconds(100));
    }
}

auto close_of(StatePointer file) -> Task<void> {
    if (file == nullptr || file->descriptor < 0) co_return;
    if (file->calls > 0) {
        throw InvalidStateError("close " + file->path + ": another call of this file is under way");
    }
    const FileRequest request = request_for(*file, FileCall::close);
    // Closed for everybody from here on; still to be closed by the last owner if the call does not happen.
    struct Closing {
        FileState& file;
        int descriptor;
        ~Closing() { file.descriptor = descriptor; }
    } closing{*file, std::exchange(file->descriptor, -1)};
    file->let_go();
    const std::int64_t result = co_await FileWait("close", request);
    closing.descriptor = -1;
    file->ahead.clear();
    checked(result, "close", *file);
}

auto lock_operation(LockKind kind) noexcept -> int { return kind == LockKind::shared ? LOCK_SH : LOCK_EX; }

}  // namespace

File::File(std::shared_ptr<FileState> state) noexcept : state_(std::move(state)) {}
File::File(File&&) noexcept = default;
auto File::operator=(File&& other) noexcept -> File& {
    if (this == &other) return *this;
    const File before(std::move(state_));
    state_ = std::move(other.state_);
    return *this;
}
File::~File() {
    if (state_ != nullptr) state_->let_go();
}

auto File::adopt(int descriptor, std::string path, std::size_t read_ahead) -> File {
    auto& files = internal::loop_files();
    internal::FreshDescriptor fresh(files, descriptor);
    File file(std::make_shared<FileState>(files, descriptor, std::move(path), read_ahead));
    static_cast<void>(fresh.release());
    file.state_->mark.begin(internal::HeldKind::file, file.state_->path);
    return file;
}

auto File::read_some(std::span<std::byte> buffer) -> Task<std::size_t> { return read_some_of(state_, buffer); }
auto File::read(std::size_t size) -> Task<std::string> { return read_of(state_, size); }
auto File::read_all(std::size_t limit) -> Task<std::string> { return read_all_of(state_, limit); }
auto File::read_line(std::size_t limit) -> Task<std::optional<std::string>> { return read_line_of(state_, limit); }
auto File::readv(std::vector<std::span<std::byte>> buffers) -> Task<std::size_t> {
    return readv_of(state_, std::move(buffers));
}

auto File::write(std::string_view data) -> Task<void> { return write_of(state_, std::as_bytes(std::span(data))); }
auto File::write(std::span<const std::byte> data) -> Task<void> { return write_of(state_, data); }
auto File::writev(std::vector<std::string_view> buffers) -> Task<void> { return writev_of(state_, std::move(buffers)); }

auto File::pread(std::size_t size, std::uint64_t offset) -> Task<std::string> {
    return pread_string_of(state_, size, offset);
}
auto File::pread(std::span<std::byte> buffer, std::uint64_t offset) -> Task<std::size_t> {
    return pread_of(state_, buffer, offset);
}
auto File::pwrite(std::string_view data, std::uint64_t offset) -> Task<void> {
    return pwrite_of(state_, std::as_bytes(std::span(data)), offset);
}
auto File::pwrite(std::span<const std::byte> data, std::uint64_t offset) -> Task<void> {
    return pwrite_of(state_, data, offset);
}

auto File::seek(std::int64_t offset, Whence whence) -> Task<std::uint64_t> { return seek_of(state_, offset, whence); }

auto File::tell() const -> std::uint64_t {
    const FileTurn turn(state_, "tell", Kind::positioned);
    const std::int64_t result = state_->files.seek(state_->descriptor, 0, SEEK_CUR);
    return checked(result, "tell", *state_) - state_->ahead.size();
}

auto File::sync(bool data_only) -> Task<void> {
    FileRequest request;
    request.call = data_only ? FileCall::sync_data : FileCall::sync;
    return simple_call(state_, request, "sync");
}

auto File::truncate(std::uint64_t size) -> Task<void> { return truncate_of(state_, size); }

auto File::allocate(std::uint64_t offset, std::uint64_t size) -> Task<void> {
    FileRequest request;
    request.call = FileCall::allocate;
    request.offset = static_cast<std::int64_t>(offset);
    request.size = size;
    return simple_call(state_, request, "allocate");
}

auto File::info() -> Task<FileInfo> { return info_from(state_); }

auto File::lock(LockKind kind) -> Task<void> { return lock_of(state_, lock_operation(kind)); }

auto File::try_lock(LockKind kind) -> bool {
    const FileTurn turn(state_, "lock", Kind::free);
    const int result = state_->files.lock(state_->descriptor, lock_operation(kind));
    if (result == -EWOULDBLOCK) return false;
    checked(result, "lock", *state_);
    return true;
}

void File::unlock() {
    const FileTurn turn(state_, "unlock", Kind::free);
    checked(state_->files.lock(state_->descriptor, LOCK_UN), "unlock", *state_);
}

auto File::close() -> Task<void> { return close_of(state_); }
auto File::is_closed() const noexcept -> bool { return state_ == nullptr || state_->descriptor < 0; }
auto File::path() const noexcept -> const std::string& {
    static const std::string none;
    return state_ != nullptr ? state_->path : none;
}
auto File::descriptor() const noexcept -> int { return state_ != nullptr ? state_->descriptor : -1; }

}  // namespace gyre::fs
