#pragma once

#include "support/loops.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace gyre::testing {

/// Counts who is inside something, and fails when there are more than may be.
class Inside {
public:
    explicit Inside(int most = 1) : most_(most) {}

    /// Is inside from here to its end.
    class Visit {
    public:
        explicit Visit(Inside& place) : place_(place) { EXPECT_LE(++place_.count_, place_.most_); }
        Visit(const Visit&) = delete;
        auto operator=(const Visit&) -> Visit& = delete;
        ~Visit() { --place_.count_; }

    private:
        Inside& place_;
    };

    [[nodiscard]] auto count() const -> int { return count_; }

private:
    int most_;
    int count_ = 0;
};

/// A scenario for `CancelEverywhere` in which one task is cancelled while others, which are not, compete with it: whatever
/// was on its way to the victim has to reach them, or they never end.
/// @param victim is cancelled. @param others are tasks of their own, and have to end.
inline auto among_others(std::function<Task<>()> victim, std::vector<std::function<Task<>()>> others) -> Task<> {
    std::vector<TaskHandle<>> handles;
    for (std::size_t i = 0; i < others.size(); ++i) {
        const std::string name = "other " + std::to_string(i);
        handles.push_back(spawn(others[i], {.name = name}));
    }
    co_await try_finally([&]() -> Task<> { co_await victim(); },
        [&]() -> Task<> {
            for (const auto& handle : handles) co_await handle.join();
        });
}

/// A task of another loop tries something. @return the text of its error.
inline auto error_on_another_loop(const std::function<Task<>()>& work) -> std::string {
    TestLoop other;
    const auto outcome = other->run_to_outcome(work);
    return outcome.is_error() ? describe(outcome.error()) : "nothing";
}

}  // namespace gyre::testing
