#pragma once

#include "os_support.hpp"

#include <cstddef>
#include <iterator>
#include <string>

namespace gyre::testing {

/// A folder of a test whose content is counted.
class Scratch : public TemporaryFolder {
public:
    [[nodiscard]] auto operator/(const std::string& name) const -> std::filesystem::path { return path() / name; }

    /// How many names are in it, at any depth.
    [[nodiscard]] auto count() const -> std::size_t {
        return static_cast<std::size_t>(std::distance(
            std::filesystem::recursive_directory_iterator(path()), std::filesystem::recursive_directory_iterator()));
    }
};

}  // namespace gyre::testing
