#include "net/resolver.hpp"

#include "net/system_resolver.hpp"

#include <utility>

namespace gyre::internal {

Resolver::Resolver(EventLoop& loop) : loop_(loop), sources_(NameSources::of_system()) {}

auto Resolver::ask(const std::string& host, bool cached) -> std::shared_ptr<Lookup> {
    std::string name = name_key(host);
    if (cached) {
        if (const LookupAnswer* const known = cache_.find(name, loop_.now())) {
            auto lookup = std::make_shared<Lookup>(host);
            lookup->finish(*known);
            return lookup;
        }
    }
    const auto [entry, is_new] = under_way_.try_emplace(std::move(name));
    if (!is_new) return entry->second;
    const auto lookup = std::make_shared<Lookup>(host);
    entry->second = lookup;
    lookup->on_done([this, key = entry->first] { answered(key); });
    try {
        if (sources_.needs_system(entry->first)) {
            SystemResolver::of_process().start(loop_, lookup);
        } else {
            ares().start(lookup);
        }
    } catch (...) {
        lookup->on_done(nullptr);  // it may have been asked for, and its answer come yet
        under_way_.erase(name_key(host));
        throw;
    }
    return lookup;
}

auto Resolver::ares() -> AresResolver& { return ares_ ? *ares_ : ares_.emplace(loop_); }

void Resolver::answered(const std::string& name) noexcept {
    const auto found = under_way_.find(name);
    try {
        cache_.store(name, found->second->answer(), loop_.now());
    } catch (...) {  // no memory: it is asked again next time
    }
    under_way_.erase(found);
}

}  // namespace gyre::internal
