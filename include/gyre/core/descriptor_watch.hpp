#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::internal {

/// The listeners on descriptors of a loop: `add_reader` and `add_writer`. Thread: the loop's.
class DescriptorWatches {
public:
    enum class Direction : std::uint8_t { read, write };

    explicit DescriptorWatches(EventLoop& loop) noexcept;
    DescriptorWatches(const DescriptorWatches&) = delete;
    auto operator=(const DescriptorWatches&) -> DescriptorWatches& = delete;
    ~DescriptorWatches();

    /// Calls `function` whenever the descriptor is ready; replaces the one that was there.
    /// @throws IoError if it cannot be watched.
    void add(int descriptor, Direction direction, std::function<void()> function);
    /// @return whether there was one. The descriptor may be closed then.
    auto remove(int descriptor, Direction direction) noexcept -> bool;
    /// Removes all.
    void close() noexcept;

private:
    class Watch;
    struct Release {
        void operator()(Watch* watch) const noexcept;
    };
    using Key = std::pair<int, Direction>;

    EventLoop& loop_;
    std::map<Key, std::unique_ptr<Watch, Release>> watches_;
};

}  // namespace gyre::internal
