// A program that can be looked into, and children that it forks; and a control socket that fails.

#include "child_output.hpp"
#include "support/forked.hpp"

#include <gyre/obs.hpp>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace gyre::testing {

namespace {

/// The descriptor of this process that listens at a path; -1: none does.
auto listening_at(const std::string& path) -> int {
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
        int listens = 0;
        socklen_t size = sizeof listens;
        if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) continue;
        sockaddr_un address{};
        socklen_t length = sizeof address;
        if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) continue;
        if (address.sun_family == AF_UNIX && path == address.sun_path) return descriptor;
    }
    return -1;
}

/// Whoever listens there is woken, and finds no socket any more: also if it has not begun to wait.
void break_listener(const std::string& path) {
    const int listener = listening_at(path);
    static_cast<void>(::dup(listener));  // stays open, and so wakes who waits for it
    ::dup2(::eventfd(1, EFD_NONBLOCK), listener);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

auto catches_quit() -> bool {
    struct sigaction now{};
    ::sigaction(SIGQUIT, nullptr, &now);
    return now.sa_handler != SIG_DFL;
}

}  // namespace

class InspectedForks : public ::testing::Test {
protected:
    InspectedForks() {
        std::string name = "/tmp/gyre-forks-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    }
    ~InspectedForks() override {
        ::unsetenv("XDG_RUNTIME_DIR");
        std::filesystem::remove_all(folder_);
    }
    /// Of the process that calls it.
    [[nodiscard]] auto socket() const -> std::string {
        return folder_ + "/gyre/" + std::to_string(::getpid()) + ".sock";
    }

    std::string folder_;
};

TEST_F(InspectedForks, a_child_does_not_keep_the_control_socket) {
    RunOptions options;
    options.control = &obs::control_socket;
    int status = -1;
    run(
        [&]() -> Task<> {
            const std::string path = socket();
            EXPECT_GE(listening_at(path), 0);
            status = in_child([&]() -> std::vector<bool> { return {listening_at(path) == -1}; });
            EXPECT_GE(listening_at(path), 0) << "the parent's goes on";
            co_return;
        },
        options);
    EXPECT_EQ(status, 0);
}

TEST_F(InspectedForks, sigquit_does_in_a_child_what_it_did_before) {
    RunOptions options;
    options.dump_on_quit = true;
    int status = -1;
    ASSERT_FALSE(catches_quit());
    run(
        [&]() -> Task<> {
            EXPECT_TRUE(catches_quit());
            status = in_child([]() -> std::vector<bool> { return {!catches_quit()}; });
            EXPECT_TRUE(catches_quit()) << "the parent's goes on";
            co_return;
        },
        options);
    EXPECT_EQ(status, 0);
}

TEST_F(InspectedForks, a_child_that_catches_sigquit_itself_goes_on_doing_so) {
    RunOptions options;
    options.dump_on_quit = true;
    int status = -1;
    run(
        [&]() -> Task<> {
            const SignalSet own({SIGQUIT});
            status = in_child([]() -> std::vector<bool> { return {catches_quit()}; });
            co_return;
        },
        options);
    EXPECT_EQ(status, 0);
}

TEST_F(InspectedForks, a_control_socket_that_fails_says_so) {
    const auto text = error_output_of([this](const std::string& path) {
        ::alarm(20);
        RunOptions options;
        options.control = &obs::control_socket;
        run(
            [&]() -> Task<> {
                break_listener(socket());
                while (!file_has(path, "\n")) co_await sleep(1ms);
            },
            options);
    });
    EXPECT_TRUE(
        text.starts_with("gyre: the control socket has ended, so `gyre ps` cannot look inside any more: accept "))
        << text;
}

}  // namespace gyre::testing
