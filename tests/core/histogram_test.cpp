// Histogram: what quantiles of it may be trusted for.

#include <gyre/core/histogram.hpp>

#include <gtest/gtest.h>

namespace gyre {

TEST(Histogram, of_nothing_has_zeros) {
    const Histogram empty;
    EXPECT_EQ(empty.count(), 0U);
    EXPECT_EQ(empty.quantile(0.5), Duration::zero());
    EXPECT_EQ(empty.longest(), Duration::zero());
}

TEST(Histogram, gives_small_values_exactly) {
    Histogram histogram;
    for (int i = 0; i < 8; ++i) histogram.record(Duration(i));
    EXPECT_EQ(histogram.quantile(0.5), Duration(3));
    EXPECT_EQ(histogram.quantile(0), Duration(0));
    EXPECT_EQ(histogram.quantile(1), Duration(7));
}

TEST(Histogram, gives_any_value_to_within_an_eighth) {
    for (Duration::rep value = 1; value < (Duration::rep{1} << 39); value += 1 + value / 3) {
        Histogram histogram;
        histogram.record(Duration(value));
        histogram.record(Duration::max());
        const auto given = histogram.quantile(0.5).count();
        EXPECT_GE(given, value);
        EXPECT_LE(given, value + value / 8);
    }
}

TEST(Histogram, takes_what_is_too_long_and_what_is_negative) {
    Histogram histogram;
    histogram.record(std::chrono::hours(24));
    histogram.record(Duration(-5));
    EXPECT_EQ(histogram.count(), 2U);
    EXPECT_EQ(histogram.longest(), std::chrono::hours(24));
    EXPECT_EQ(histogram.quantile(0.5), Duration(0));
    EXPECT_GT(histogram.quantile(0.99), Duration(Duration::rep{1} << 39));
}

TEST(Histogram, counts_what_lies_below) {
    Histogram histogram;
    for (int i = 0; i < 98; ++i) histogram.record(std::chrono::microseconds(10));
    histogram.record(std::chrono::milliseconds(1));
    histogram.record(std::chrono::milliseconds(50));
    EXPECT_LE(histogram.quantile(0.9), std::chrono::nanoseconds(11'250));
    EXPECT_GE(histogram.quantile(0.99), std::chrono::milliseconds(1));
    EXPECT_LE(histogram.quantile(0.99), std::chrono::nanoseconds(1'125'000));
    EXPECT_EQ(histogram.quantile(1), std::chrono::milliseconds(50));
    EXPECT_EQ(histogram.total(), std::chrono::microseconds(980 + 51'000));
}

TEST(Histogram, since_an_earlier_state_has_what_came_after) {
    Histogram histogram;
    for (int i = 0; i < 100; ++i) histogram.record(Duration(1'000'000));
    const Histogram past = histogram;
    for (int i = 0; i < 3; ++i) histogram.record(Duration(5));
    const Histogram recent = histogram.since(past);
    EXPECT_EQ(recent.count(), 3U);
    EXPECT_EQ(recent.quantile(0.99), Duration(5));
    EXPECT_EQ(recent.total(), Duration(15));
}

}  // namespace gyre
