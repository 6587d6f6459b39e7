#include <gyre/backend/own_process.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/net/listener.hpp>

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace gyre::net {

namespace {

constexpr int first_descriptor = 3;
constexpr int most_descriptors = 1024;

auto number_in(std::string_view text) noexcept -> std::optional<int> {
    int number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Keeps it from the programs that this one starts.
void keep(int descriptor) {
    const int flags = ::fcntl(descriptor, F_GETFD);  // seam: it comes from outside, and belongs to no backend yet
    const int result = flags < 0 ? flags : ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);  // seam: as before
    if (result >= 0) return;
    throw IoError({errno, std::generic_category()}, "inherited_sockets", "descriptor " + std::to_string(descriptor));
}

}  // namespace

auto inherited_sockets() -> std::vector<InheritedSocket> {
    const auto process = backend::environment_value("LISTEN_PID");
    const auto count_text = backend::environment_value("LISTEN_FDS");
    if (count_text.empty() || number_in(process) != backend::process_number()) return {};
    const auto count = number_in(count_text);
    if (!count || *count < 0 || *count > most_descriptors) {
        throw IoError(std::make_error_code(std::errc::invalid_argument), "inherited_sockets", "LISTEN_FDS",
            "it is \"" + count_text + "\", which is no number from 0 to " + std::to_string(most_descriptors));
    }
    const auto all_names = backend::environment_value("LISTEN_FDNAMES");
    std::string_view names = all_names;
    std::vector<InheritedSocket> sockets;
    for (int i = 0; i < *count; ++i) {
        keep(first_descriptor + i);
        const auto end = names.find(':');
        sockets.emplace_back(first_descriptor + i, std::string(names.substr(0, end)));
        names.remove_prefix(end == names.npos ? names.size() : end + 1);
    }
    return sockets;
}

}  // namespace gyre::net
