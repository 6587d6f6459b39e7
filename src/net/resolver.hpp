#pragma once

#include "net/ares_resolver.hpp"
#include "net/lookup.hpp"
#include "net/name_cache.hpp"
#include "net/name_files.hpp"
#include "net/name_sources.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gyre {
class EventLoop;
}  // namespace gyre

namespace gyre::internal {

/// Looks names up for one loop, each name once at a time. Thread: the loop's.
///
/// When the files that say how were changed, a question is asked as they say now. What was asked before is answered by whom it
/// was asked, for those who wait for it already; answers that are kept are forgotten.
class Resolver {
public:
    explicit Resolver(EventLoop& loop, const NameFiles& files = {});

    /// The question for `host` that is under way, or a new one. @throws IoError if it cannot be asked.
    /// @param cached an answer that came before will do, as long as it is good.
    [[nodiscard]] auto ask(const std::string& host, bool cached = false) -> std::shared_ptr<Lookup>;
    [[nodiscard]] auto cache() noexcept -> NameCache& { return cache_; }
    /// Asks other name servers than /etc/resolv.conf says, from now on, as `AresResolver::use_servers`.
    void use_servers(const std::string& servers);

private:
    [[nodiscard]] auto ares() -> AresResolver&;
    void answered(const std::string& name, const Lookup* lookup) noexcept;
    /// Looks whether the files have changed, unless that was done a moment ago.
    void follow_files();

    EventLoop& loop_;
    NameFiles files_;
    FileWatch servers_file_;
    FileWatch sources_file_;
    Time look_again_ = Time::min();
    NameSources sources_{""};
    NameCache cache_;
    std::map<std::string, std::shared_ptr<Lookup>> under_way_;
    // The end of one finishes what is under way.
    std::unique_ptr<AresResolver> ares_;                  ///< Made for the first name.
    std::vector<std::unique_ptr<AresResolver>> retired_;  ///< Of files that have changed, until they are answered.
    bool has_own_servers_ = false;
};

}  // namespace gyre::internal
