// shared_channel under load: loops and threads that wait, give up, leave and come back, and whose items are all counted.

#include "support/loops.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre::testing {

namespace {

constexpr int items_of_a_sender = 60;

/// One round: who sends and who receives is drawn from the seed, and what was sent is compared with what arrived.
class Round {
public:
    explicit Round(std::uint32_t seed) : seed_(seed) {}

    void run() {
        std::minstd_rand chance(seed_);
        constexpr std::size_t capacities[] = {0, 1, 3, 16};
        auto ends = shared_channel<int>(capacities[chance() % 4]);
        const std::uint32_t senders = 1 + chance() % 3;
        const std::uint32_t receivers = chance() % 3;
        for (std::uint32_t i = 0; i < senders + receivers; ++i) {
            const std::uint32_t seed = static_cast<std::uint32_t>(chance());
            const bool in_loop = chance() % 3 != 0;
            if (i < senders) {
                start(in_loop, Sending{ends.sender.clone(), static_cast<int>(i) * items_of_a_sender, seed});
            } else {
                start(in_loop, Receiving{ends.receiver.clone(), seed});
            }
        }
        ends.sender.close();
        // This one stays to the end, so that nothing is dropped when the others leave.
        Items rest;
        while (const auto item = ends.receiver.receive_blocking()) rest.push_back(*item);
        for (std::thread& thread : threads_) thread.join();
        received_.insert(received_.end(), rest.begin(), rest.end());
        const auto figures = ends.receiver.statistics();
        EXPECT_EQ(figures.waiting_senders + figures.waiting_receivers + figures.buffered, 0U) << text();
        EXPECT_EQ(figures.open_senders, 0U) << text();
        EXPECT_EQ(figures.open_receivers, 1U) << text();
        EXPECT_EQ(figures.sent_count, sent_.size()) << text();
        std::sort(sent_.begin(), sent_.end());
        std::sort(received_.begin(), received_.end());
        EXPECT_EQ(sent_, received_) << text();
    }

private:
    struct Sending {
        SharedSender<int> sender;
        int first;
        std::uint32_t seed;
    };
    struct Receiving {
        SharedReceiver<int> receiver;
        std::uint32_t seed;
    };
    using Items = std::vector<int>;

    [[nodiscard]] auto text() const -> std::string { return "seed " + std::to_string(seed_); }

    template<class Part>
    void start(bool in_loop, Part part) {
        threads_.emplace_back([this, in_loop, mine = std::move(part)]() mutable {
            Items done;
            if (in_loop) {
                EventLoop loop(RunOptions{.backend = kernel_backend()});
                loop.run_until_complete(in_tasks(mine, done));
            } else {
                in_thread(mine, done);
            }
            const std::lock_guard lock(mutex_);
            Items& all = std::is_same_v<Part, Sending> ? sent_ : received_;
            all.insert(all.end(), done.begin(), done.end());
        });
    }

    /// Two tasks share the end; each gives up now and then, before or after it had to wait.
    template<class Part>
    static auto in_tasks(Part& part, Items& done) -> Task<> {
        co_await task_group([&](TaskGroup& group) {
            group.spawn(one_task(part, done, 0));
            group.spawn(one_task(part, done, 1));
        });
    }

    static auto patience(std::minstd_rand& chance) -> std::chrono::microseconds {
        return std::chrono::microseconds(chance() % 3 == 0 ? 0 : chance() % 60);
    }

    static auto one_task(Sending& part, Items& done, int task) -> Task<> {
        std::minstd_rand chance(part.seed + static_cast<std::uint32_t>(task));
        for (int item = part.first + task; item < part.first + items_of_a_sender; item += 2) {
            const auto limit = patience(chance);
            const bool over = co_await move_on_after(limit, part.sender.send(item));
            if (over) done.push_back(item);
        }
    }
    static auto one_task(Receiving& part, Items& done, int task) -> Task<> {
        std::minstd_rand chance(part.seed + static_cast<std::uint32_t>(task));
        for (int turn = 0; turn < items_of_a_sender; ++turn) {
            const auto limit = patience(chance);
            const auto item = co_await move_on_after(limit, part.receiver.receive());
            if (!item) continue;
            if (!*item) co_return;
            done.push_back(**item);
        }
    }

    static void in_thread(Sending& part, Items& done) {
        std::minstd_rand chance(part.seed);
        for (int item = part.first; item < part.first + items_of_a_sender; ++item) {
            if (chance() % 3 == 0) {
                if (!part.sender.try_send(item)) continue;
            } else {
                part.sender.send_blocking(item);
            }
            done.push_back(item);
            if (chance() % 16 == 0) part.sender = part.sender.clone();
        }
    }
    static void in_thread(Receiving& part, Items& done) {
        std::minstd_rand chance(part.seed);
        for (int turn = 0; turn < items_of_a_sender; ++turn) {
            const bool waits = chance() % 3 != 0;
            const auto item = waits ? part.receiver.receive_blocking() : part.receiver.try_receive();
            if (item) done.push_back(*item);
            if (waits && !item) return;
            if (chance() % 16 == 0) part.receiver = part.receiver.clone();
        }
    }

    std::uint32_t seed_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    Items sent_;
    Items received_;
};

}  // namespace

TEST(SharedChannel, stress_between_loops_and_threads) {
    const auto end = std::chrono::steady_clock::now() + stress_duration();
    std::uint32_t seed = 1;
    do {
        Round(seed++).run();
    } while (std::chrono::steady_clock::now() < end && !HasFailure());
    RecordProperty("rounds", static_cast<int>(seed - 1));
}

}  // namespace gyre::testing
