#pragma once

#include <functional>
#include <stdexcept>
#include <string>

/// What tests of programs on gyre need: virtual time, seeded order, memory streams, cancellation everywhere, leak checks.
namespace gyre::testing {

/// A check of gyre's failed; the text says which, and how to see it again.
class TestFailure : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// How failed checks reach the framework that runs the tests.
///
/// Without one, they are thrown as `TestFailure`. <gyre/testing/gtest.hpp> brings the one for GoogleTest.
class Framework {
public:
    Framework() = default;
    Framework(const Framework&) = delete;
    auto operator=(const Framework&) -> Framework& = delete;
    virtual ~Framework() = default;

    /// A check failed: notes it, and may throw.
    virtual void fail(const std::string& text) = 0;
    /// Whether the present test has failed already, by a check of gyre's or of the framework's own.
    [[nodiscard]] virtual auto failed() const -> bool = 0;
    /// Calls `function`; each failure inside is reported with `context` beside it.
    virtual void with_context(const std::string& context, const std::function<void()>& function) = 0;
};

/// The framework in use. Thread: any.
[[nodiscard]] auto framework() noexcept -> Framework&;

/// From now on failed checks go to `framework`, which outlives all tests. @return true, for use in an initialiser.
/// Thread: one, before the tests start.
auto use_framework(Framework& framework) noexcept -> bool;

}  // namespace gyre::testing
