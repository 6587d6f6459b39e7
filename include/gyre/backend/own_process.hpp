#pragma once

#include <string>

namespace gyre::backend {

/// What this process is called and who runs it. Source: getpid(2), geteuid(2), comm of proc(5).
[[nodiscard]] auto process_number() noexcept -> int;
[[nodiscard]] auto user_number() noexcept -> unsigned;
[[nodiscard]] auto program_name() -> std::string;

/// The value of a variable of the environment; empty if there is none. Source: getenv(3).
[[nodiscard]] auto environment_value(const char* name) -> std::string;

/// Whether `path` is a folder that belongs to this user and that this user may make files in.
[[nodiscard]] auto is_own_folder(const std::string& path) noexcept -> bool;

/// Makes a folder that nobody else may enter; one that is there must belong to this user, and is closed to all others.
/// @throws std::system_error naming the path, and what to do.
void make_private_folder(const std::string& path);

/// Takes a file from all others: mode 0600. @throws std::system_error naming the path.
void make_private_file(const std::string& path);

}  // namespace gyre::backend
