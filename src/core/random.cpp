#include <gyre/core/random.hpp>

#include <gyre/backend/backend.hpp>
#include <gyre/core/loop.hpp>

namespace gyre {

void fill_random(std::span<std::byte> bytes) { this_loop().backend().fill_random(bytes); }

}  // namespace gyre
