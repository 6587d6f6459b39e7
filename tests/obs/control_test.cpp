// The control socket: who may connect, what it answers, also while loops are blocked, and what is refused.

#include "obs/task_reader.hpp"
#include "support/loops.hpp"

#include <gyre/backend/own_process.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/peer_credentials.hpp>
#include <gyre/obs.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace gyre::testing {

namespace {

namespace fs = std::filesystem;

auto has(const std::string& text, std::string_view part) -> bool { return text.find(part) != std::string::npos; }

auto count_of(const std::string& text, std::string_view part) -> std::size_t {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

struct Answer {
    Answer() = default;
    int status = 0;
    std::string body;
};

/// One request to a control socket.
auto ask(std::string socket, std::string path, std::string body = {}) -> Task<Answer> {
    http::ClientOptions options;
    options.base_url = "http://gyre/";
    options.unix_socket = socket;
    http::Client client(options);
    auto response = co_await client.request(body.empty() ? "GET" : "POST", path).body(std::move(body)).send();
    Answer answer;
    answer.status = response.status();
    answer.body = co_await response.text();
    co_return answer;
}

/// The same from another thread, with a loop of its own.
auto ask_from_outside(const std::string& socket, const std::string& path) -> Answer {
    Answer answer;
    std::thread thread([&] { answer = run(ask(socket, path)); });
    thread.join();
    return answer;
}

auto wait_for(Event& event) -> Task<> { co_await event.wait(); }

}  // namespace

/// Each test has a runtime folder of its own.
class ControlSocket : public ::testing::Test {
protected:
    ControlSocket() {
        std::string name = "/tmp/gyre-control-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    }
    ~ControlSocket() override {
        ::unsetenv("XDG_RUNTIME_DIR");
        fs::remove_all(folder_);
    }
    [[nodiscard]] auto own_folder() const -> std::string { return folder_ + "/gyre"; }
    [[nodiscard]] auto socket(const char* more = "") const -> std::string {
        return own_folder() + "/" + std::to_string(::getpid()) + more + ".sock";
    }
    /// Runs a program that can be looked into.
    template<class W>
    void inspected(W work, std::size_t loops = 1) const {
        RunOptions options;
        options.loops = loops;
        options.control = &obs::control_socket;
        run(work, options);
    }

    std::string folder_;
};

namespace {

auto mode_of(const std::string& path) -> unsigned {
    struct stat found{};
    return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0;
}

}  // namespace

TEST_F(ControlSocket, shows_the_tasks_and_is_nobody_elses_and_goes_at_the_end) {
    inspected([this]() -> Task<> {
        Event bell("doorbell");
        auto visitor = spawn(wait_for(bell), {.name = "visitor"});
        const auto answer = co_await ask(socket(), "/v1/snapshot");
        EXPECT_EQ(answer.status, 200);
        EXPECT_TRUE(has(answer.body, "\"version\":1,\"pid\":" + std::to_string(::getpid()))) << answer.body;
        EXPECT_TRUE(has(answer.body, "\"name\":\"visitor\"")) << answer.body;
        EXPECT_TRUE(has(answer.body, "event 'doorbell'")) << answer.body;
        EXPECT_EQ(count_of(answer.body, "\"backend\""), 1U) << "the loop of the socket is not shown";
        EXPECT_FALSE(has(answer.body, "blocked_for_ns")) << answer.body;
        EXPECT_EQ(mode_of(own_folder()), 0700U);
        EXPECT_EQ(mode_of(socket()), 0600U);
        bell.set();
        co_await visitor.join();
    });
    EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(ControlSocket, shows_every_loop_and_the_chain_of_cancellation) {
    inspected(
        [this]() -> Task<> {
            Event bell("doorbell");
            const auto linger = [&bell]() -> Task<> {
                co_await try_finally([] { return sleep(1h); }, [&] { return wait_for(bell); });
            };
            auto slow = spawn(linger(), {.name = "slow to end"});
            co_await yield_now();
            slow.cancel("not needed");
            co_await yield_now();
            const auto answer = co_await ask(socket(), "/v1/snapshot");
            EXPECT_EQ(count_of(answer.body, "\"backend\""), 3U) << answer.body;
            EXPECT_TRUE(has(answer.body, "\"cancelled\":{\"kind\":\"request\"")) << answer.body;
            EXPECT_TRUE(has(answer.body, "not needed")) << answer.body;
            bell.set();
            try {
                co_await slow.join();
            } catch (const CancelledError&) {}
        },
        3);
}

TEST_F(ControlSocket, shows_the_tasks_of_a_loop_that_is_blocked) {
    inspected([this]() -> Task<> {
        Event bell("doorbell");
        auto visitor = spawn(wait_for(bell), {.name = "visitor"});
        co_await yield_now();
        const auto block = [this]() -> Task<> {
            const auto snapshot = ask_from_outside(socket(), "/v1/snapshot");  // this thread waits, and runs nothing
            EXPECT_TRUE(has(snapshot.body, "\"blocked_for_ns\":")) << snapshot.body;
            EXPECT_TRUE(has(snapshot.body, "event 'doorbell'")) << snapshot.body;
            EXPECT_TRUE(has(snapshot.body, "\"thread_stack\":[\"")) << snapshot.body;
            EXPECT_EQ(count_of(snapshot.body, "\"state\":\"running\""), 1U) << snapshot.body;
            EXPECT_TRUE(has(snapshot.body, "\"task_count\":3")) << snapshot.body;
            const auto figures = ask_from_outside(socket(), "/v1/figures");
            EXPECT_TRUE(has(figures.body, "\"task_count\":3")) << figures.body;
            EXPECT_TRUE(has(figures.body, "\"blocked_for_ns\":")) << figures.body;
            const auto findings = ask_from_outside(socket(), "/v1/findings?long=20");
            EXPECT_TRUE(has(findings.body, "never-yields")) << findings.body;
            EXPECT_TRUE(has(findings.body, ": system call (futex")) << findings.body;
            co_return;
        };
        auto blocked = spawn(block(), {.name = "blocked"});
        co_await blocked.join();
        bell.set();
        co_await visitor.join();
        const auto after = co_await ask(socket(), "/v1/snapshot");
        EXPECT_FALSE(has(after.body, "blocked_for_ns")) << after.body;
    });
}

TEST_F(ControlSocket, waits_for_a_loop_whose_thread_gets_no_core) {
    inspected([this]() -> Task<> {
        sigset_t looks;
        sigset_t before;
        sigemptyset(&looks);
        sigaddset(&looks, SIGURG);
        pthread_sigmask(SIG_BLOCK, &looks, &before);
        std::string body;
        std::atomic<bool> is_told = false;
        std::thread outside([&] {
            body = ask_from_outside(socket(), "/v1/snapshot").body;
            is_told = true;
        });
        // As on a busy machine: the thread neither answers nor lets itself be looked at. That it was tried again is seen here.
        const timespec limit{10, 0};
        for (int seen = 0; seen < 2;) {
            const int signal = sigtimedwait(&looks, nullptr, &limit);
            if (signal < 0 && errno == EINTR) continue;  // a ring has work for its thread
            EXPECT_EQ(signal, SIGURG);
            ++seen;
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        while (!is_told) co_await sleep(1ms);
        outside.join();
        EXPECT_FALSE(has(body, "\"is_read\":false")) << body;
        EXPECT_TRUE(has(body, "\"task_count\":1")) << body;
    });
}

TEST_F(ControlSocket, finds_a_circle_of_more_tasks_than_most_looks_take) {
    constexpr std::size_t count = 12'000;
    std::vector<std::unique_ptr<Lock>> locks;
    for (std::size_t i = 0; i < count; ++i) locks.push_back(std::make_unique<Lock>("lock"));
    const auto take_both = [&](std::size_t i) -> Task<> {
        const auto one = co_await locks[i]->acquire();
        co_await yield_now();
        const auto two = co_await locks[(i + 1) % count]->acquire();
    };
    inspected([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (std::size_t i = 0; i < count; ++i) group.spawn(take_both(i));
            for (int turn = 0; turn < 4; ++turn) co_await yield_now();  // until all of them wait
            const auto answer = co_await ask(socket(), "/v1/findings?long=50");
            EXPECT_TRUE(has(answer.body, "\"rule\":\"wait-circle\"")) << answer.body;
            EXPECT_TRUE(has(answer.body, "12000 tasks wait for each other")) << answer.body;
            EXPECT_TRUE(has(answer.body, "and 11984 more")) << answer.body;
            EXPECT_FALSE(has(answer.body, "lock-held")) << answer.body;
            EXPECT_LT(answer.body.size(), 10'000U);
            group.cancel("seen");
        });
    });
}

TEST_F(ControlSocket, finds_what_lasts_behind_any_number_of_tasks) {
    inspected([this]() -> Task<> {
        Event bell("doorbell");
        Lock lock("cache");
        const auto take = [&]() -> Task<> {
            const auto guard = co_await lock.acquire();
            co_await bell.wait();
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 15'000; ++i) group.spawn(wait_for(bell));
            group.spawn(take(), {.name = "holder"});
            group.spawn(take(), {.name = "waiter"});
            for (int turn = 0; turn < 4; ++turn) co_await yield_now();
            const auto answer = co_await ask(socket(), "/v1/findings?long=50");
            EXPECT_TRUE(has(answer.body, "\"rule\":\"lock-held\"")) << answer.body;
            EXPECT_TRUE(has(answer.body, "\"task\":\"holder\"")) << answer.body;
            EXPECT_FALSE(has(answer.body, "not-all-seen")) << answer.body;
            group.cancel("seen");
        });
    });
}

TEST_F(ControlSocket, calls_no_loop_blocked_that_nobody_runs) {
    RunOptions options;
    options.control = &obs::control_socket;
    Runner runner(options);
    runner.run(yield_now());
    const auto findings = ask_from_outside(socket(), "/v1/findings?long=20");
    EXPECT_EQ(findings.status, 200);
    EXPECT_FALSE(has(findings.body, "never-yields")) << findings.body;
    const auto snapshot = ask_from_outside(socket(), "/v1/snapshot");
    EXPECT_TRUE(has(snapshot.body, "\"is_read\":false")) << snapshot.body;
    EXPECT_FALSE(has(snapshot.body, "blocked_for_ns")) << snapshot.body;
    const auto figures = ask_from_outside(socket(), "/v1/figures");
    EXPECT_TRUE(has(figures.body, "\"is_read\":false")) << figures.body;
    EXPECT_FALSE(has(figures.body, "blocked_for_ns")) << figures.body;
    const auto metrics = ask_from_outside(socket(), "/metrics");
    EXPECT_FALSE(has(metrics.body, "{loop=\"0\"")) << metrics.body;
}

TEST_F(ControlSocket, shows_holders_and_sockets_whether_the_loop_answers_or_not) {
    inspected([this]() -> Task<> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        Semaphore pool(1, "pool");
        const auto use = [&pool]() -> Task<> {
            const auto permit = co_await pool.acquire();
            co_await sleep(1h);
        };
        auto first = spawn(use(), {.name = "first guest"});
        auto second = spawn(use(), {.name = "second guest"});
        auto third = spawn(use(), {.name = "third guest"});
        co_await yield_now();
        const auto check = [&](const Answer& answer) {
            EXPECT_EQ(count_of(answer.body, "\"holders\":[{\"task\":\"first guest\",\"task_id\":"), 2U) << answer.body;
            EXPECT_EQ(count_of(answer.body, "\"name\":\"" + listener.local_address().text()), 1U) << answer.body;
            EXPECT_TRUE(has(answer.body, "\"opened\":{\"file\":\"control_test.cpp\"")) << answer.body;
        };
        const auto answers = co_await ask(socket(), "/v1/snapshot");
        EXPECT_FALSE(has(answers.body, "blocked_for_ns"));
        check(answers);
        const auto blocked = ask_from_outside(socket(), "/v1/snapshot");  // this thread waits, and runs nothing
        EXPECT_TRUE(has(blocked.body, "blocked_for_ns"));
        check(blocked);
        for (auto* guest : {&first, &second, &third}) {
            guest->cancel();
            static_cast<void>(co_await as_outcome(guest->join()));
        }
    });
}

TEST_F(ControlSocket, answers_numbers_and_metrics_and_stalls) {
    inspected([this]() -> Task<> {
        for (int i = 0; i < 100; ++i) co_await yield_now();
        const auto figures = co_await ask(socket(), "/v1/figures");
        EXPECT_TRUE(has(figures.body, "\"slices\":")) << figures.body;
        EXPECT_TRUE(has(figures.body, "\"turn\":{\"count\":")) << figures.body;
        const auto histograms = co_await ask(socket(), "/v1/histograms");
        EXPECT_TRUE(has(histograms.body, "\"upto_ns\":")) << histograms.body;
        const auto metrics = co_await ask(socket(), "/metrics");
        EXPECT_TRUE(has(metrics.body, "gyre_tasks{loop=\"0\"} 1\n")) << metrics.body;
        EXPECT_TRUE(has(metrics.body, "gyre_loop_turn_seconds_bucket{loop=\"0\",le=\"+Inf\"} ")) << metrics.body;
        EXPECT_TRUE(has(metrics.body, "gyre_cancel_total{loop=\"0\",cause=\"deadline\"} 0\n")) << metrics.body;
        const auto stalls = co_await ask(socket(), "/v1/stalls");
        EXPECT_FALSE(has(stalls.body, "\"stall_limit_ns\":0,")) << stalls.body;
        const auto routes = co_await ask(socket(), "/");
        EXPECT_TRUE(has(routes.body, "/v1/snapshot")) << routes.body;
        const auto none = co_await ask(socket(), "/v1/nothing");
        EXPECT_EQ(none.status, 404);
    });
}

TEST_F(ControlSocket, has_limits_of_requests) {
    inspected([this]() -> Task<> {
        auto more = spawn(sleep(10s));
        const auto one = co_await ask(socket(), "/v1/snapshot?most=1");
        EXPECT_TRUE(has(one.body, "\"task_count\":2")) << one.body;
        EXPECT_EQ(count_of(one.body, "\"spawned\""), 1U) << one.body;
        for (const char* bad : {"0", "-1", "x", "1000001", ""}) {
            const auto answer = co_await ask(socket(), std::string("/v1/snapshot?most=") + bad);
            EXPECT_EQ(answer.status, 400) << bad;
            EXPECT_TRUE(has(answer.body, "most: a number from 1 to 1000000")) << answer.body;
        }
        const auto fits = co_await ask(socket(), "/v1/snapshot", std::string(4096, 'x'));
        EXPECT_EQ(fits.status, 405) << "no route takes a POST";
        const auto too_long = co_await ask(socket(), "/v1/snapshot", std::string(4097, 'x'));
        EXPECT_EQ(too_long.status, 413);
        more.cancel();
    });
}

TEST_F(ControlSocket, has_sixteen_connections_at_a_time) {
    inspected([this]() -> Task<> {
        std::vector<net::Stream> idle;
        for (int i = 0; i < 15; ++i) {
            auto stream = co_await net::connect_unix(socket());
            idle.push_back(std::move(stream));
        }
        const auto sixteenth = co_await ask(socket(), "/");
        EXPECT_EQ(sixteenth.status, 200);
        auto last = co_await net::connect_unix(socket());
        idle.push_back(std::move(last));
        auto waiting = spawn(ask(socket(), "/"));
        co_await sleep(50ms);
        EXPECT_FALSE(waiting.done());
        idle.pop_back();
        const auto answer = co_await waiting.join();
        EXPECT_EQ(answer.status, 200);
    });
}

TEST_F(ControlSocket, refuses_another_user) {
    if (::geteuid() != 0) GTEST_SKIP() << "to be somebody else takes root";
    inspected([this]() -> Task<> {
        // What the modes keep away comes through here, for the second door to be tried.
        ::chmod(folder_.c_str(), 0755);
        ::chmod(own_folder().c_str(), 0755);
        ::chmod(socket().c_str(), 0666);
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        const std::string path = socket();
        const pid_t child = ::fork();
        if (child == 0) {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            std::memcpy(address.sun_path, path.c_str(), path.size());
            const int stream = ::socket(AF_UNIX, SOCK_STREAM, 0);
            char bytes[512];
            if (::setuid(65534) != 0 || ::connect(stream, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
                ::_exit(1);
            const auto count = ::read(stream, bytes, sizeof bytes);
            if (count > 0 && ::write(ends[1], bytes, static_cast<std::size_t>(count)) < 0) ::_exit(2);
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);  // the socket has a loop of its own
        EXPECT_EQ(status, 0);
        char bytes[512] = {};
        EXPECT_GT(::read(ends[0], bytes, sizeof bytes - 1), 0);
        EXPECT_TRUE(has(bytes, "403")) << bytes;
        EXPECT_TRUE(has(bytes, "belongs to another user")) << bytes;
        ::close(ends[0]);
        ::close(ends[1]);
        co_return;
    });
}

TEST_F(ControlSocket, knows_who_connects) {
    run([this]() -> Task<> {
        auto listener = co_await net::listen_unix(folder_ + "/plain.sock");
        auto client = co_await net::connect_unix(folder_ + "/plain.sock");
        auto server = co_await listener.accept();
        const auto peer = net::peer_credentials(server);
        EXPECT_TRUE(peer.has_value());
        EXPECT_EQ(peer->process, ::getpid());
        EXPECT_EQ(peer->user, ::geteuid());
        auto tcp_listener = co_await net::listen("127.0.0.1", 0);
        auto tcp = co_await net::connect(tcp_listener.local_address());
        EXPECT_FALSE(net::peer_credentials(tcp).has_value());
    });
}

TEST_F(ControlSocket, replaces_a_socket_that_a_killed_program_left) {
    fs::create_directory(own_folder());
    const pid_t child = ::fork();
    if (child == 0) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = own_folder() + "/" + std::to_string(::getppid()) + ".sock";
        std::memcpy(address.sun_path, path.c_str(), path.size());
        const int stream = ::socket(AF_UNIX, SOCK_STREAM, 0);
        ::_exit(::bind(stream, reinterpret_cast<sockaddr*>(&address), sizeof address));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(fs::exists(socket()));
    inspected([this]() -> Task<> {
        const auto answer = co_await ask(socket(), "/");
        EXPECT_EQ(answer.status, 200);
    });
    EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(ControlSocket, has_one_for_each_run_of_a_process) {
    inspected([this]() -> Task<> {
        std::string body;
        std::thread other([&] {
            inspected([&]() -> Task<> {
                const auto answer = co_await ask(socket(".2"), "/v1/snapshot");
                body = answer.body;
            });
        });
        other.join();
        EXPECT_TRUE(has(body, "\"version\":1")) << body;
        co_return;
    });
}

TEST_F(ControlSocket, takes_another_folder_where_the_first_cannot_be_had) {
    std::ofstream(own_folder()) << "in the way";
    inspected([this]() -> Task<> {
        const auto folders = obs::control_folders(::geteuid());
        EXPECT_EQ(folders.front(), own_folder());
        std::string found;
        for (const auto& folder : folders) {
            const std::string path = folder + "/" + std::to_string(::getpid()) + ".sock";
            if (fs::exists(path)) found = path;
        }
        const auto answer = co_await ask(found, "/");
        EXPECT_EQ(answer.status, 200);
    });
    const std::string text = error_of([this] { backend::make_private_folder(own_folder()); });
    EXPECT_TRUE(has(text, "has to be a folder of yours")) << text;
    fs::create_directory_symlink("/tmp", folder_ + "/link");
    EXPECT_TRUE(
        has(error_of([this] { backend::make_private_folder(folder_ + "/link"); }), "has to be a folder of yours"));
    if (::geteuid() == 0) {
        fs::create_directory(folder_ + "/theirs");
        EXPECT_EQ(::chown((folder_ + "/theirs").c_str(), 65534, 65534), 0);
        const std::string why = error_of([this] { backend::make_private_folder(folder_ + "/theirs"); });
        EXPECT_TRUE(has(why, "belongs to user 65534")) << why;
    }
    fs::create_directory(folder_ + "/open");
    fs::permissions(folder_ + "/open", fs::perms::all);
    backend::make_private_folder(folder_ + "/open");
    EXPECT_EQ(mode_of(folder_ + "/open"), 0700U);
}

TEST_F(ControlSocket, is_not_there_if_it_cannot_be_had_and_the_program_runs) {
    const std::string deep = folder_ + "/" + std::string(100, 'x');  // longer than the address of a socket can be
    fs::create_directory(deep);
    fs::permissions(deep, fs::perms::owner_all);
    ::setenv("XDG_RUNTIME_DIR", deep.c_str(), 1);
    bool has_run = false;
    ::testing::internal::CaptureStderr();
    inspected([&]() -> Task<> {
        has_run = true;
        co_return;
    });
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(has_run);
    EXPECT_TRUE(has(said, "gyre: no control socket, so `gyre ps` cannot look inside: ")) << said;
    EXPECT_TRUE(has(said, deep)) << said;
    EXPECT_EQ(count_of(said, "\n"), 1U) << said;
}

TEST_F(ControlSocket, reads_many_tasks_in_steps_between_which_the_loop_goes_on) {
    static constexpr std::size_t many = 50'000;
    inspected([this]() -> Task<> {
        co_await task_group([this](TaskGroup& group) -> Task<> {
            for (std::size_t i = 0; i < many; ++i) group.spawn(sleep(1h));
            co_await yield_now();
            auto asked = group.spawn(ask(socket(), "/v1/snapshot"));
            const auto turns = this_loop().scheduler().turns;
            // Tasks end while they are read, the one that is next among them.
            while (!asked.done()) co_await sleep(1ms);
            EXPECT_GT(this_loop().scheduler().turns - turns, 5U);
            const auto answer = co_await asked.join();
            EXPECT_GE(count_of(answer.body, "\"spawned\""), many) << answer.body.substr(0, 300);
            group.cancel("enough");
        });
    });
}

namespace {

/// Tasks that come, wait for each other and go, in turns of some milliseconds.
auto churn(const std::atomic<bool>& over) -> Task<> {
    Lock till("till");
    Queue<int> counter(4, "counter");
    const auto customer = [&](int number) -> Task<> {
        {
            const auto guard = co_await till.acquire();
            co_await yield_now();
        }
        co_await counter.put(number);
        co_await move_on_after(1us, sleep(1h));
    };
    const auto clerk = [&]() -> Task<> {
        for (;;) static_cast<void>(co_await counter.get());
    };
    while (!over) {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto serving = group.spawn(clerk(), {.name = "clerk"});
            co_await task_group([&](TaskGroup& customers) -> Task<> {
                for (int i = 0; i < 50; ++i) customers.spawn(customer(i), {.name = "customer"});
                co_return;
            });
            serving.cancel("closed");
        });
    }
}

}  // namespace

TEST(TaskLook, reads_a_loop_that_is_interrupted_anywhere) {
    std::atomic<bool> over = false;
    std::atomic<EventLoop*> loop = nullptr;
    std::size_t seen = 0;
    std::thread looking([&] {
        backend::ThreadProbe probe;
        while (loop == nullptr) std::this_thread::yield();
        stress([&] {
            for (int i = 0; i < 100; ++i) {
                obs::TaskLook look(*loop, 10'000);
                if (!look.look(probe)) continue;
                const auto all = look.take({});
                std::set<std::uint64_t> ids;
                for (const auto& task : all.tasks) {
                    EXPECT_TRUE(ids.insert(task.id).second);
                    EXPECT_TRUE(
                        task.name.empty() || task.name == "main" || task.name == "clerk" || task.name == "customer")
                        << task.name;
                }
                std::ostringstream text;
                obs::write_json(text, all);
                ++seen;
            }
        });
        over = true;
    });
    run([&]() -> Task<> {
        loop = &this_loop();
        co_await churn(over);
    });
    looking.join();
    EXPECT_GT(seen, 0U);
}

}  // namespace gyre::testing
