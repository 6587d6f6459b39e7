#pragma once

#include <gyre/backend/pipes.hpp>

#include <utility>

namespace gyre::internal {

/// Closes a descriptor that no loop waits on.
class OwnedDescriptor {
public:
    explicit OwnedDescriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
    OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor_(other.release()) {}
    auto operator=(OwnedDescriptor&& other) noexcept -> OwnedDescriptor& {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~OwnedDescriptor() {
        if (descriptor_ >= 0) backend::close_pipe(descriptor_);
    }
    /// Or a negative errno.
    [[nodiscard]] auto get() const noexcept -> int { return descriptor_; }
    [[nodiscard]] auto release() noexcept -> int { return std::exchange(descriptor_, -1); }

private:
    int descriptor_;
};

}  // namespace gyre::internal
