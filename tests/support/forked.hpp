#pragma once

#include "support/loops.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gyre::testing {

/// Runs `checks` in a forked child. @return its exit status: 0 if all held, else one plus the number of the first that did not;
/// minus the signal that killed it, SIGALRM if it hung.
[[nodiscard]] inline auto in_child(const std::function<std::vector<bool>()>& checks) -> int {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);
        int status = 0;
        const auto held = checks();
        for (std::size_t i = 0; i < held.size() && status == 0; ++i) {
            if (!held[i]) status = static_cast<int>(i) + 1;
        }
        ::_exit(status);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

template<class F>
[[nodiscard]] auto says_forked(F&& function) -> bool {
    return error_of(std::forward<F>(function)).find("forked") != std::string::npos;
}

}  // namespace gyre::testing
