// Range, Content-Range: RFC 9110 14.

#include <gyre/http/core/range.hpp>

#include <gtest/gtest.h>

#include <string>

namespace gyre::http {
namespace {

/// "whole", "416", or the parts as first+size.
auto answer(std::string_view range, std::uint64_t size) -> std::string {
    const auto selection = select_ranges(range, size);
    if (selection.answer == RangeAnswer::unsatisfiable) return "416";
    if (selection.answer == RangeAnswer::whole) return "whole";
    std::string text;
    for (const auto& part : selection.ranges) {
        text.append(text.empty() ? "" : " ").append(std::to_string(part.first)).append("+");
        text.append(std::to_string(part.size));
    }
    return text;
}

TEST(Range, one_part) {
    EXPECT_EQ(answer("bytes=0-0", 1000), "0+1");
    EXPECT_EQ(answer("bytes=0-499", 1000), "0+500");
    EXPECT_EQ(answer("bytes=500-999", 1000), "500+500");
    EXPECT_EQ(answer("bytes=500-1000", 1000), "500+500");
    EXPECT_EQ(answer("bytes=500-", 1000), "500+500");
    EXPECT_EQ(answer("bytes=-1", 1000), "999+1");
    EXPECT_EQ(answer("bytes=-1000", 1000), "0+1000");
    EXPECT_EQ(answer("bytes=-2000", 1000), "0+1000");
    EXPECT_EQ(answer("bytes=0-", 1000), "0+1000") << "the whole of it, as a part: players ask so";
    EXPECT_EQ(answer("BYTES=0-0", 1000), "0+1") << "units are compared without case";
    EXPECT_EQ(answer("bytes= 0-0 , ", 1000), "0+1");
    EXPECT_EQ(answer("bytes=1-18446744073709551616", 1000), "1+999") << "2^64 is no less a number";
}

TEST(Range, nothing_there_is_416) {
    EXPECT_EQ(answer("bytes=1000-", 1000), "416");
    EXPECT_EQ(answer("bytes=1000-1001", 1000), "416");
    EXPECT_EQ(answer("bytes=18446744073709551616-", 1000), "416");
    EXPECT_EQ(answer("bytes=-0", 1000), "416");
    EXPECT_EQ(answer("bytes=0-0", 0), "416");
    EXPECT_EQ(answer("bytes=2000-,-0", 1000), "416");
    EXPECT_EQ(answer("bytes=2000-,1-1", 1000), "1+1") << "what can be satisfied is";
    EXPECT_EQ(answer("bytes=-5", 0), "whole") << "the last bytes of nothing are nothing";
}

TEST(Range, what_makes_no_sense_is_passed_over) {
    for (const auto* const text : {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=5-4",
             "bytes=1-2-3", "bytes=0 - 1", "bytes =0-1", "bytes=+1-2", "bytes=--1", "bytes=0-1;x", "bytes=0-1,x",
             "bytes=0x1-2", "lines=0-1", "0-1", "bytes=0-1,bytes=2-3"}) {
        EXPECT_EQ(answer(text, 1000), "whole") << text;
    }
}

TEST(Range, several_parts_keep_their_order_unless_they_touch) {
    EXPECT_EQ(answer("bytes=900-909,0-9", 1000), "900+10 0+10");
    EXPECT_EQ(answer("bytes=0-9,5-19", 1000), "0+20");
    EXPECT_EQ(answer("bytes=0-999,-10,3-4", 1000), "0+1000");
    EXPECT_EQ(answer("bytes=900-909,0-9,10-19", 1000), "0+20 900+10");
    EXPECT_EQ(answer("bytes=0-9,90-99", 1000), "0+100") << "80 bytes between them";
    EXPECT_EQ(answer("bytes=0-9,91-99", 1000), "0+10 91+9") << "81 bytes between them";
}

TEST(Range, sixteen_and_no_more) {
    std::string text = "bytes=";
    for (int i = 0; i < 16; ++i) text += std::to_string(i * 1000) + "-" + std::to_string(i * 1000 + 9) + ",";
    EXPECT_EQ(select_ranges(text, 100'000).ranges.size(), 16U);
    EXPECT_EQ(answer(text + "99999-", 100'000), "416");
    EXPECT_EQ(answer(text + "999999-", 100'000), "416") << "those that cannot be satisfied count";
}

TEST(Range, content_range) {
    EXPECT_EQ(content_range({10, 5}, 100), "bytes 10-14/100");
    EXPECT_EQ(unsatisfied_range(100), "bytes */100");
}

TEST(Range, what_is_too_much_or_none_among_others_spoils_all) {
    std::string many = "bytes=";
    for (int i = 0; i < 40; ++i) many += std::to_string(i * 1000) + "-" + std::to_string(i * 1000 + 9) + ",";
    EXPECT_EQ(answer(many, 100'000), "416");
    EXPECT_EQ(answer(many, 0), "416");
    EXPECT_EQ(answer("bytes=-1,-2,-3,-4,-5,-6,-7,-8,-9,-10,-11,-12,-13,-14,-15,-16", 0), "whole");
    EXPECT_EQ(answer("bytes=-1,-2,-3,-4,-5,-6,-7,-8,-9,-10,-11,-12,-13,-14,-15,-16,-17", 0), "416");
    EXPECT_EQ(answer("bytes=0-9,x,20-29", 1000), answer("bytes=x", 1000));
    EXPECT_EQ(answer("bytes=x,0-9,-5", 1000), answer("bytes=x", 1000));
}

}  // namespace
}  // namespace gyre::http
