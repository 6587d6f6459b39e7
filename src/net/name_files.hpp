#pragma once

#include <gyre/backend/clock.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace gyre::internal {

/// Where a machine says how names are looked up.
struct NameFiles {
    std::string resolv_conf = "/etc/resolv.conf";
    std::string nsswitch_conf = "/etc/nsswitch.conf";
    std::uint16_t port = 53;                      ///< Of the name servers.
    Duration interval = std::chrono::seconds(1);  ///< They are looked at no more often than that.
};

/// Tells when a file is another than before: made, replaced, written to or gone.
class FileWatch {
public:
    explicit FileWatch(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] auto path() const noexcept -> const std::string& { return path_; }
    /// Since the last call. The first one says yes. A file that cannot be looked at counts as none.
    [[nodiscard]] auto has_changed() noexcept -> bool;

private:
    struct Mark {
        dev_t device = 0;
        ino_t number = 0;
        off_t size = 0;
        std::int64_t seconds = 0;
        std::int64_t nanoseconds = 0;

        auto operator==(const Mark&) const noexcept -> bool = default;
    };

    std::string path_;
    Mark mark_;
    bool was_looked_at_ = false;
};

}  // namespace gyre::internal
