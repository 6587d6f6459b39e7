#pragma once

#include "net/ares_resolver.hpp"
#include "net/lookup.hpp"
#include "net/name_cache.hpp"
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
    /// @param cached an answer that came before will do, as long as it is good.
    [[nodiscard]] auto ask(const std::string& host, bool cached = false) -> std::shared_ptr<Lookup>;
    [[nodiscard]] auto cache() noexcept -> NameCache& { return cache_; }
    /// Asks other name servers than /etc/resolv.conf says, as `AresResolver::use_servers`.
    void use_servers(const std::string& servers) { ares().use_servers(servers); }

private:
    [[nodiscard]] auto ares() -> AresResolver&;
    void answered(const std::string& name) noexcept;

    EventLoop& loop_;
    NameSources sources_;
    NameCache cache_;
    std::map<std::string, std::shared_ptr<Lookup>> under_way_;
    std::optional<AresResolver> ares_;  ///< Made for the first name; its end finishes what is under way.
};

}  // namespace gyre::internal
