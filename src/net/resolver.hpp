#pragma once

#include "net/ares_resolver.hpp"
#include "net/lookup.hpp"
#include "net/name_sources.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::internal {

/// Looks names up for one loop, each name once at a time. Thread: the loop's.
class Resolver {
public:
    explicit Resolver(EventLoop& loop);

    /// The question for `host` that is under way, or a new one. @throws IoError if it cannot be asked.
    [[nodiscard]] auto ask(const std::string& host) -> std::shared_ptr<Lookup>;

private:
    EventLoop& loop_;
    NameSources sources_;
    std::map<std::string, std::shared_ptr<Lookup>> under_way_;
    std::optional<AresResolver> ares_;  ///< Made for the first name; its end finishes what is under way.
};

}  // namespace gyre::internal
