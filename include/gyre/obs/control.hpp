#pragma once

#include <gyre/core/loop.hpp>
#include <gyre/core/warden.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace gyre::obs {

/// Lets other programs of the same user look inside of this one: `gyre::run(amain(), {.control = &gyre::obs::control_socket})`.
///
/// A thread of its own, with a loop of its own, serves HTTP with JSON on a Unix socket, for `gyre ps`, `gyre top` and the others;
/// it answers also while every loop of the program is blocked. The socket is `PID.sock` in the first of `control_folders` that can
/// be had, and goes when the run ends. Nobody but the user and root may connect: the folder is the user's alone (0700), so is
/// the socket (0600), and the kernel is asked who is at the other end.
/// A program is not kept from its work by this: if the folder, the socket or the thread cannot be had, a line on standard error
/// says why, and the run goes on without.
/// @return null: none could be had.
[[nodiscard]] auto control_socket(const RunOptions& options, std::span<EventLoop* const> loops)
    -> std::unique_ptr<gyre::internal::Warden>;

/// Where programs of a user have their control sockets: `$XDG_RUNTIME_DIR/gyre` (where there is no such folder of the user's, it is
/// left out), `/run/user/UID/gyre`, `/tmp/gyre-UID`.
[[nodiscard]] auto control_folders(unsigned user) -> std::vector<std::string>;

}  // namespace gyre::obs
