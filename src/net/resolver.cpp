#include "net/resolver.hpp"

#include "net/system_resolver.hpp"

#include <utility>

namespace gyre::internal {

Resolver::Resolver(EventLoop& loop) : loop_(loop), sources_(NameSources::of_system()) {}

auto Resolver::ask(const std::string& host) -> std::shared_ptr<Lookup> {
    const auto [entry, is_new] = under_way_.try_emplace(plain_name(host));
    if (!is_new) return entry->second;
    const auto lookup = std::make_shared<Lookup>(host);
    entry->second = lookup;
    lookup->on_done([this, key = entry->first] { under_way_.erase(key); });
    try {
        if (sources_.needs_system(entry->first)) {
            SystemResolver::of_process().start(loop_, lookup);
        } else {
            if (!ares_) ares_.emplace(loop_);
            ares_->start(lookup);
        }
    } catch (...) {
        under_way_.erase(plain_name(host));
        throw;
    }
    return lookup;
}

}  // namespace gyre::internal
