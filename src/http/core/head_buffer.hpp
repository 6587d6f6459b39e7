#pragma once

// Holds the bytes of a head or trailer section that arrived in pieces. A section that arrives whole is never copied.

#include <algorithm>
#include <span>
#include <string>

namespace gyre::http::internal {

class HeadBuffer {
public:
    /// Gives `scan` the section from its first byte, as a whole, until it tells where the section ends.
    /// @param scan (span) -> size of the section once it is complete, else 0. It refuses what is over its limits,
    ///             which is what bounds this buffer.
    /// @return bytes of `input` that belong to the section once it is complete, else 0: all of them do, and more.
    template<typename Scan>
    auto feed(std::span<const char> input, Scan scan) -> std::size_t {
        if (input.empty()) return 0;
        if (bytes_.empty()) {
            const std::size_t end = scan(input);
            if (end == 0) bytes_.assign(input.data(), input.size());
            return end;
        }
        for (std::size_t taken = 0; taken < input.size();) {
            // In slices: what follows the section may be long, and must not be copied nor counted.
            const auto slice = input.subspan(taken, std::min(slice_bytes, input.size() - taken));
            const auto before = bytes_.size();
            bytes_.append(slice.data(), slice.size());
            if (const std::size_t end = scan(std::span<const char>{bytes_}); end != 0) {
                release();
                return taken + (end - before);
            }
            taken += slice.size();
        }
        return 0;
    }

    void release() noexcept {
        if (bytes_.capacity() > kept_bytes) std::string{}.swap(bytes_);
        bytes_.clear();
    }

private:
    static constexpr std::size_t slice_bytes = 2048;
    static constexpr std::size_t kept_bytes = 1024;  // an idle connection should pin little

    std::string bytes_;
};

}  // namespace gyre::http::internal
