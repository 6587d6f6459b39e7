#include <gyre/core/timer_heap.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <utility>

namespace gyre::internal {
namespace {

struct Alarm final : Timer {
    void fire() noexcept override {}
};

auto at(std::int64_t tick) -> Time { return Time(Duration(tick)); }

TEST(TimerHeap, fires_by_deadline_and_then_by_age_whatever_was_cancelled) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        TimerHeap heap;
        std::deque<Alarm> alarms;
        std::map<std::pair<std::int64_t, std::size_t>, Alarm*> model;  // by deadline and age
        const int steps = 1 + static_cast<int>(random() % 600);
        for (int step = 0; step < steps; ++step) {
            if (random() % 3 != 0) {
                const auto deadline = static_cast<std::int64_t>(random() % 20);  // many are equal
                Alarm& alarm = alarms.emplace_back();
                heap.insert(alarm, at(deadline));
                model[{deadline, alarms.size()}] = &alarm;
                EXPECT_EQ(heap.deadline(alarm), at(deadline));
            } else if (!model.empty()) {
                const auto victim = std::next(model.begin(), static_cast<std::ptrdiff_t>(random() % model.size()));
                heap.cancel(*victim->second);
                EXPECT_FALSE(victim->second->armed());
                model.erase(victim);
            }
            ASSERT_EQ(heap.size(), model.size());
            ASSERT_EQ(heap.next(), model.empty() ? Time::max() : at(model.begin()->first.first));
        }
        for (std::int64_t now = 0; now < 20; ++now) {
            while (Timer* timer = heap.pop(at(now))) {
                ASSERT_FALSE(model.empty());
                ASSERT_EQ(timer, model.begin()->second);
                ASSERT_EQ(model.begin()->first.first, now);
                EXPECT_FALSE(timer->armed());
                model.erase(model.begin());
            }
        }
        EXPECT_TRUE(model.empty());
        EXPECT_EQ(heap.size(), 0U);
    }
}

TEST(TimerHeap, forgets_what_was_cancelled) {
    TimerHeap heap;
    std::deque<Alarm> alarms(10'000);
    for (std::size_t i = 0; i < alarms.size(); ++i) heap.insert(alarms[i], at(static_cast<std::int64_t>(i)));
    for (auto& alarm : alarms) heap.cancel(alarm);
    EXPECT_EQ(heap.size(), 0U);
    EXPECT_EQ(heap.next(), Time::max());
    EXPECT_EQ(heap.pop(Time::max()), nullptr);
    heap.insert(alarms[3], at(3));
    EXPECT_EQ(heap.next(), at(3));
    heap.cancel(alarms[3]);
    heap.cancel(alarms[3]);
    EXPECT_EQ(heap.size(), 0U);
}

}  // namespace
}  // namespace gyre::internal
