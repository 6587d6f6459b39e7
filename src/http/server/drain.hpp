#pragma once

#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/sync/event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace gyre::http::internal {

class DrainScope;

/// The going down of one loop's server: what only waits ends at once, what works is left to finish. And what gives way when the
/// server is full: who has waited for its client longest, so that clients which say nothing do not keep others out.
class Drain {
public:
    /// A connection gives way after it has waited for that long.
    static constexpr Duration patience = std::chrono::seconds(1);

    Drain() = default;
    Drain(const Drain&) = delete;
    auto operator=(const Drain&) -> Drain& = delete;

    /// One connection of the server.
    class Guest {
    public:
        explicit Guest(Drain& drain) noexcept : drain_(drain) { drain.enter(); }
        Guest(const Guest&) = delete;
        auto operator=(const Guest&) -> Guest& = delete;
        ~Guest() { --drain_.guests_; }

    private:
        Drain& drain_;
    };
    /// While it lives, there is room for so many. Thread: the server's loop.
    class Room {
    public:
        Room(Drain& drain, std::size_t most) noexcept : drain_(drain) { drain.most_ = most; }
        Room(const Room&) = delete;
        auto operator=(const Room&) -> Room& = delete;
        ~Room() {
            drain_.most_ = without_end;
            std::exchange(drain_.timer_, {}).cancel();
        }

    private:
        Drain& drain_;
    };

    /// Cancels every `DrainScope`, also those that are made later. Idempotent.
    void begin();
    [[nodiscard]] auto has_begun() const noexcept -> bool { return begun_.is_set(); }
    /// For what ends in a way of its own.
    [[nodiscard]] auto begun() noexcept -> gyre::Event& { return begun_; }

private:
    friend class DrainScope;
    static constexpr std::size_t without_end = static_cast<std::size_t>(-1);

    [[nodiscard]] auto is_full() const noexcept -> bool { return guests_ - leaving_ >= most_; }
    void enter() noexcept;
    /// One gives way, now or when it has waited for long enough.
    void make_room() noexcept;
    /// Who was told to give way goes now, or has got something from its client at that very moment and stays.
    void has_heard() noexcept;
    void look_in(Duration delay) noexcept;

    gyre::internal::IntrusiveList<DrainScope> scopes_;
    gyre::internal::IntrusiveList<DrainScope> idle_;   ///< Who has begun to wait first comes first.
    gyre::internal::IntrusiveList<DrainScope> heads_;  ///< The same of `DrainKind::head`.
    gyre::Event begun_{"the end of an http server"};
    std::size_t guests_ = 0;
    std::size_t leaving_ = 0;  ///< Of them: those that were told to give way, and have not heard it yet.
    std::size_t most_ = without_end;
    TimerHandle timer_;
    bool will_look_ = false;
};

/// What becomes of a wait when the server drains, and when it is full.
enum class DrainKind : std::uint8_t {
    busy,  ///< It ends when the server drains: accepting, a WebSocket.
    idle,  ///< And it gives way: waiting for the next request.
    head,  ///< It only gives way: waiting for the rest of a head, of a TLS handshake, or of what a proxy says.
};

/// Something that ends when the server drains, or gives way when it is full.
class DrainScope : public gyre::internal::ListLink<DrainScope> {
public:
    explicit DrainScope(Drain& drain) : DrainScope(drain, DrainKind::busy, Time::max()) {}
    /// @param since when the wait began.
    DrainScope(Drain& drain, DrainKind kind, Time since);
    DrainScope(const DrainScope&) = delete;
    auto operator=(const DrainScope&) -> DrainScope& = delete;
    ~DrainScope() {
        unlink();
        if (has_given_way()) drain_.has_heard();
    }

    /// As `CancelScope::run`: an optional, or a bool, which is empty or false if the server drains.
    template<class Work>
    [[nodiscard]] auto run(Work&& work) {
        return scope_.run(std::forward<Work>(work));
    }

    [[nodiscard]] auto scope() noexcept -> CancelScope& { return scope_; }
    /// It has ended since somebody else needs the place.
    [[nodiscard]] auto has_given_way() const noexcept -> bool { return since_ == Time::min(); }

private:
    friend class Drain;

    Drain& drain_;
    CancelScope scope_;
    Time since_;  ///< The least there is once it has given way: many connections have one of these.
};

}  // namespace gyre::http::internal
