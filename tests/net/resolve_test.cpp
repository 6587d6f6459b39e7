// Names: what is known without asking, c-ares against a name server of the test's own, and the system's resolver.
#include <gyre/net/resolve.hpp>

#include "connected.hpp"
#include "name_server.hpp"
#include "net/ares_resolver.hpp"
#include "net/resolver.hpp"
#include "net/system_resolver.hpp"
#include "support/loops.hpp"

#include <gyre/os/temporary_directory.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace gyre::testing {
namespace {

using Resolving = OnLoops;
GYRE_ON_LOOPS(Resolving);

auto texts(const std::vector<net::Address>& addresses) -> std::string {
    std::string text;
    for (const auto& address : addresses) text += address.text() + " ";
    return text;
}

TEST_P(Resolving, a_numeric_address_gives_itself) {
    run([]() -> Task<> {
        const auto four = co_await net::resolve("10.1.2.3", 80);
        EXPECT_EQ(texts(four), "10.1.2.3:80 ");
        const auto six = co_await net::resolve("fe80::1%lo", 80);
        EXPECT_EQ(texts(six), "[fe80::1%lo]:80 ");
    });
}

TEST_P(Resolving, localhost_never_leaves_the_machine) {
    run([]() -> Task<> {
        for (const auto* host : {"localhost", "LOCALHOST.", "any.localhost"}) {
            const auto found = co_await net::resolve(host, 1);
            EXPECT_EQ(texts(found), "127.0.0.1:1 [::1]:1 ") << host;
        }
    });
}

TEST_P(Resolving, what_is_no_host_is_refused) {
    run([]() -> Task<> {
        const auto empty = co_await failure_of(net::resolve("", 1));
        EXPECT_EQ(empty, "resolve: the host is empty");
        const std::string zero("a\0b", 3);
        const auto inside = co_await failure_of(net::resolve(zero, 1));
        EXPECT_EQ(inside, "resolve: the host has a zero byte inside");
    });
}

GYRE_TEST(ResolvingInSimulation, asks_the_simulated_world_only) {
    const auto text = co_await failure_of(net::resolve("example.com", 1));
    EXPECT_EQ(text, "resolve example.com: no such name");
}

using Ares = OnKernel;
GYRE_ON_KERNEL(Ares);

/// Runs `body(resolver, server)` with a name server and a resolver that asks it.
template<class Body>
auto with_name_server(Body body) -> Task<> {
    auto socket = co_await net::UdpSocket::bind("127.0.0.1", 0);
    NameServer server(std::move(socket));
    internal::AresResolver resolver(this_loop());
    resolver.use_servers(server.address());
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto serving = group.spawn(server.serve());
        co_await body(resolver, server);
        serving.cancel();
    });
}

auto ask(internal::AresResolver& resolver, std::string host) -> Task<std::string> {
    auto lookup = std::make_shared<internal::Lookup>(std::move(host));
    resolver.start(lookup);
    co_await lookup->wait();
    co_return texts(lookup->addresses(53));
}

TEST_P(Ares, asks_for_both_families) {
    auto body = [](internal::AresResolver& resolver, NameServer& server) -> Task<> {
        const auto both = co_await ask(resolver, "both.test");
        EXPECT_NE(both.find("192.0.2.1:53"), std::string::npos) << both;
        EXPECT_NE(both.find("[2001:db8::1]:53"), std::string::npos) << both;
        const auto four = co_await ask(resolver, "four.test");
        EXPECT_EQ(four, "192.0.2.1:53 ");
        EXPECT_EQ(server.questions, 4);
        EXPECT_EQ(resolver.pending_count(), 0U);
    };
    run(with_name_server(body));
}

TEST_P(Ares, a_family_that_is_not_answered_for_does_not_keep_the_other_back) {
    auto body = [](internal::AresResolver& resolver, NameServer& server) -> Task<> {
        const auto four = co_await ask(resolver, "dropsix.test");
        EXPECT_EQ(four, "192.0.2.1:53 ");
        const auto six = co_await ask(resolver, "dropfour.test");
        EXPECT_EQ(six, "[2001:db8::1]:53 ");
        EXPECT_EQ(server.questions, 8) << "both together and each alone, nothing twice";
        EXPECT_EQ(resolver.pending_count(), 2U) << "c-ares still hopes";
    };
    run(with_name_server(body));
}

TEST_P(Ares, says_why_there_is_no_address) {
    auto body = [](internal::AresResolver& resolver, NameServer&) -> Task<> {
        const auto missing = co_await failure_of(ask(resolver, "missing.test"));
        EXPECT_EQ(missing, "resolve missing.test: no such name");
        const auto malformed = co_await failure_of(ask(resolver, "bad..name"));
        EXPECT_EQ(malformed, "resolve bad..name: malformed name");
        const auto broken = co_await failure_of(ask(resolver, "broken.test"));
        EXPECT_TRUE(broken.starts_with("resolve broken.test: the name servers failed: ")) << broken;
    };
    run(with_name_server(body));
}

TEST_P(Ares, a_cancelled_question_leaves_nothing) {
    auto body = [](internal::AresResolver& resolver, NameServer&) -> Task<> {
        const auto answer = co_await move_on_after(5ms, ask(resolver, "silent.test"));
        EXPECT_FALSE(answer.has_value());
        EXPECT_EQ(resolver.pending_count(), 1U) << "c-ares goes on; its end drops it";
    };
    run(with_name_server(body));
}

TEST_P(Ares, one_waiter_that_leaves_does_not_take_the_others_along) {
    auto body = [](internal::AresResolver& resolver, NameServer& server) -> Task<> {
        auto lookup = std::make_shared<internal::Lookup>("both.test");
        auto wait = [&]() -> Task<> { co_await lookup->wait(); };
        auto first = spawn(wait);
        auto second = spawn(wait);
        co_await yield_now();
        co_await yield_now();
        first.cancel();
        resolver.start(lookup);
        co_await second;
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(lookup->addresses(1).size(), 2U);
        EXPECT_EQ(server.questions, 2);
    };
    run(with_name_server(body));
}

TEST_P(Ares, hosts_of_the_machine_are_known) {
    run([]() -> Task<> {
        internal::Resolver& resolver = this_loop().local<internal::Resolver>();
        const auto one = resolver.ask("localhost");
        co_await one->wait();
        EXPECT_FALSE(one->addresses(1).empty());
    });
}

TEST_P(Ares, the_same_name_is_asked_once_at_a_time) {
    // The loop may end with the question under way: its channel goes with it.
    EventLoop other(RunOptions{.backend = GetParam()});
    other.run_until_complete([]() -> Task<> {
        internal::Resolver& resolver = this_loop().local<internal::Resolver>();
        const auto one = resolver.ask("shared.invalid");
        const auto again = resolver.ask("SHARED.invalid");
        EXPECT_TRUE(one->is_done() || one == again);
        const auto absolute = resolver.ask("shared.invalid.");
        EXPECT_TRUE(one != absolute) << "no search domain completes it";
        co_return;
    });
}

/// The files of a machine, in a directory of the test's own.
class MachineFiles {
public:
    explicit MachineFiles(std::filesystem::path folder) : folder_(std::move(folder)) {
        files.resolv_conf = folder_ / "resolv.conf";
        files.nsswitch_conf = folder_ / "nsswitch.conf";
        files.interval = Duration::zero();
    }

    void name_server(const std::string& ip) const { replace(files.resolv_conf, "nameserver " + ip + "\n"); }
    void sources(const std::string& line) const { replace(files.nsswitch_conf, "hosts: " + line + "\n"); }

    internal::NameFiles files;

private:
    /// As what manages networks does it.
    void replace(const std::string& path, const std::string& text) const {
        const auto written = folder_ / "written";
        std::ofstream(written) << text;
        std::filesystem::rename(written, path);
    }

    std::filesystem::path folder_;
};

auto ask(internal::Resolver& resolver, std::string host, bool cached = false) -> Task<std::string> {
    const auto lookup = resolver.ask(host, cached);
    co_await lookup->wait();
    co_return texts(lookup->addresses(53));
}

/// Name servers at 127.0.0.1 and 127.0.0.2, on the same port.
auto two_sockets() -> Task<std::pair<net::UdpSocket, net::UdpSocket>> {
    for (;;) {
        auto one = co_await net::UdpSocket::bind("127.0.0.1", 0);
        auto other = co_await as_outcome(net::UdpSocket::bind("127.0.0.2", one.local_address().port()));
        if (other.has_value()) co_return {std::move(one), std::move(other).value()};
    }
}

/// Runs `body(machine, one, other)`.
template<class Body>
auto with_machine(Body body) -> Task<> {
    auto directory = co_await fs::TemporaryDirectory::create();
    MachineFiles machine(directory.path());
    auto sockets = co_await two_sockets();
    machine.files.port = sockets.first.local_address().port();
    NameServer one(std::move(sockets.first));
    NameServer other(std::move(sockets.second));
    co_await task_group([&](TaskGroup& group) -> Task<> {
        auto serving_one = group.spawn(one.serve());
        auto serving_other = group.spawn(other.serve());
        machine.name_server("127.0.0.1");
        co_await body(machine, one, other);
        serving_one.cancel();
        serving_other.cancel();
    });
    co_await directory.remove();
}

TEST_P(Ares, name_servers_that_have_changed_are_asked_from_the_next_question_on) {
    run(with_machine([](MachineFiles& machine, NameServer&, NameServer& other) -> Task<> {
        internal::Resolver resolver(this_loop(), machine.files);
        const auto before = co_await ask(resolver, "four.test");
        machine.name_server("127.0.0.2");
        const auto after = co_await ask(resolver, "four.test", true);
        EXPECT_EQ(before, "192.0.2.1:53 ");
        EXPECT_EQ(after, before);
        const int asked = other.questions;
        EXPECT_GT(asked, 0) << "what the other one said is forgotten";
        const auto kept = co_await ask(resolver, "four.test", true);
        EXPECT_EQ(kept, before);
        EXPECT_EQ(other.questions, asked);

        const auto early = resolver.ask("late.test");
        machine.name_server("127.0.0.1");
        const auto late = resolver.ask("late.test");
        EXPECT_NE(early, late) << "who asks now does not wait for the old servers";
        co_await early->wait();
        co_await late->wait();
        EXPECT_FALSE(early->addresses(1).empty()) << "they answer what they were asked";
        EXPECT_FALSE(late->addresses(1).empty());
        EXPECT_GT(other.questions, asked);
    }));
}

TEST_P(Ares, files_are_not_looked_at_for_each_question) {
    run(with_machine([](MachineFiles& machine, NameServer& one, NameServer& other) -> Task<> {
        machine.files.interval = std::chrono::hours(1);
        internal::Resolver resolver(this_loop(), machine.files);
        static_cast<void>(co_await ask(resolver, "four.test"));
        machine.name_server("127.0.0.2");
        static_cast<void>(co_await ask(resolver, "four.test"));
        EXPECT_GT(one.questions, 0);
        EXPECT_EQ(other.questions, 0);
    }));
}

TEST_P(Ares, sources_that_have_changed_count_for_the_next_question) {
    run(with_machine([](MachineFiles& machine, NameServer&, NameServer&) -> Task<> {
        internal::Resolver resolver(this_loop(), machine.files);
        const std::string malformed = "resolve bad..name: malformed name";  // as c-ares says it
        const auto before = co_await failure_of(ask(resolver, "bad..name"));
        EXPECT_EQ(before, malformed);
        machine.sources("files resolve");
        const auto by_system = co_await failure_of(ask(resolver, "bad..name"));
        EXPECT_NE(by_system, malformed);
        EXPECT_TRUE(by_system.starts_with("resolve bad..name: ")) << by_system;
        machine.sources("files dns");
        const auto after = co_await failure_of(ask(resolver, "bad..name"));
        EXPECT_EQ(after, malformed);
    }));
}

using System = OnKernel;
GYRE_ON_KERNEL(System);

TEST_P(System, knows_localhost) {
    run([]() -> Task<> {
        auto lookup = std::make_shared<internal::Lookup>("localhost");
        internal::SystemResolver::of_process().start(this_loop(), lookup);
        co_await lookup->wait();
        EXPECT_FALSE(lookup->addresses(1).empty());
        auto numeric = std::make_shared<internal::Lookup>("no such host");
        internal::SystemResolver::of_process().start(this_loop(), numeric);
        co_await numeric->wait();
        EXPECT_TRUE(error_of([&] { static_cast<void>(numeric->addresses(1)); }).starts_with("resolve no such host: "));
    });
}

/// What the threads of a resolver under test do: wait until they may go on, and count how many are there.
struct Gate {
    std::promise<void> promise;
    std::shared_future<void> open = promise.get_future().share();
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
};

TEST_P(System, threads_and_queue_are_bounded) {
    const auto gate = std::make_shared<Gate>();
    internal::SystemResolver resolver([gate](const std::string&) {
        const int now = ++gate->inside;
        if (now > gate->most) gate->most = now;
        gate->open.wait();
        --gate->inside;
        return internal::LookupAnswer::no_such_name();
    });
    run([&]() -> Task<> {
        std::vector<std::shared_ptr<internal::Lookup>> lookups;
        std::string refused;
        while (refused.empty()) {
            auto lookup = std::make_shared<internal::Lookup>("host" + std::to_string(lookups.size()));
            refused = error_of([&] { resolver.start(this_loop(), lookup); });
            if (refused != "nothing") break;
            refused.clear();
            lookups.push_back(std::move(lookup));
        }
        const auto count = lookups.size();
        EXPECT_GE(count, internal::SystemResolver::queue_limit);
        EXPECT_LE(count, internal::SystemResolver::queue_limit + internal::SystemResolver::thread_limit);
        EXPECT_TRUE(refused.ends_with("more than 1000 names are waiting for the system's resolver")) << refused;
        gate->promise.set_value();
        for (const auto& lookup : lookups) co_await lookup->wait();
    });
    EXPECT_LE(gate->most, static_cast<int>(internal::SystemResolver::thread_limit));
}

TEST_P(System, a_loop_may_end_before_the_answer) {
    const auto gate = std::make_shared<Gate>();
    internal::SystemResolver resolver([gate](const std::string&) {
        gate->open.wait();
        return internal::LookupAnswer::no_such_name();
    });
    std::weak_ptr<internal::Lookup> left;
    {
        EventLoop other(RunOptions{.backend = GetParam()});
        other.run_until_complete([&]() -> Task<> {
            auto lookup = std::make_shared<internal::Lookup>("late");
            left = lookup;
            resolver.start(this_loop(), lookup);
            auto wait = [&]() -> Task<> { co_await lookup->wait(); };
            const auto in_time = co_await move_on_after(1ms, wait);
            EXPECT_FALSE(in_time);
        });
    }
    gate->promise.set_value();
    while (!left.expired()) std::this_thread::yield();
}

auto resolves_and_connects() -> Task<> {
    auto listener = co_await net::listen("localhost", 0);
    auto found = co_await net::resolve("www.localhost", listener.local_address().port());
    auto stream = co_await net::connect(found.front());
}

TEST(ResolvingLifetime, survives_cancellation_anywhere) { CancelEverywhere(resolves_and_connects).run(); }

}  // namespace
}  // namespace gyre::testing
