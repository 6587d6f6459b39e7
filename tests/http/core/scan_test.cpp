// The fast paths and the reference paths say the same, for every byte at every place.

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

TEST(Scan, words_are_compared_as_texts_without_case) {
    const std::string word = "keep-alive";
    for (std::size_t at = 0; at < word.size(); ++at) {
        for (int byte = 0; byte < 256; ++byte) {
            if (is_forbidden_control(static_cast<char>(byte))) continue;
            std::string text = word;
            text[at] = static_cast<char>(byte);
            ASSERT_EQ(is_word("keep-alive", text), equals_ignoring_case(word, text)) << "byte " << byte << " at " << at;
        }
    }
    EXPECT_TRUE(is_word("close", "cLOsE"));
    EXPECT_FALSE(is_word("close", "clos"));
    EXPECT_FALSE(is_word("close", "closed"));
}

}  // namespace
}  // namespace gyre::http::internal
