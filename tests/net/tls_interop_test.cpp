// gyre against the `openssl` program, over loopback, on each backend.
#include "tls_fixture.hpp"

#include "net/tls_transport.hpp"

#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace gyre::testing {
namespace {

using namespace std::chrono_literals;

/// The `openssl` program as a child: what is typed into it, and what it prints. It is waited for by blocking, which is
/// right only for what it does without us.
class OpensslProgram {
public:
    explicit OpensslProgram(std::vector<std::string> arguments) {
        ::signal(SIGPIPE, SIG_IGN);
        arguments.insert(arguments.begin(), "openssl");
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        ::posix_spawn_file_actions_adddup2(&actions, out[1], 2);
        std::vector<char*> pointers;
        for (auto& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        const int result = ::posix_spawnp(&process_, "openssl", &actions, nullptr, pointers.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        EXPECT_EQ(result, 0) << "the program `openssl` is needed: ./dev setup installs it";
        ::close(in[0]);
        ::close(out[1]);
        input_ = in[1];
        output_ = out[0];
    }
    OpensslProgram(const OpensslProgram&) = delete;
    auto operator=(const OpensslProgram&) -> OpensslProgram& = delete;
    ~OpensslProgram() {
        end_input();
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
        }
        ::close(output_);
    }

    void type(std::string_view text) const {
        EXPECT_EQ(::write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void end_input() {
        if (input_ >= 0) ::close(std::exchange(input_, -1));
    }

    /// Reads what it prints until `words` are in it. @return everything up to now.
    auto wait_for(std::string_view words) -> const std::string& {
        while (printed_.find(words) == std::string::npos) {
            pollfd entry{output_, POLLIN, 0};
            std::array<char, 4096> buffer{};
            const auto count = ::poll(&entry, 1, 20'000) == 1 ? ::read(output_, buffer.data(), buffer.size()) : -1;
            if (count <= 0) {
                ADD_FAILURE() << "openssl did not say '" << words << "' but:\n" << printed_;
                break;
            }
            printed_.append(buffer.data(), static_cast<std::size_t>(count));
        }
        return printed_;
    }

    /// The line in which it says `words`, without its end.
    auto line_with(const std::string& words) -> std::string {
        wait_for(words);
        printed_.erase(0, printed_.find(words));
        wait_for("\n");
        return printed_.substr(0, printed_.find('\n'));
    }

private:
    pid_t process_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string printed_;
};

/// Files for the program to read.
class Files {
public:
    Files() {
        const char* ending[] = {"ca.pem", "chain.pem", "key.pem"};
        const std::string texts[] = {authority().certificate(), good_certificate().chain, good_certificate().key};
        for (int i = 0; i < 3; ++i) {
            paths_[i] = ::testing::TempDir() + "gyre-interop-" + std::to_string(::getpid()) + "-" + ending[i];
            std::ofstream(paths_[i]) << texts[i];
        }
    }
    Files(const Files&) = delete;
    auto operator=(const Files&) -> Files& = delete;
    ~Files() {
        for (const auto& path : paths_) ::unlink(path.c_str());
    }

    [[nodiscard]] auto ca() const -> const std::string& { return paths_[0]; }
    [[nodiscard]] auto chain() const -> const std::string& { return paths_[1]; }
    [[nodiscard]] auto key() const -> const std::string& { return paths_[2]; }

private:
    std::string paths_[3];
};

class TlsInterop : public OnKernel {
protected:
    Files files;
};

/// Our server, the program as client.
auto serve_program(const Files& files, std::string version, bool new_keys) -> Task<void> {
    const net::TlsServerContext context(server_options(good_certificate()).alpn({"gyre", "http/1.1"}));
    auto listener = co_await net::listen("127.0.0.1", 0);
    const auto where = "127.0.0.1:" + std::to_string(listener.local_address().port());
    OpensslProgram program({"s_client", "-connect", where, "-CAfile", files.ca(), "-verify_return_error", "-servername",
        "server.example", "-verify_hostname", "server.example", "-alpn", "http/1.1", version});
    auto raw = co_await listener.accept();
    auto stream = co_await context.handshake(std::move(raw));
    const auto info = net::tls_info(stream);
    EXPECT_EQ(info->version, version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(info->alpn, "http/1.1");
    EXPECT_EQ(info->server_name, "server.example");
    co_await stream.write(std::string_view("welcome\n"));
    program.wait_for("welcome");
    program.type("first\n");
    auto line = co_await stream.read_line();
    EXPECT_EQ(*line, "first");
    if (new_keys) {
        program.type("K\n");
        program.wait_for("KEYUPDATE");
    }
    program.type("second\n");
    line = co_await stream.read_line();
    EXPECT_EQ(*line, "second");
    co_await stream.write(std::string_view("answer\n"));
    const auto& printed = program.wait_for("answer");
    EXPECT_NE(printed.find("Verify return code: 0 (ok)"), std::string::npos) << printed;
    program.end_input();
    line = co_await stream.read_line();
    EXPECT_FALSE(line.has_value());
    co_await stream.close();
}

/// The program as server, our client.
auto use_program(const Files& files, std::string version, bool new_keys) -> Task<void> {
    OpensslProgram program({"s_server", "-accept", "127.0.0.1:0", "-cert", files.chain(), "-key", files.key(),
        "-naccept", "1", "-alpn", "http/1.1", version});
    const auto greeting = program.line_with("ACCEPT ");
    const auto port = static_cast<std::uint16_t>(std::stoi(greeting.substr(greeting.rfind(':') + 1)));
    const net::TlsClientContext context(net::TlsClientOptions().ca_file(files.ca()).alpn({"gyre", "http/1.1"}));
    auto stream = co_await net::connect_tls("127.0.0.1", port, context);
    const auto info = net::tls_info(stream);
    EXPECT_EQ(info->version, version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(info->alpn, "http/1.1");
    EXPECT_EQ(info->peer_certificate, "CN=server.example");
    co_await stream.write(std::string_view("question\n"));
    program.wait_for("question");
    program.type("first\n");
    auto line = co_await stream.read_line();
    EXPECT_EQ(*line, "first");
    if (new_keys) {
        program.type("K\n");  // it acts on it before it prints what comes after
        co_await stream.write(std::string_view("ping\n"));
        program.wait_for("ping");
    }
    program.type("second\n");
    line = co_await stream.read_line();
    EXPECT_EQ(*line, "second");
    co_await stream.write(std::string_view("goodbye\n"));
    program.wait_for("goodbye");
    co_await stream.close();
    program.wait_for("CONNECTION CLOSED");
}

TEST_P(TlsInterop, openssl_as_client_1_3) {
    run([&] { return serve_program(files, "-tls1_3", true); });
}
TEST_P(TlsInterop, openssl_as_client_1_2) {
    run([&] { return serve_program(files, "-tls1_2", false); });
}
TEST_P(TlsInterop, openssl_as_server_1_3) {
    run([&] { return use_program(files, "-tls1_3", true); });
}
TEST_P(TlsInterop, openssl_as_server_1_2) {
    run([&] { return use_program(files, "-tls1_2", false); });
}

TEST_P(TlsInterop, openssl_does_not_trust_our_server) {
    run([&]() -> Task<void> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto where = "127.0.0.1:" + std::to_string(listener.local_address().port());
        OpensslProgram program({"s_client", "-connect", where, "-verify_return_error", "-no-CAfile", "-no-CApath"});
        auto raw = co_await listener.accept();
        const auto peer = raw.peer_address().text();
        const auto outcome = co_await as_outcome(good_server().handshake(std::move(raw)));
        EXPECT_EQ(describe(outcome.error()), "tls " + peer + ": the peer refused: unknown ca");
    });
}

GYRE_ON_KERNEL(TlsInterop);

// --- connect_tls ------------------------------------------------------------------------------------------------------

class TlsConnect : public OnLoops {};

TEST_P(TlsConnect, one_time_limit_for_everything) {
    run([&]() -> Task<void> {
        auto listener = co_await net::listen("127.0.0.1", 0);  // whose backlog connects, and which never answers
        const auto port = listener.local_address().port();
        const auto outcome = co_await as_outcome(net::connect_tls("127.0.0.1", port, good_client(), {.timeout = 50ms}));
        EXPECT_TRUE(failed_with<IoError>(outcome));
        EXPECT_EQ(describe(outcome.error()),
            "connect 127.0.0.1:" + std::to_string(port) + ": the TLS handshake did not end in time");
    });
}

TEST_P(TlsConnect, errors_name_host_and_port) {
    run([&]() -> Task<void> {
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto port = listener.local_address().port();
        const net::TlsClientContext wary;
        std::string text;
        co_await gather(
            [&]() -> Task<void> {
                const auto outcome = co_await as_outcome(net::connect_tls("localhost", port, wary));
                text = describe(outcome.error());
            },
            [&]() -> Task<void> {
                auto raw = co_await listener.accept();
                const auto outcome = co_await as_outcome(good_server().handshake(std::move(raw)));
                EXPECT_TRUE(outcome.is_error());
            });
        EXPECT_EQ(text, "tls localhost:" + std::to_string(port) +
                            ": unable to get local issuer certificate (issued by 'CN=gyre test authority')");
    });
}

TEST_P(TlsConnect, a_megabyte_each_way) {
    run([&]() -> Task<void> {
        const std::string much(1'000'000, 'm');
        auto listener = co_await net::listen("127.0.0.1", 0);
        const auto port = listener.local_address().port();
        const auto exchange = [&](net::Stream& stream) -> Task<void> {
            auto both = co_await gather(stream.read_exactly(much.size()), stream.write(much));
            EXPECT_TRUE(std::get<0>(both) == much);
        };
        co_await gather(
            [&]() -> Task<void> {
                auto stream = co_await net::connect_tls("127.0.0.1", port, good_client());
                co_await exchange(stream);
                co_await stream.close();
            },
            [&]() -> Task<void> {
                auto raw = co_await listener.accept();
                auto stream = co_await good_server().handshake(std::move(raw));
                co_await exchange(stream);
                const auto rest = co_await stream.read_all();
                EXPECT_EQ(rest, "");
                co_await stream.close();
            });
    });
}

GYRE_ON_LOOPS(TlsConnect);

}  // namespace
}  // namespace gyre::testing
