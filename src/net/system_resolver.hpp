#pragma once

#include "net/lookup.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::internal {

/// Looks names up with a function that blocks, getaddrinfo(3), on threads of its own: a name server that hangs must not
/// take the threads of other work. A thread ends when nothing is left to do.
class SystemResolver {
public:
    using Function = std::function<LookupAnswer(const std::string& host)>;
    static constexpr std::size_t thread_limit = 4;
    static constexpr std::size_t queue_limit = 1'000;

    /// @param function called on any of the threads.
    explicit SystemResolver(Function function);

    /// The one of the process, with getaddrinfo.
    [[nodiscard]] static auto of_process() -> SystemResolver&;

    /// Finishes `lookup` later, on the loop; or never, if the loop is closed by then: the thread ends by itself.
    /// @throws IoError "resolve <host>: ..." if too many are waiting, or no thread can be had. Thread: the loop's.
    void start(EventLoop& loop, std::shared_ptr<Lookup> lookup);

private:
    struct Job;
    struct Shared;
    static void work(const std::shared_ptr<Shared>& shared) noexcept;

    std::shared_ptr<Shared> shared_;
};

}  // namespace gyre::internal
