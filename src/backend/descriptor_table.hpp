#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace gyre::backend {

/// What a backend remembers of each descriptor, indexed by its number. Grows only, since numbers are small and reused.
/// Slots never move: a reference stays good while an accept adds new ones.
template<class Slot>
class DescriptorTable {
public:
    /// The slot of a descriptor, made if need be; null if the number is negative or memory is short.
    [[nodiscard, gnu::always_inline]] auto find_or_make(int descriptor) noexcept -> Slot* {
        if (descriptor < 0) return nullptr;
        Slot* const known = find(descriptor);
        return known != nullptr ? known : make(static_cast<std::size_t>(descriptor));
    }

    /// The slot of a descriptor whose number was seen before, else null.
    [[nodiscard]] auto find(int descriptor) const noexcept -> Slot* {
        const std::size_t chunk = static_cast<unsigned>(descriptor) / chunk_size;
        if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return nullptr;
        return &(*chunks_[chunk])[static_cast<unsigned>(descriptor) % chunk_size];
    }

    template<class Function>
    void for_each(Function function) noexcept {
        for (const auto& chunk : chunks_) {
            if (chunk == nullptr) continue;
            for (Slot& slot : *chunk) function(slot);
        }
    }

private:
    static constexpr std::size_t chunk_size = 64;
    using Chunk = std::array<Slot, chunk_size>;

    // Not inlined, so that finding is.
    [[nodiscard, gnu::noinline]] auto make(std::size_t index) noexcept -> Slot* {
        try {
            const std::size_t chunk = index / chunk_size;
            if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
            chunks_[chunk] = std::make_unique<Chunk>();
            return &(*chunks_[chunk])[index % chunk_size];
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    std::vector<std::unique_ptr<Chunk>> chunks_;
};

}  // namespace gyre::backend
