// The vector path and the reference path find the same end, for every byte at every place.

#include "../../../src/http/core/scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gyre::http::internal {
namespace {

TEST(Scan, vector_path_equals_reference_path) {
    for (std::size_t size : {1U, 15U, 16U, 17U, 31U, 32U, 47U, 48U}) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(byte);
                const char* end = text.data() + size;
                ASSERT_EQ(find_value_end(text.data(), end), find_value_end_scalar(text.data(), end))
                    << "byte " << byte << " at " << at << " of " << size;
            }
        }
    }
}

}  // namespace
}  // namespace gyre::http::internal
