#include <gyre/http/server/server.hpp>

#include "drain.hpp"
#include "serve_http.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/gather.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/on.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task_handle.hpp>
#include <gyre/core/try_finally.hpp>
#include <gyre/os/filesystem.hpp>
#include <gyre/sync/event.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gyre::http {

namespace internal {

/// What the loops of one server are told. Copied to each.
struct ServerSettings {
    ServerSettings(std::function<App()> app_maker, const ServerOptions& options)
        : make_app(std::move(app_maker)),
          host(options.host),
          port(options.port),
          unix_socket(options.unix_socket),
          reuse_port(options.reuse_port),
          backlog(options.backlog),
          tls_watch_interval(options.tls_watch_interval),
          connection(options.connection) {
        if (options.tls != nullptr) tls = *options.tls;
    }

    std::function<App()> make_app;
    std::string host;
    std::uint16_t port;
    std::string unix_socket;
    bool reuse_port;
    int backlog;
    std::optional<net::TlsServerOptions> tls;
    Duration tls_watch_interval;
    ConnectionOptions connection;
    std::shared_ptr<ConnectionCounts> counts = std::make_shared<ConnectionCounts>();
};

/// A server on one loop. `drain` is that loop's; the rest belongs to the loop that started the server.
struct LoopServer {
    explicit LoopServer(EventLoop& its_loop) : loop(its_loop) {}

    EventLoop& loop;
    Drain drain;
    Event settled{"a server that begins to listen"};  ///< It listens, or has ended.
    std::optional<net::Address> address;
    std::optional<net::TlsServerContext> tls;
    std::optional<TaskHandle<void>> task;
};

namespace {

auto announce(std::shared_ptr<LoopServer> server, net::Address address) -> Task<void> {
    server->address = address;
    server->settled.set();
    co_return;
}

auto listen_as(const ServerSettings& settings) -> Task<net::Listener> {
    net::ListenOptions how;
    how.backlog = settings.backlog;
    how.reuse_port = settings.reuse_port;
    return settings.unix_socket.empty() ? net::listen(settings.host, settings.port, how)
                                        : net::listen_unix(settings.unix_socket, how);
}

auto serve_on_this_loop(std::shared_ptr<LoopServer> server, EventLoop& home, ServerSettings settings,
    std::optional<net::Listener> listener) -> Task<void> {
    const auto handler = settings.make_app().handler();
    if (settings.tls) server->tls.emplace(*settings.tls);
    if (!listener) {
        auto opened = co_await listen_as(settings);
        listener.emplace(std::move(opened));
    }
    auto announcing = announce(server, listener->local_address());
    co_await on(home, std::move(announcing));
    Service service(handler, settings.connection, server->drain, *settings.counts);
    const auto* tls = server->tls ? &*server->tls : nullptr;
    co_await serve_until_drained(std::move(*listener), service, tls);
}

/// Waits for one loop's server. One that was stopped, and not politely, is no error.
auto end_of(std::shared_ptr<LoopServer> server) -> Task<void> {
    if (!server->task) co_return;  // there was no memory for it
    try {
        co_await server->task->join();
    } catch (const CancelledError&) {}
}

auto use_tls(std::shared_ptr<LoopServer> server, net::TlsServerOptions options) -> Task<void> {
    *server->tls = net::TlsServerContext(options);
    co_return;
}

/// What tells that files were changed: when they were, and which they are. What is not there tells that.
auto look_at(std::vector<std::string> files) -> Task<std::string> {
    std::string text;
    for (const auto& file : files) {
        try {
            const auto info = co_await fs::stat(file);
            text.append(std::to_string(info.inode)).append(" ").append(std::to_string(info.size)).append(" ");
            text.append(std::to_string(info.modified.time_since_epoch().count())).append("\n");
        } catch (const IoError&) {
            text.append("none\n");
        }
    }
    co_return text;
}

auto begin_drain(std::shared_ptr<LoopServer> server) -> Task<void> {
    server->drain.begin();
    co_return;
}

/// The loops to serve on, this one first: it opens the port.
auto loops_for(std::size_t wanted) -> std::vector<EventLoop*> {
    std::vector<EventLoop*> chosen = {&this_loop()};
    for (EventLoop& loop : loops()) {
        if (&loop != chosen.front()) chosen.push_back(&loop);
    }
    if (wanted == 0) wanted = chosen.size();
    if (wanted > chosen.size()) {
        throw std::invalid_argument("http::Server: " + std::to_string(wanted) +
                                    " loops are asked for, and this run has " + std::to_string(chosen.size()) +
                                    " (RunOptions::loops)");
    }
    chosen.resize(wanted);
    return chosen;
}

}  // namespace

/// A server on all its loops, as long as a `Server` or one of its calls knows of it.
class ServerState {
public:
    ServerState() = default;
    ServerState(const ServerState&) = delete;
    auto operator=(const ServerState&) -> ServerState& = delete;
    ~ServerState() = default;

    /// Listens on each of `loops`, or on none. @return the address. @throws what the first that fails has met.
    /// @param listener on which the only one of them serves; empty: it opens one.
    auto start(std::vector<EventLoop*> loops, ServerSettings settings, std::optional<net::Listener> listener)
        -> Task<net::Address> {
        auto beginning = begin(std::move(loops), std::move(settings), std::move(listener));
        auto address = co_await try_finally(std::move(beginning), [this] { return give_up_unless_begun(); });
        co_return address;
    }

    /// @param options empty: those that it has.
    auto reload_tls(std::optional<net::TlsServerOptions> options) -> Task<void> {
        if (!tls_) throw InvalidStateError("http::Server::reload_tls: it speaks no TLS");
        if (options) options->share_tickets(*tls_);
        const auto& wanted = options ? *options : *tls_;
        const net::TlsServerContext proof(wanted);  // before anything is changed
        for (auto& server : servers_) {
            auto using_it = use_tls(server, wanted);
            co_await on(server->loop, std::move(using_it));
        }
        if (options) tls_ = std::move(options);
    }

    void watch_tls(std::shared_ptr<ServerState> self, Duration interval) {
        if (!tls_ || interval <= Duration::zero()) return;
        auto watching = watch_files(std::move(self), interval);
        watcher_ = spawn(std::move(watching), {.name = "certificates of an http server"});
    }

    auto stop(AnyDuration grace) -> Task<void> {
        end_watch();
        auto draining = move_on_after(grace, [this] { return drain(); });
        co_await try_finally(std::move(draining), [this] { return end(); });
    }

    /// Until all have ended, or one has failed.
    auto wait() -> Task<void> {
        std::vector<Task<void>> ends;
        ends.reserve(servers_.size());
        for (auto& server : servers_) ends.push_back(end_of(server));
        co_await gather(std::move(ends));
    }

    void cancel(const char* reason) {
        end_watch();
        for (auto& server : servers_) {
            if (server->task && !server->task->done()) server->task->cancel(reason);
        }
    }

private:
    auto begin(std::vector<EventLoop*> loops, ServerSettings settings, std::optional<net::Listener> listener)
        -> Task<net::Address> {
        tls_ = settings.tls;
        settings.reuse_port = settings.reuse_port || loops.size() > 1;
        auto& most = settings.connection.max_connections;
        most = most / loops.size() + (most % loops.size() == 0 ? 0 : 1);
        for (EventLoop* loop : loops) {
            auto& server = servers_.emplace_back(std::make_shared<LoopServer>(*loop));
            auto serving = serve_on_this_loop(server, this_loop(), settings, std::exchange(listener, std::nullopt));
            server->task = spawn(std::move(serving), {.name = "http server", .loop = loop});
            server->task->add_done_callback([server](const TaskHandle<void>&) { server->settled.set(); });
            co_await server->settled.wait();
            if (!server->address) co_await server->task->join();
            settings.port = server->address->port();
        }
        has_begun_ = true;
        co_return *servers_.front()->address;
    }

    /// What listens already, and what would yet, is nobody's.
    auto give_up_unless_begun() -> Task<void> {
        if (has_begun_) co_return;
        cancel("the server does not start");
        try {
            co_await wait_for_all();
        } catch (...) {  // what `begin` says
        }
    }

    static auto watch_files(std::shared_ptr<ServerState> self, Duration interval) -> Task<void> {
        auto known = co_await look_at(self->tls_->files());
        for (;;) {
            co_await sleep(interval);
            auto found = co_await look_at(self->tls_->files());
            if (found == known) continue;
            known = std::move(found);
            std::exception_ptr error;
            try {
                co_await self->reload_tls(std::nullopt);
            } catch (const net::TlsError&) {
                error = std::current_exception();
            }
            if (error) this_loop().handle_error({error, ErrorOrigin::callback, "the certificates of an http::Server"});
        }
    }

    void end_watch() {
        if (watcher_ && !watcher_->done()) watcher_->cancel("the server stops");
    }

    auto drain() -> Task<void> {
        for (auto& server : servers_) {
            auto beginning = begin_drain(server);
            co_await on(server->loop, std::move(beginning));
        }
        co_await wait_for_all();
    }

    auto end() -> Task<void> {
        cancel("the time to drain has passed");
        co_await wait_for_all();
    }

    auto wait_for_all() -> Task<void> {
        std::exception_ptr error;
        for (auto& server : servers_) {
            try {
                co_await end_of(server);
            } catch (...) {
                if (!error) error = std::current_exception();  // of the first, when all have ended
            }
        }
        if (error) std::rethrow_exception(error);
    }

    std::vector<std::shared_ptr<LoopServer>> servers_;
    std::optional<net::TlsServerOptions> tls_;
    std::optional<TaskHandle<void>> watcher_;
    bool has_begun_ = false;  ///< It listens on all its loops.
};

}  // namespace internal

namespace {

// They hold the state: the Server may go while they wait.
auto stop_state(std::shared_ptr<internal::ServerState> state, Duration grace) -> Task<void> {
    co_await state->stop(grace);
}
auto reload_state(std::shared_ptr<internal::ServerState> state, std::optional<net::TlsServerOptions> options)
    -> Task<void> {
    co_await state->reload_tls(std::move(options));
}
auto wait_for_state(std::shared_ptr<internal::ServerState> state) -> Task<void> { co_await state->wait(); }

}  // namespace

Server::Server(std::shared_ptr<internal::ServerState> state, net::Address address) noexcept
    : state_(std::move(state)), address_(address) {}
Server::Server(Server&&) noexcept = default;

auto Server::operator=(Server&& other) noexcept -> Server& {
    std::swap(state_, other.state_);
    std::swap(address_, other.address_);
    return *this;
}

Server::~Server() {
    if (state_) state_->cancel("its http::Server is gone");
}

// Not coroutines themselves: the texts in the options may be gone when the task begins.
auto Server::start(App app, ServerOptions options) -> Task<Server> {
    return start([app = std::move(app)] { return app; }, options);
}

auto Server::start(std::function<App()> make_app, ServerOptions options) -> Task<Server> {
    if (!options.unix_socket.empty() && options.loops != 1) {
        throw std::invalid_argument("http::Server: a Unix socket is served by one loop");
    }
    return start_with(internal::ServerSettings(std::move(make_app), options), options.loops, std::nullopt);
}

auto Server::start(App app, net::Listener listener, ServerOptions options) -> Task<Server> {
    if (options.loops != 1) throw std::invalid_argument("http::Server: a socket that listens is served by one loop");
    internal::ServerSettings settings([app = std::move(app)] { return app; }, options);
    return start_with(std::move(settings), 1, std::move(listener));
}

auto Server::start_with(internal::ServerSettings settings, std::size_t loops, std::optional<net::Listener> listener)
    -> Task<Server> {
    internal::check_options(settings.connection);
    auto state = std::make_shared<internal::ServerState>();
    const Duration watch_interval = settings.tls_watch_interval;
    auto chosen = internal::loops_for(loops);
    const auto address = co_await state->start(std::move(chosen), std::move(settings), std::move(listener));
    state->watch_tls(state, watch_interval);
    co_return Server(std::move(state), address);
}

auto Server::stop(AnyDuration grace) -> Task<void> { return stop_state(state_, grace); }
auto Server::reload_tls() -> Task<void> { return reload_state(state_, std::nullopt); }
auto Server::reload_tls(net::TlsServerOptions options) -> Task<void> {
    return reload_state(state_, std::move(options));
}
auto Server::wait() -> Task<void> { return wait_for_state(state_); }

}  // namespace gyre::http
