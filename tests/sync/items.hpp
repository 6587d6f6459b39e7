#pragma once

#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gyre::testing {

/// What became of one item: it was sent if and only if it was received, or is still inside, once.
struct Fate {
    int sent = 0;      ///< Its sender was told so.
    int received = 0;  ///< A receiver has it.
    int left = 0;      ///< It was inside at the end.
};

/// An item that writes down what becomes of it. Move-only.
class Item {
public:
    Item(std::shared_ptr<std::vector<Fate>> fates, std::size_t number) : fates_(std::move(fates)), number_(number) {}
    Item(Item&&) noexcept = default;
    auto operator=(Item&&) noexcept -> Item& = default;
    Item(const Item&) = delete;
    auto operator=(const Item&) -> Item& = delete;
    ~Item() = default;

    void receive() { ++(*fates_)[number_].received; }
    void leave() { ++(*fates_)[number_].left; }
    auto operator<(const Item& other) const -> bool { return number_ < other.number_; }

private:
    std::shared_ptr<std::vector<Fate>> fates_;
    std::size_t number_;
};

/// The fates of all items of a scenario.
class Ledger {
public:
    void clear() { fates_ = std::make_shared<std::vector<Fate>>(); }
    /// A new item.
    [[nodiscard]] auto make() -> Item {
        fates_->emplace_back();
        return {fates_, fates_->size() - 1};
    }
    /// The number that the next item gets, for `sent`.
    [[nodiscard]] auto next() const -> std::size_t { return fates_->size(); }
    void sent(std::size_t number) { ++(*fates_)[number].sent; }

    /// @param all how many are sent when nobody is cancelled, but for one more, whose sender leaves when it likes.
    void check(const CancelledRun& run, std::size_t all) const {
        std::size_t received = 0;
        for (std::size_t number = 0; number < fates_->size(); ++number) {
            const Fate& fate = (*fates_)[number];
            EXPECT_LE(fate.sent, 1) << "item " << number << ", " << run.text();
            EXPECT_EQ(fate.received + fate.left, fate.sent) << "item " << number << ", " << run.text();
            received += static_cast<std::size_t>(fate.received);
        }
        if (!run.step) {
            EXPECT_GE(received, all) << run.text();
            EXPECT_LE(received, all + 1) << run.text();
        }
    }

private:
    std::shared_ptr<std::vector<Fate>> fates_;
};

template<class AnySender>
auto send_items(AnySender sender, Ledger& ledger, int count) -> Task<> {
    for (int i = 0; i < count; ++i) {
        const std::size_t number = ledger.next();
        co_await sender.send(ledger.make());
        ledger.sent(number);
    }
}

/// Senders and receivers of one channel, some of whom leave. The last receiver outlives the run: what is inside then counts.
/// @param make gives the ends of a new channel. @param last is done with the receiver when all others are at work.
template<class MakeEnds, class Last>
void expect_channel_loses_nothing(const MakeEnds& make, const Last& last) {
    Ledger ledger;
    std::optional<decltype(make().receiver)> kept;
    const std::size_t steps = CancelEverywhere([&]() -> Task<> {
        auto [sender, receiver] = make();
        kept.emplace(receiver.clone());
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto leaving_receiver = group.spawn([in = receiver.clone()]() -> Task<> {
                if (auto item = co_await in.receive()) item->receive();
            });
            for (int i = 0; i < 3; ++i) {
                group.spawn([in = receiver.clone()]() -> Task<> {
                    while (auto item = co_await in.receive()) {
                        item->receive();
                        co_await yield_now();
                    }
                });
            }
            co_await yield_now();
            leaving_receiver.cancel();
            auto leaving_sender = group.spawn(send_items(sender.clone(), ledger, 1));
            for (int i = 0; i < 3; ++i) group.spawn(send_items(sender.clone(), ledger, 8));
            co_await yield_now();
            leaving_sender.cancel();
            sender.close();
            co_await last(receiver);
        });
    })
                                  .before_each([&] { ledger.clear(); })
                                  .invariant([&](const CancelledRun& run) {
                                      if (!kept) return;
                                      const auto figures = kept->statistics();
                                      EXPECT_EQ(figures.waiting_senders + figures.waiting_receivers, 0U) << run.text();
                                      EXPECT_EQ(figures.open_senders, 0U) << run.text();
                                      EXPECT_EQ(figures.open_receivers, 1U) << run.text();
                                      while (auto item = kept->try_receive()) item->leave();
                                      kept.reset();
                                      ledger.check(run, 24);
                                  })
                                  .run();
    EXPECT_GE(steps, 50U) << "hardly anybody waits";
}

}  // namespace gyre::testing
