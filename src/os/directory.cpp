#include <gyre/os/directory.hpp>

#include "os/file_state.hpp"
#include "os/file_wait.hpp"

#include <gyre/core/errors.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace gyre::fs {

namespace {

using backend::FileCall;
using backend::FileRequest;
using internal::FileTurn;
using internal::FileWait;
using internal::throw_file_error;

/// As getdents64(2) writes it; the name follows.
struct RawEntry {
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t size;
    std::uint8_t type;
};
constexpr std::size_t name_offset = 19;

auto type_of(std::uint8_t raw) noexcept -> FileType {
    return internal::file_type(static_cast<std::uint32_t>(raw) << 12);
}

}  // namespace

class Directory::State {
public:
    State(std::shared_ptr<internal::FileState> opened, std::filesystem::path name)
        : file(std::move(opened)), path(std::move(name)) {}

    /// The next of what the kernel gave; empty if that is used up.
    [[nodiscard]] auto take() -> std::optional<DirectoryEntry> {
        while (begin < end) {
            RawEntry raw{};
            std::memcpy(&raw, &buffer[begin], sizeof raw);
            const std::string_view name(&buffer[begin + name_offset]);
            begin += raw.size;
            if (name != "." && name != "..") return DirectoryEntry{std::string(name), type_of(raw.type)};
        }
        return std::nullopt;
    }

    std::shared_ptr<internal::FileState> file;
    std::filesystem::path path;
    std::array<char, 32'768> buffer;
    std::size_t begin = 0;
    std::size_t end = 0;
};

Directory::Directory(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Directory::Directory(Directory&&) noexcept = default;
auto Directory::operator=(Directory&& other) noexcept -> Directory& {
    if (this == &other) return *this;
    const Directory before(std::move(state_));
    state_ = std::move(other.state_);
    return *this;
}
Directory::~Directory() {
    if (state_ != nullptr) state_->file->let_go();
}

auto Directory::open(std::filesystem::path path) -> Task<Directory> {
    const std::string text = internal::path_text(path);
    auto& files = internal::loop_files();
    FileRequest request;
    request.call = FileCall::open;
    request.path = text.c_str();
    request.flags = O_RDONLY | O_DIRECTORY;
    const std::int64_t result = co_await FileWait("open directory", request);
    if (result < 0) throw_file_error(result, "open directory", text);
    internal::FreshDescriptor fresh(files, static_cast<int>(result));
    auto file = std::make_shared<internal::FileState>(files, fresh.get(), text, 0);
    static_cast<void>(fresh.release());
    file->mark.begin(internal::HeldKind::directory, file->path);
    co_return Directory(std::make_shared<State>(std::move(file), std::move(path)));
}

auto Directory::open_beneath(std::filesystem::path root, std::string relative, BeneathOptions options)
    -> Task<Directory> {
    const int flags = O_DIRECTORY | (options.follow_links ? 0 : O_NOFOLLOW);
    auto opening = internal::open_beneath(std::move(root), std::move(relative), flags);
    auto opened = co_await std::move(opening);
    auto& files = internal::loop_files();
    auto file = std::make_shared<internal::FileState>(files, opened.descriptor.get(), opened.path, 0);
    static_cast<void>(opened.descriptor.release());
    file->mark.begin(internal::HeldKind::directory, file->path);
    co_return Directory(std::make_shared<State>(std::move(file), std::filesystem::path(std::move(opened.path))));
}

auto Directory::next() -> Task<std::optional<DirectoryEntry>> { return next_of(state_); }

auto Directory::next_of(std::shared_ptr<State> state) -> Task<std::optional<DirectoryEntry>> {
    if (state == nullptr) throw InvalidStateError("list: this Directory was moved from");
    const FileTurn turn(state->file, "list", FileTurn::Kind::positioned);
    std::size_t begin = state->begin;
    std::optional<DirectoryEntry> entry = state->take();
    while (!entry) {
        FileRequest request;
        request.call = FileCall::read_directory;
        request.descriptor = state->file->descriptor;
        request.buffer = state->buffer.data();
        request.size = state->buffer.size();
        const std::int64_t result = co_await FileWait("list", request);
        if (result < 0) throw_file_error(result, "list", state->file->path);
        if (result == 0) co_return std::nullopt;
        state->begin = 0;
        state->end = static_cast<std::size_t>(result);
        begin = 0;
        entry = state->take();
    }
    if (entry->type != FileType::unknown) co_return entry;
    // Some file systems do not keep the type with the name. It is not taken until that is known.
    const std::size_t after = std::exchange(state->begin, begin);
    struct statx status{};
    FileRequest request;
    request.call = FileCall::status;
    request.descriptor = state->file->descriptor;
    request.path = entry->name.c_str();
    request.flags = AT_SYMLINK_NOFOLLOW;
    request.status = &status;
    const std::int64_t result = co_await FileWait("stat", request);
    state->begin = after;
    if (result >= 0) entry->type = internal::file_type(status.stx_mode);
    co_return entry;
}

auto Directory::path() const noexcept -> const std::filesystem::path& { return state_->path; }

auto list(std::filesystem::path path, std::size_t limit) -> Task<std::vector<DirectoryEntry>> {
    auto opening = Directory::open(std::move(path));
    auto directory = co_await std::move(opening);
    std::vector<DirectoryEntry> entries;
    for (;;) {
        auto entry = co_await directory.next();
        if (!entry) break;
        if (entries.size() == limit) {
            throw LimitError(
                "list " + directory.path().string() + ": more than the limit of " + std::to_string(limit) + " names");
        }
        entries.push_back(std::move(*entry));
    }
    co_return entries;
}

}  // namespace gyre::fs
