#pragma once

#include "support/loops.hpp"

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>

namespace gyre::testing {

/// A new directory of a test, gone with everything in it at the end.
class Scratch {
public:
    Scratch() {
        std::string pattern = (std::filesystem::temp_directory_path() / "gyre-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), pattern);
        path_ = pattern;
    }
    Scratch(const Scratch&) = delete;
    auto operator=(const Scratch&) -> Scratch& = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] auto path() const -> const std::filesystem::path& { return path_; }
    [[nodiscard]] auto operator/(const std::string& name) const -> std::filesystem::path { return path_ / name; }

    /// How many names are in it, at any depth.
    [[nodiscard]] auto count() const -> std::size_t {
        return static_cast<std::size_t>(std::distance(
            std::filesystem::recursive_directory_iterator(path_), std::filesystem::recursive_directory_iterator()));
    }

private:
    std::filesystem::path path_;
};

/// How many descriptors this process has open.
[[nodiscard]] inline auto descriptor_count() -> std::size_t {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

}  // namespace gyre::testing
