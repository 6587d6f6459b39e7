// Which backend one gets, and what is said when one cannot have it.

#include "harness.hpp"

#include <gyre/backend/files.hpp>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <stdexcept>

namespace gyre::backend::testing {

namespace {

/// Sets GYRE_BACKEND for one test, and puts back what was there.
class Environment {
public:
    explicit Environment(const char* value) {
        if (const char* const old = std::getenv("GYRE_BACKEND")) before_ = old;
        value == nullptr ? ::unsetenv("GYRE_BACKEND") : ::setenv("GYRE_BACKEND", value, 1);
    }
    ~Environment() { before_ ? ::setenv("GYRE_BACKEND", before_->c_str(), 1) : ::unsetenv("GYRE_BACKEND"); }
    Environment(const Environment&) = delete;
    auto operator=(const Environment&) -> Environment& = delete;

private:
    std::optional<std::string> before_;
};

/// Makes one system call fail with an errno, for this process and for ever, as a container's policy does.
void refuse(long system_call, int error) {
    std::array<sock_filter, 4> program{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(system_call)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        ::_exit(90);
}

/// Runs a check in a child whose system calls can be refused. @return its verdict; nothing if no filter could be set.
auto in_a_child(const std::function<std::string()>& check) -> std::optional<std::string> {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return std::nullopt;
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string verdict = check();
        ::_exit(::write(ends[1], verdict.data(), verdict.size()) < 0 ? 91 : 0);
    }
    ::close(ends[1]);
    std::string verdict(4096, '\0');
    const ssize_t size = ::read(ends[0], verdict.data(), verdict.size());
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || size < 0) return std::nullopt;
    verdict.resize(static_cast<std::size_t>(size));
    return verdict;
}

auto name_or_error(std::string_view name) -> std::string {
    try {
        return std::string{make_backend(name)->name()};
    } catch (const std::exception& error) {
        return error.what();
    }
}

class Opening final : public FileOperation {
public:
    void completed() noexcept override {}
};

/// Who opens files where nobody has asked for a backend.
auto who_does_files() -> std::string {
    const Environment environment{nullptr};
    World world{make_backend()};
    Opening open;
    open.request.call = FileCall::open;
    open.request.path = "/dev/null";
    if (world->start_file(open) == FileStart::elsewhere) return "threads";
    world.finish(open);
    ::close(static_cast<int>(open.result));
    return "a ring";
}

auto has_io_uring() -> bool { return name_or_error("io_uring") == "io_uring"; }

TEST(Choice, epoll_is_always_there) {
    const Environment environment{nullptr};
    EXPECT_EQ(name_or_error("epoll"), "epoll");
}

TEST(Choice, without_a_wish_each_for_what_it_does_best) {
    const Environment environment{nullptr};
    EXPECT_EQ(name_or_error(""), "mixed");
}

TEST(Choice, an_empty_environment_is_no_wish) {
    const Environment environment{""};
    EXPECT_EQ(name_or_error(""), "mixed");
}

TEST(Choice, the_environment_decides_where_the_program_does_not) {
    const Environment environment{"epoll"};
    EXPECT_EQ(name_or_error(""), "epoll");
    if (has_io_uring()) {
        EXPECT_EQ(name_or_error("io_uring"), "io_uring");
    }
}

TEST(Choice, an_unknown_name_says_which_are_known) {
    EXPECT_THROW(static_cast<void>(make_backend("kqueue")), std::invalid_argument);
    EXPECT_EQ(name_or_error("kqueue"), "unknown backend \"kqueue\": known are \"mixed\", \"epoll\" and \"io_uring\"");
    const Environment environment{"select"};
    EXPECT_EQ(name_or_error(""),
        "unknown backend \"select\" in the environment's GYRE_BACKEND: known are \"mixed\", \"epoll\" and "
        "\"io_uring\"");
}

class Refusal : public ::testing::TestWithParam<int> {};

TEST(Choice, without_a_wish_a_ring_does_files_where_there_is_one) {
    EXPECT_EQ(who_does_files(), has_io_uring() ? "a ring" : "threads");
}

TEST_P(Refusal, without_a_wish_threads_do_files_silently) {
    const auto verdict = in_a_child([] {
        refuse(SYS_io_uring_setup, GetParam());
        return who_does_files();
    });
    if (!verdict) GTEST_SKIP() << "no seccomp filter here";
    EXPECT_EQ(*verdict, "threads");
}

TEST_P(Refusal, asked_for_by_name_it_says_who_refused_and_what_to_do) {
    const auto verdict = in_a_child([] {
        refuse(SYS_io_uring_setup, GetParam());
        return name_or_error("io_uring");
    });
    if (!verdict) GTEST_SKIP() << "no seccomp filter here";
    EXPECT_NE(verdict->find("io_uring"), std::string::npos) << *verdict;
    EXPECT_NE(verdict->find("GYRE_BACKEND=epoll"), std::string::npos) << *verdict;
    const char* const reason = GetParam() == EPERM    ? "seccomp"
                               : GetParam() == ENOMEM ? "RLIMIT_MEMLOCK"
                                                      : "older than 6.1";
    EXPECT_NE(verdict->find(reason), std::string::npos) << *verdict;
}

TEST_P(Refusal, forced_by_the_environment_it_is_an_error_too) {
    const auto verdict = in_a_child([] {
        refuse(SYS_io_uring_setup, GetParam());
        const Environment environment{"io_uring"};
        try {
            return std::string{make_backend()->name()};
        } catch (const std::system_error& error) {
            return "system_error " + std::to_string(error.code().value());
        }
    });
    if (!verdict) GTEST_SKIP() << "no seccomp filter here";
    EXPECT_EQ(*verdict, "system_error " + std::to_string(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Errors, Refusal, ::testing::Values(EPERM, ENOSYS, EINVAL, ENOMEM),
    [](const auto& test) { return std::string{::strerrorname_np(test.param)}; });

class HalfRefusal : public ::testing::TestWithParam<long> {};

TEST_P(HalfRefusal, a_policy_that_allows_only_the_setup_is_noticed_at_once) {
    const auto verdict = in_a_child([] {
        refuse(GetParam(), EPERM);
        return who_does_files();
    });
    if (!verdict) GTEST_SKIP() << "no seccomp filter here";
    EXPECT_EQ(*verdict, "threads");
}

INSTANTIATE_TEST_SUITE_P(Calls, HalfRefusal, ::testing::Values(SYS_io_uring_enter, SYS_io_uring_register));

TEST(Refusals, epoll_without_its_precise_wait_still_waits) {
    const auto verdict = in_a_child([] {
        refuse(SYS_epoll_pwait2, ENOSYS);
        World world{"epoll"};
        const Time deadline = world->now() + 1500us;
        world->wait(deadline);
        const bool is_late_enough = world->now() >= deadline;
        world->wake();
        world->wait(Time::max());
        return std::string{is_late_enough ? "waited" : "early"};
    });
    if (!verdict) GTEST_SKIP() << "no seccomp filter here";
    EXPECT_EQ(*verdict, "waited");
}

/// What comes of opening `path` below `root`: "open", or the errno's name.
auto beneath(const std::filesystem::path& root, const char* path, int flags) -> std::string {
    FileRequest request;
    request.call = FileCall::open_beneath;
    request.path = root.c_str();
    request.target = path;
    request.flags = O_RDONLY | flags;
    const auto result = kernel_files().perform(request);
    if (result < 0) return ::strerrorname_np(static_cast<int>(-result));
    kernel_files().close(static_cast<int>(result));
    return "open";
}

/// Everything that a path can be, in one line.
auto beneath_all(const std::filesystem::path& root, int flags) -> std::string {
    std::string verdict;
    for (const auto* const path :
        {"file", "folder/file", "folder", "folder/", "./file", "folder//file", ".", "none", "file/", "file/x", "link",
            "inner", "linked/secret", "folder/../file", "../secret", "..", "/etc/passwd", ""}) {
        verdict.append(path).append(" ").append(beneath(root, path, flags)).append(", ");
    }
    const std::string long_name(300, 'x');
    return verdict + beneath(root, long_name.c_str(), flags);
}

TEST(Beneath, the_same_with_and_without_openat2) {
    std::string pattern = (std::filesystem::temp_directory_path() / "gyre-beneath-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    const std::filesystem::path root = std::filesystem::path(pattern) / "root";
    std::filesystem::create_directories(root / "folder");
    for (const auto& file : {root / "file", root / "folder" / "file", root / ".." / "secret"})
        std::ofstream(file) << "x";
    std::filesystem::create_symlink("../secret", root / "link");
    std::filesystem::create_symlink("file", root / "inner");
    std::filesystem::create_directory_symlink("..", root / "linked");

    const auto with = beneath_all(root, O_NOFOLLOW);
    EXPECT_EQ(with,
        "file open, folder/file open, folder open, folder/ open, ./file open, folder//file open, . open, none ENOENT, "
        "file/ ENOTDIR, file/x ENOTDIR, link ELOOP, inner ELOOP, linked/secret ELOOP, folder/../file open, ../secret "
        "EXDEV, "
        ".. EXDEV, /etc/passwd EXDEV,  ENOENT, ENAMETOOLONG");
    EXPECT_EQ(beneath(root, "inner", 0), "open") << "links that stay below, where they may";
    EXPECT_EQ(beneath(root, "link", 0), "EXDEV");
    for (const int error : {ENOSYS, EPERM}) {
        const auto without = in_a_child([&] {
            refuse(SYS_openat2, error);
            return beneath_all(root, O_NOFOLLOW) + " / " + beneath(root, "inner", 0);
        });
        if (!without) GTEST_SKIP() << "no seccomp filter here";
        auto expected = with;
        // Not worth the care that it would take: no link is followed, so it is not needed either.
        expected.replace(expected.find("folder/../file open"), 19, "folder/../file EXDEV");
        EXPECT_EQ(*without, expected + " / " + ::strerrorname_np(error));
    }
    std::filesystem::remove_all(pattern);
}

}  // namespace

}  // namespace gyre::backend::testing
