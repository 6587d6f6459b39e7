#include <gyre/os/buffered_writer.hpp>

#include <utility>

namespace gyre::fs {

BufferedWriter::BufferedWriter(File file, std::size_t capacity) : file_(std::move(file)), capacity_(capacity) {
    buffer_.reserve(capacity);
}

auto BufferedWriter::write(std::string_view data) -> Task<void> {
    if (data.size() > capacity_ - buffer_.size()) co_await flush();
    if (data.size() >= capacity_) {
        co_await file_.write(data);
    } else {
        buffer_.append(data);
    }
}

auto BufferedWriter::flush() -> Task<void> {
    if (buffer_.empty()) co_return;
    try {
        co_await file_.write(buffer_);
    } catch (const IoError&) {
        buffer_.clear();
        throw;
    }
    buffer_.clear();
}

auto BufferedWriter::close() -> Task<void> {
    co_await flush();
    co_await file_.close();
}

}  // namespace gyre::fs
