#pragma once

#include "net/lookup.hpp"

#include <gyre/backend/clock.hpp>
#include <gyre/net/resolve.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <string_view>

namespace gyre::internal {

/// The answers of a loop's resolver, each for its time. The one used longest ago goes when there are too many.
class NameCache {
public:
    static constexpr std::size_t entry_limit = 1'000;
    static constexpr Duration shortest = std::chrono::seconds(1);
    static constexpr Duration longest = std::chrono::minutes(10);
    /// Of answers that say no time: those of the system's resolver.
    static constexpr Duration without_time = std::chrono::seconds(10);
    static constexpr Duration of_no_such_name = std::chrono::seconds(5);

    /// Null if there is none that is still good. @param name in its plain form.
    [[nodiscard]] auto find(std::string_view name, Time now) -> const LookupAnswer*;
    /// Keeps an answer, unless it is a failure of those who were asked. @throws std::bad_alloc.
    void store(const std::string& name, const LookupAnswer& answer, Time now);
    void forget(std::string_view name) noexcept;
    void clear() noexcept;

    [[nodiscard]] auto stats() const noexcept -> net::NameCacheStats;

private:
    struct Entry {
        std::string name;
        LookupAnswer answer;
        Time good_until{};
    };
    using Entries = std::list<Entry>;

    void drop(Entries::iterator entry) noexcept;

    Entries entries_;  ///< The one used last comes first.
    std::map<std::string_view, Entries::iterator> by_name_;
    net::NameCacheStats stats_;
};

}  // namespace gyre::internal
