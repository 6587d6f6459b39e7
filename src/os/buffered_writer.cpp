#include <gyre/os/buffered_writer.hpp>

#include "core/held.hpp"

#include <utility>

namespace gyre::fs {

class BufferedWriter::Mark {
public:
    explicit Mark(std::string path) : path_(std::move(path)) { held.begin(internal::HeldKind::buffer, path_); }

    internal::HeldMark held;

private:
    std::string path_;
};

BufferedWriter::BufferedWriter(File file, std::size_t capacity)
    : file_(std::move(file)), capacity_(capacity), mark_(std::make_unique<Mark>(file_.path())) {
    buffer_.reserve(capacity);
}

BufferedWriter::BufferedWriter(BufferedWriter&&) noexcept = default;
auto BufferedWriter::operator=(BufferedWriter&&) noexcept -> BufferedWriter& = default;
BufferedWriter::~BufferedWriter() = default;

auto BufferedWriter::write(std::string_view data) -> Task<void> {
    if (data.size() > capacity_ - buffer_.size()) co_await flush();
    if (data.size() >= capacity_) {
        co_await file_.write(data);
    } else {
        buffer_.append(data);
        if (mark_ != nullptr) mark_->held.size = buffer_.size();
    }
}

auto BufferedWriter::flush() -> Task<void> {
    if (buffer_.empty()) co_return;
    try {
        co_await file_.write(buffer_);
    } catch (const IoError&) {
        forget();
        throw;
    }
    forget();
}

void BufferedWriter::forget() noexcept {
    buffer_.clear();
    if (mark_ != nullptr) mark_->held.size = 0;
}

auto BufferedWriter::close() -> Task<void> {
    co_await flush();
    mark_.reset();
    co_await file_.close();
}

}  // namespace gyre::fs
