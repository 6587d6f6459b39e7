#pragma once

#include "net/lookup.hpp"
#include "net/name_files.hpp"

#include <gyre/core/loop.hpp>

#include <list>
#include <memory>
#include <string>

namespace gyre::internal {

/// Looks names up with c-ares: /etc/hosts and DNS, inside the loop. One channel; its sockets and its timeouts are watched
/// by the loop. Thread: the loop's.
class AresResolver {
public:
    /// Reads the name servers, for good. @throws IoError if c-ares refuses to start.
    explicit AresResolver(EventLoop& loop, const NameFiles& files = {});
    AresResolver(const AresResolver&) = delete;
    auto operator=(const AresResolver&) -> AresResolver& = delete;
    /// What is under way ends without an answer.
    ~AresResolver();

    /// Asks other name servers than those files say: "127.0.0.1:5353,[::1]:53". @throws std::invalid_argument.
    void use_servers(const std::string& servers);

    /// Asks for both families. `lookup` is finished later, or before this returns.
    void start(std::shared_ptr<Lookup> lookup);

    /// How many questions are under way.
    [[nodiscard]] auto pending_count() const noexcept -> std::size_t { return pending_.size(); }

private:
    struct Channel;
    struct Pending;

    void watch(int descriptor, bool readable, bool writable) noexcept;
    void process(int readable, int writable);
    void arm_timer();

    EventLoop& loop_;
    std::list<Pending> pending_;
    TimerHandle timer_;
    std::unique_ptr<Channel> channel_;
};

}  // namespace gyre::internal
