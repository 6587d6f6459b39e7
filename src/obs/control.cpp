#include <gyre/obs/control.hpp>

#include "net/listener_descriptor.hpp"
#include "obs/control_site.hpp"

#include <gyre/backend/forks.hpp>
#include <gyre/backend/own_process.hpp>
#include <gyre/backend/signals.hpp>
#include <gyre/backend/thread_probe.hpp>
#include <gyre/backend/threads.hpp>
#include <gyre/core/debug_layout.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/warden.hpp>
#include <gyre/http/server/connection.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/peer_credentials.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace gyre::obs {

namespace {

constexpr std::size_t most_connections = 16;
constexpr int most_sockets = 16;  // of runs at the same time in one process

constexpr std::string_view not_for_you =
    "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
    "75\r\n\r\n"
    "this program belongs to another user: look at it as that user, or as root.\n";

auto connection_options() -> http::ConnectionOptions {
    http::ConnectionOptions options;
    options.limits.body_bytes = 4096;
    options.request_timeout = std::chrono::seconds(30);
    options.keep_alive_timeout = std::chrono::seconds(60);
    options.max_connections = most_connections;
    return options;
}

/// The folder for the sockets of this user's programs, made if it is not there.
auto own_folder() -> std::string {
    const auto folders = control_folders(backend::user_number());
    for (const std::string& folder : folders) {
        const bool is_last = &folder == &folders.back();
        if (!is_last && !backend::is_own_folder(folder.substr(0, folder.rfind('/')))) continue;
        try {
            backend::make_private_folder(folder);
            return folder;
        } catch (const std::system_error&) {
            if (is_last) throw;
        }
    }
    return folders.back();
}

/// Listens on PID.sock, or where another run of this process does that already on PID.2.sock and so on.
auto listen_in(std::string folder) -> Task<net::Listener> {
    const std::string name = folder + "/" + std::to_string(backend::process_number());
    for (int number = 1;; ++number) {
        const std::string path = number == 1 ? name + ".sock" : name + "." + std::to_string(number) + ".sock";
        try {
            auto listener = co_await net::listen_unix(path);
            backend::make_private_file(path);
            co_return listener;
        } catch (const IoError& error) {
            if (error.code() != std::errc::address_in_use || number == most_sockets) throw;
        }
    }
}

auto serve_peer(net::Stream stream, const http::ExchangeHandler& handler, const http::ConnectionOptions& options)
    -> Task<void> {
    const auto peer = net::peer_credentials(stream);
    if (peer && (peer->user == backend::user_number() || peer->user == 0)) {
        co_return co_await http::serve_connection(std::move(stream), handler, options);
    }
    co_await stream.write(not_for_you);
    co_await stream.close();
}

class ControlSocket final : public gyre::internal::Warden {
public:
    ControlSocket(const RunOptions& options, std::span<EventLoop* const> loops)
        : site_(loops, gyre::internal::stall_limit(options)), options_(connection_options()) {
        std::promise<void> started;
        auto outcome = started.get_future();
        const backend::SignalsBlocked blocked;  // they are for the program's own threads
        thread_ = std::thread([this, &started] { work(started); });
        try {
            outcome.get();
        } catch (...) {
            thread_.join();
            throw;
        }
    }
    ~ControlSocket() override {
        // The loop itself may have ended by now; its mailbox then refuses.
        try {
            EventLoop* loop = loop_;
            static_cast<void>(mailbox_->post(gyre::internal::make_callback(
                [loop] { loop->cancel_main(gyre::internal::make_cause(CancelKind::shutdown, "the program ends")); })));
        } catch (const std::bad_alloc&) {
            std::terminate();  // the thread could not be ended, and what it looks at goes
        }
        thread_.join();
    }

private:
    void work(std::promise<void>& started) {
        backend::name_thread("gyre-control");
        bool serves = false;
        try {
            RunOptions options;
            options.timing = Timing::off;
            options.backend = "epoll";  // small, and everywhere
            EventLoop loop(options);
            gyre::internal::hide_from_debuggers(loop.scheduler());   // it is none of the program's
            loop.set_exception_handler([](const ErrorContext&) {});  // of a connection whose client has gone
            loop_ = &loop;
            mailbox_ = loop.mailbox();
            loop.run_to_outcome([&] { return serve(started, serves); }).value();
            loop.close();
        } catch (const CancelledError&) {
            // the run ends
        } catch (const std::exception& error) {
            if (!serves) return started.set_exception(std::current_exception());
            backend::write_to_standard_error(
                "gyre: the control socket has ended, so `gyre ps` cannot look inside any more: " +
                std::string(error.what()) + "\n");
        } catch (...) {
            if (!serves) started.set_exception(std::current_exception());
        }
    }

    auto serve(std::promise<void>& started, bool& serves) -> Task<void> {
        auto listener = co_await listen_in(own_folder());
        // A forked child has no thread that answers, and would keep the socket of a process that has ended.
        const backend::ClosedInChild not_for_children(net::descriptor_of(listener));
        auto app = site_.app();
        const auto handler = app.handler();
        serves = true;
        started.set_value();
        const auto connection = [&](net::Stream stream) { return serve_peer(std::move(stream), handler, options_); };
        net::ServeOptions serve_options;
        serve_options.max_connections = most_connections;
        co_await net::serve(std::move(listener), connection, serve_options);
    }

    ControlSite site_;
    http::ConnectionOptions options_;
    EventLoop* loop_ = nullptr;
    std::shared_ptr<gyre::internal::Mailbox> mailbox_;
    std::thread thread_;
};

}  // namespace

auto control_socket(const RunOptions& options, std::span<EventLoop* const> loops)
    -> std::unique_ptr<gyre::internal::Warden> {
    try {
        return std::make_unique<ControlSocket>(options, loops);
    } catch (const std::exception& error) {
        backend::write_to_standard_error(
            "gyre: no control socket, so `gyre ps` cannot look inside: " + std::string(error.what()) + "\n");
        return nullptr;
    }
}

auto control_folders(unsigned user) -> std::vector<std::string> {
    std::vector<std::string> folders;
    const std::string runtime = user == backend::user_number() ? backend::environment_value("XDG_RUNTIME_DIR") : "";
    const std::string usual = "/run/user/" + std::to_string(user);
    if (!runtime.empty() && runtime != usual && backend::is_own_folder(runtime)) folders.push_back(runtime + "/gyre");
    folders.push_back(usual + "/gyre");
    folders.push_back("/tmp/gyre-" + std::to_string(user));
    return folders;
}

}  // namespace gyre::obs
