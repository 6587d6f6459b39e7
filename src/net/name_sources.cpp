#include "net/name_sources.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace gyre::internal {

namespace {

/// The sources of the last `hosts` line, with its "[NOTFOUND=return]" and comments taken out.
auto hosts_line(std::string_view text) -> std::string {
    std::string found = "files dns";
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line = line.substr(0, line.find('#'));
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (!line.starts_with("hosts:")) continue;
        found.clear();
        bool is_action = false;
        for (const char c : line.substr(6)) {
            if (c == '[') is_action = true;
            if (!is_action) found += c;
            if (c == ']') is_action = false;
        }
    }
    return found;
}

}  // namespace

NameSources::NameSources(std::string_view text) {
    std::istringstream sources(hosts_line(text));
    for (std::string source; sources >> source;) add(source);
}

auto NameSources::of_file(const std::string& path) -> NameSources {
    std::ifstream file(path);  // seam: names of the real world; a simulation has its own
    return NameSources(std::string(std::istreambuf_iterator<char>(file), {}));
}

void NameSources::add(std::string_view source) noexcept {
    if (source == "files" || source == "dns") return;
    if (source == "myhostname" || source == "mymachines") {
        without_dot_ = true;
    } else if (source == "mdns_minimal" || source == "mdns4_minimal" || source == "mdns6_minimal") {
        local_ = true;
    } else {
        all_ = true;
    }
}

auto NameSources::needs_system(std::string_view host) const noexcept -> bool {
    if (host.ends_with('.')) host.remove_suffix(1);
    return all_ || (without_dot_ && host.find('.') == std::string_view::npos) || (local_ && host.ends_with(".local"));
}

auto is_localhost(std::string_view host) -> bool {
    if (host.ends_with('.')) host.remove_suffix(1);
    const std::string name = name_key(host);
    return name == "localhost" || name.ends_with(".localhost");
}

auto name_key(std::string_view host) -> std::string {
    std::string name(host);
    std::ranges::transform(
        name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return name;
}

}  // namespace gyre::internal
