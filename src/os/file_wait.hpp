#pragma once

#include <gyre/backend/files.hpp>
#include <gyre/core/blocking.hpp>
#include <gyre/core/io_mark.hpp>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <string_view>

namespace gyre::internal {

/// One request on a thread of the loop.
class FileJob;

/// How far a read or write goes.
enum class Transfer : std::uint8_t {
    once,   ///< One call.
    whole,  ///< Until everything has moved, or the end of the file.
};

/// Waits for one call on a file: by the backend itself where it can, else on a thread of the loop. The leaf of this room.
///
/// Gives the result: >= 0, or a negative errno. On cancel: what has not begun does not happen; the rest is waited for, and its
/// result counts, since the kernel writes into the caller's memory until then. A close is never stopped.
class [[nodiscard("co_await it")]] FileWait final : public BlockingWait, private backend::FileOperation {
public:
    /// @param what names the operation in dumps; static text.
    FileWait(std::string_view what, const backend::FileRequest& asked, Transfer transfer = Transfer::once) noexcept;
    FileWait(const FileWait&) = delete;
    auto operator=(const FileWait&) -> FileWait& = delete;
    ~FileWait();

    [[nodiscard]] auto await_ready() const noexcept -> bool { return false; }
    /// @throws std::system_error if it has to go to a thread, and none can be had.
    void await_suspend(std::coroutine_handle<>);
    [[nodiscard]] auto await_resume() const noexcept -> std::int64_t;

    void cancel() noexcept override;
    [[nodiscard]] auto record() const noexcept -> WaitRecord override;

private:
    void completed() noexcept override;
    void start();
    void start_on_thread();

    std::shared_ptr<FileJob> job_;
    std::int64_t moved_ = 0;  ///< By the calls before this one.
    IoMark mark_;
    Transfer transfer_;
    bool is_cancelled_ = false;
};

/// Takes what has moved off the front of a request. @return whether there is more to do.
[[nodiscard]] auto advance(backend::FileRequest& request, std::int64_t moved) noexcept -> bool;

}  // namespace gyre::internal
