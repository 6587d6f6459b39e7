#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace gyre::http {

/// Which names sell names below them, such as "com", "co.uk" and "github.io": no cookie may be for all of one of those.
///
/// Thread: const calls from any; copies share the list. Source: publicsuffix.org.
class PublicSuffixList {
public:
    /// The list of the machine: the newer of the one built into libpsl and the system's file. Read once per process.
    [[nodiscard]] static auto system() -> const PublicSuffixList&;

    /// A list of your own, as text or in libpsl's compact form. Reads the file on this thread.
    /// @throws std::runtime_error naming the path if it cannot be read or holds no list.
    [[nodiscard]] static auto from_file(const std::filesystem::path& path) -> PublicSuffixList;

    /// @param domain a name in ASCII, in any case, with or without a dot at the end. A single label that is on no list is a
    ///        public suffix too.
    [[nodiscard]] auto is_public_suffix(std::string_view domain) const -> bool;

private:
    class List;
    explicit PublicSuffixList(std::shared_ptr<const List> list) noexcept;

    std::shared_ptr<const List> list_;
};

}  // namespace gyre::http
