#include <gyre/core/errors.hpp>
#include <gyre/os/directory.hpp>

#include <fnmatch.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace gyre::fs {

namespace {

using Names = std::vector<std::string>;

/// Whether a directory that cannot be opened is no failure of the walk.
auto is_passed_over(const IoError& error, const WalkOptions& options) noexcept -> bool {
    const std::error_code code = error.code();
    if (code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory) return true;
    return options.skip_unreadable && code == std::errc::permission_denied;
}

auto split(std::string_view text) -> Names {
    Names names;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('/'), text.size());
        if (end > 0) names.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return names;
}

/// How far the parts of a pattern can have been used up by the names of a path: one flag for each part, and one for all.
using Progress = std::vector<bool>;

void pass_empty_stars(const Names& pattern, Progress& progress) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (progress[i] && pattern[i] == "**") progress[i + 1] = true;
    }
}

auto begin_of(const Names& pattern) -> Progress {
    Progress progress(pattern.size() + 1, false);
    progress[0] = true;
    pass_empty_stars(pattern, progress);
    return progress;
}

auto after_name(const Names& pattern, const Progress& before, const std::string& name) -> Progress {
    Progress progress(before.size(), false);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (!before[i]) continue;
        if (pattern[i] == "**") {
            if (!name.starts_with('.')) progress[i] = true;
        } else if (::fnmatch(pattern[i].c_str(), name.c_str(), FNM_PERIOD | FNM_PATHNAME) == 0) {
            progress[i + 1] = true;
        }
    }
    pass_empty_stars(pattern, progress);
    return progress;
}

}  // namespace

Walk::Walk(std::filesystem::path root, WalkOptions options) : enter_(std::move(root)), options_(options) {}
Walk::Walk(Walk&&) noexcept = default;
auto Walk::operator=(Walk&&) noexcept -> Walk& = default;
Walk::~Walk() = default;

/// Opens what is to be entered next. Until that is done it stays to be done.
auto Walk::enter() -> Task<void> {
    try {
        auto opening = Directory::open(*enter_);
        auto directory = co_await std::move(opening);
        levels_.push_back(std::move(directory));
    } catch (const IoError& error) {
        if (!is_begun_ || !is_passed_over(error, options_)) throw;
    }
    is_begun_ = true;
    enter_.reset();
}

auto Walk::next() -> Task<std::optional<WalkEntry>> {
    if (enter_) co_await enter();
    while (!levels_.empty()) {
        auto entry = co_await levels_.back().next();
        if (!entry) {
            levels_.pop_back();
            continue;
        }
        WalkEntry found;
        found.path = levels_.back().path() / entry->name;
        found.type = entry->type;
        found.depth = levels_.size() - 1;
        if (found.type == FileType::directory && found.depth < options_.most_depth) enter_ = found.path;
        co_return found;
    }
    co_return std::nullopt;
}

auto glob(std::filesystem::path root, std::string pattern, std::size_t limit)
    -> Task<std::vector<std::filesystem::path>> {
    const Names parts = split(pattern);
    std::vector<std::filesystem::path> found;
    if (parts.empty()) co_return found;
    std::vector<Progress> levels = {begin_of(parts)};  // one for each directory on the way down
    Walk walk(root);
    for (;;) {
        auto entry = co_await walk.next();
        if (!entry) break;
        levels.resize(entry->depth + 1);
        Progress progress = after_name(parts, levels.back(), entry->path.filename().string());
        if (progress.back()) {
            if (found.size() == limit) {
                throw LimitError("glob " + pattern + ": more than the limit of " + std::to_string(limit) + " paths");
            }
            found.push_back(entry->path);
        }
        // Something must be left to match below.
        if (std::find(progress.begin(), progress.end() - 1, true) == progress.end() - 1) walk.skip();
        levels.push_back(std::move(progress));
    }
    std::sort(found.begin(), found.end());
    co_return found;
}

}  // namespace gyre::fs
