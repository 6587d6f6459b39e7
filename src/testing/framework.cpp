#include <gyre/testing/framework.hpp>

namespace gyre::testing {

namespace {

class Throwing final : public Framework {
public:
    void fail(const std::string& text) override { throw TestFailure(text); }
    [[nodiscard]] auto failed() const -> bool override { return false; }
    void with_context(const std::string& context, const std::function<void()>& function) override {
        try {
            function();
        } catch (const TestFailure& failure) {
            throw TestFailure(std::string(failure.what()) + "\n  in: " + context);
        }
    }
};

auto slot() noexcept -> Framework*& {
    static Throwing throwing;
    static Framework* used = &throwing;
    return used;
}

}  // namespace

auto framework() noexcept -> Framework& { return *slot(); }

auto use_framework(Framework& framework) noexcept -> bool {
    slot() = &framework;
    return true;
}

}  // namespace gyre::testing
