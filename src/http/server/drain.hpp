#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/sync/event.hpp>

#include <utility>

namespace gyre::http::internal {

class DrainScope;

/// The going down of one loop's server: what only waits ends at once, what works is left to finish.
class Drain {
public:
    Drain() = default;
    Drain(const Drain&) = delete;
    auto operator=(const Drain&) -> Drain& = delete;

    /// Cancels every `DrainScope`, also those that are made later. Idempotent.
    void begin();
    [[nodiscard]] auto has_begun() const noexcept -> bool { return begun_.is_set(); }
    /// For what ends in a way of its own.
    [[nodiscard]] auto begun() noexcept -> gyre::Event& { return begun_; }

private:
    friend class DrainScope;
    gyre::internal::IntrusiveList<DrainScope> scopes_;
    gyre::Event begun_{"the end of an http server"};
};

/// Something that ends when the server drains: accepting, waiting for the next request, a WebSocket.
class DrainScope : public gyre::internal::ListLink<DrainScope> {
public:
    explicit DrainScope(Drain& drain);
    DrainScope(const DrainScope&) = delete;
    auto operator=(const DrainScope&) -> DrainScope& = delete;
    ~DrainScope() { unlink(); }

    /// As `CancelScope::run`: an optional, or a bool, which is empty or false if the server drains.
    template<class Work>
    [[nodiscard]] auto run(Work&& work) {
        return scope_.run(std::forward<Work>(work));
    }

    [[nodiscard]] auto scope() noexcept -> CancelScope& { return scope_; }

private:
    CancelScope scope_;
};

}  // namespace gyre::http::internal
