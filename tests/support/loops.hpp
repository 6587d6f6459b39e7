#pragma once

#include <gyre/gyre.hpp>
#include <gyre/testing/gtest.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

/// What gyre's own tests use beside <gyre/testing/gtest.hpp>.
namespace gyre::testing {

using namespace std::chrono_literals;

/// The text of what `function` throws, or "nothing".
template<class F>
[[nodiscard]] auto error_of(F&& function) -> std::string {
    try {
        std::forward<F>(function)();
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "not a std::exception";
    }
    return "nothing";
}

/// How long a stress test runs: GYRE_STRESS_SECONDS of the environment, or a fifth of a second.
[[nodiscard]] inline auto stress_duration() -> std::chrono::duration<double> {
    const char* text = std::getenv("GYRE_STRESS_SECONDS");
    return std::chrono::duration<double>(text != nullptr ? std::strtod(text, nullptr) : 0.2);
}

/// Calls `round` again and again as long as a stress test runs, once at least, until the test has failed.
template<class F>
void stress(F&& round) {
    const auto end = std::chrono::steady_clock::now() + stress_duration();
    do {
        round();
    } while (std::chrono::steady_clock::now() < end && !::testing::Test::HasFailure());
}

/// Whether an outcome holds an error of type E.
template<class E, class T>
[[nodiscard]] auto failed_with(const Outcome<T>& outcome) -> bool {
    try {
        if (outcome.is_error()) std::rethrow_exception(outcome.error());
    } catch (const E&) {
        return true;
    } catch (...) {
        return false;
    }
    return false;
}

}  // namespace gyre::testing
