#pragma once

#include "net/tls_engine.hpp"

#include <gyre/backend/clock.hpp>
#include <gyre/core/intrusive_list.hpp>
#include <gyre/core/loop.hpp>

#include <chrono>

namespace gyre::net {

class TlsBufferKeeper;

/// The buffers that OpenSSL has for the records of one connection, 16 KiB for each direction: it keeps them while it works, and
/// gives them back when it has rested for a while.
class TlsBuffers : public internal::ListLink<TlsBuffers> {
public:
    explicit TlsBuffers(TlsEngine& engine) noexcept : engine_(engine) {}
    TlsBuffers(const TlsBuffers&) = delete;
    auto operator=(const TlsBuffers&) -> TlsBuffers& = delete;
    ~TlsBuffers() { leave(); }

    /// From now on they are looked after by the loop. @throws std::bad_alloc.
    void join(EventLoop& loop);
    /// A record was read or written.
    void used() noexcept;
    /// The connection waits for its peer, and that may be long.
    void give_back() noexcept;

private:
    friend class TlsBufferKeeper;

    void leave() noexcept;

    TlsEngine& engine_;
    TlsBufferKeeper* keeper_ = nullptr;
    bool was_used_ = false;  ///< Since the keeper has looked.
};

/// Looks once in a while which connections of a loop have rested since it looked before. Thread: the loop's.
class TlsBufferKeeper {
public:
    /// A connection keeps its buffers for that long at least, and twice that at most.
    static constexpr Duration interval = std::chrono::seconds(1);

    explicit TlsBufferKeeper(EventLoop& loop) noexcept : loop_(loop) {}
    TlsBufferKeeper(const TlsBufferKeeper&) = delete;
    auto operator=(const TlsBufferKeeper&) -> TlsBufferKeeper& = delete;
    ~TlsBufferKeeper();

    void add(TlsBuffers& buffers) noexcept;
    /// One of them was taken out. The last one takes the timer along: nothing is left of it when all have ended.
    void removed() noexcept;

private:
    void look() noexcept;
    void look_later() noexcept;

    EventLoop& loop_;
    internal::IntrusiveList<TlsBuffers> held_;
    TimerHandle timer_;
    bool will_look_ = false;
};

}  // namespace gyre::net
