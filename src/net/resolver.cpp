#include "net/resolver.hpp"

#include "net/system_resolver.hpp"

#include <utility>

namespace gyre::internal {

// The files are read for the first question: a simulation asks none.
Resolver::Resolver(EventLoop& loop, const NameFiles& files)
    : loop_(loop), files_(files), servers_file_(files.resolv_conf), sources_file_(files.nsswitch_conf) {}

auto Resolver::ask(const std::string& host, bool cached) -> std::shared_ptr<Lookup> {
    follow_files();
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
    lookup->on_done([this, key = entry->first, asked = lookup.get()] { answered(key, asked); });
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

void Resolver::use_servers(const std::string& servers) {
    ares().use_servers(servers);
    has_own_servers_ = true;
}

void Resolver::follow_files() {
    const Time now = loop_.now();
    if (now < look_again_) return;
    look_again_ = now + files_.interval;
    // Not when its last question ends: it is at work then.
    std::erase_if(retired_, [](const auto& ares) { return ares->pending_count() == 0; });
    const bool has_other_sources = sources_file_.has_changed();
    const bool has_other_servers = servers_file_.has_changed() && !has_own_servers_;
    if (!has_other_sources && !has_other_servers) return;
    if (has_other_sources) sources_ = NameSources::of_file(sources_file_.path());
    if (has_other_servers && ares_) retired_.push_back(std::move(ares_));
    under_way_.clear();
    cache_.clear();
}

auto Resolver::ares() -> AresResolver& {
    if (!ares_) ares_ = std::make_unique<AresResolver>(loop_, files_);
    return *ares_;
}

void Resolver::answered(const std::string& name, const Lookup* lookup) noexcept {
    const auto found = under_way_.find(name);
    // One that was asked before the files changed says nothing about now.
    if (found == under_way_.end() || found->second.get() != lookup) return;
    try {
        cache_.store(name, found->second->answer(), loop_.now());
    } catch (...) {  // no memory: it is asked again next time
    }
    under_way_.erase(found);
}

}  // namespace gyre::internal
