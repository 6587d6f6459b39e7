#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/address.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::net {

/// How names are looked up.
struct ResolveOptions {
    /// An answer that this loop has had before will do, for as long as the name servers said: at least a second, at most ten
    /// minutes; 10 s if it came from the system's resolver, 5 s that there is no such name.
    bool cached = false;
};

/// The addresses of a host, in the order in which they are best tried (RFC 6724; of localhost, IPv4 first). Where a name server
/// answered for one family only at first, the addresses of the other stand behind.
///
/// A numeric address gives itself. Names are looked up with c-ares inside the loop; where the system's nsswitch.conf asks
/// for more than files and dns, by getaddrinfo(3) on a bounded pool of threads.
/// @throws IoError naming the host ("resolve example.invalid: no such name"), std::invalid_argument for a host that is
/// empty or has a NUL. On cancel: nobody waits for the answer; the question goes on, for whoever asks next.
[[nodiscard]] auto resolve(std::string host, std::uint16_t port, ResolveOptions options = {})
    -> Task<std::vector<Address>>;

/// What a loop's cache of names has done. A simulated world has none.
struct NameCacheStats {
    std::size_t entries = 0;      ///< Names that it holds, at most 1,000.
    std::uint64_t hits = 0;       ///< Questions that it answered.
    std::uint64_t misses = 0;     ///< Questions that it could not answer: others were asked.
    std::uint64_t evictions = 0;  ///< Names that went before their time, to make room: those used longest ago.
};
/// Of this thread's loop. @throws LoopError if there is none; so do the two below.
[[nodiscard]] auto name_cache_stats() -> NameCacheStats;
/// The next question for the host is asked anew, with and without a dot at its end. What is under way goes on.
void forget_name(std::string_view host);
/// So for every host: when the network has changed.
void clear_name_cache();

}  // namespace gyre::net
