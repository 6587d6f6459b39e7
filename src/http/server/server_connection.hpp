#pragma once

#include "guarded_stream.hpp"
#include "request_body.hpp"
#include "response_writer.hpp"
#include "service.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/core/h1_parser.hpp>
#include <gyre/http/server/connection_options.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/http/server/server_observer.hpp>
#include <gyre/http/server/trusted_proxies.hpp>
#include <gyre/net/stream.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace gyre::http::internal {

/// One connection of a server: reads a head, runs the handler, sees to it that the response is whole, and again.
class ServerConnection {
public:
    /// @param peer outlives this.
    ServerConnection(net::Stream stream, const Peer& peer, Service& service);
    ServerConnection(const ServerConnection&) = delete;
    auto operator=(const ServerConnection&) -> ServerConnection& = delete;
    ~ServerConnection();

    [[nodiscard]] auto run() -> Task<void>;

    // For the exchange.
    [[nodiscard]] auto head() const noexcept -> const RequestHead& { return parser_.head(); }
    [[nodiscard]] auto trailers() const noexcept -> const Fields& { return parser_.trailers(); }
    [[nodiscard]] auto peer() const noexcept -> const net::Address& { return peer_.address; }
    /// Who sent the request that runs, as trusted proxies tell.
    [[nodiscard]] auto client() -> const ForwardedClient&;
    /// What its TLS handshake agreed on; null without TLS.
    [[nodiscard]] auto tls() -> const net::TlsInfo*;
    void set_request_id(std::string id) { request_id_ = std::move(id); }
    [[nodiscard]] auto body() noexcept -> RequestBody& { return body_; }
    [[nodiscard]] auto response() noexcept -> ResponseWriter& { return response_; }
    /// The response begins: may the connection be used after it?
    [[nodiscard]] auto begin_response() noexcept -> bool;
    void abort() noexcept { stream_.abort(); }
    /// @throws InvalidStateError if there is something left of the request or the response.
    void check_can_be_taken() const;
    [[nodiscard]] auto take_stream() -> net::Stream;
    /// Waits until the client has ended the connection, or its half of it. Looks while nobody reads the body, and for that
    /// reads ahead at most `read_ahead_bytes`. On cancel: nothing is lost.
    [[nodiscard]] auto client_gone() -> Task<void>;
    [[nodiscard]] auto options() const noexcept -> const ConnectionOptions& { return options_; }
    /// Of the server that this connection belongs to.
    [[nodiscard]] auto drain() const noexcept -> Drain& { return service_.drain; }

private:
    static constexpr std::size_t read_ahead_bytes = 64 * 1024;

    /// What is to be done with the connection.
    enum class Next : std::uint8_t { serve, refuse, linger, close, drop };

    [[nodiscard]] auto head_now() -> std::optional<Next>;
    /// What the head of a request says is told of it if it is whole.
    void refuse_head(const ProtocolError& error);
    /// @param has_begun whether bytes of it have come.
    [[nodiscard]] auto read_head(bool has_begun) -> Task<Next>;
    void rest() noexcept;
    [[nodiscard]] auto serve() -> Task<Next>;
    [[nodiscard]] auto handle_in_time(ServerExchange& exchange) -> Task<void>;
    [[nodiscard]] auto complete(std::exception_ptr error) -> Task<Next>;
    /// The response has been sent: drops the rest of the request, if there is one that can be dropped.
    [[nodiscard]] auto after_response() -> Task<Next>;
    /// The same where nothing has to be waited for, as after most requests; else empty.
    [[nodiscard]] auto after_response_now() noexcept -> std::optional<Next>;
    [[nodiscard]] auto answer_for_handler() -> Task<Next>;
    [[nodiscard]] auto refuse() -> Task<void>;
    void request_begins();
    void request_ends() noexcept;
    void tell_of_refusal() noexcept;
    void tell(const RequestRecord& record) const noexcept;
    void report(std::exception_ptr error) const;

    GuardedStream stream_;
    Service& service_;
    EventLoop& loop_;
    const ConnectionOptions& options_;
    const Peer& peer_;                         ///< Outlives this.
    std::unique_ptr<ForwardedClient> client_;  ///< Of the request, if `knows_client_`, or of one before.
    std::unique_ptr<const net::TlsInfo> tls_;  ///< Once somebody has asked.
    std::string request_id_;
    Time began_;
    std::chrono::sys_seconds began_at_;
    bool is_told_ = false;  ///< The observers know of the request.
    RequestParser parser_;
    RequestBody body_;
    ResponseWriter response_;
    std::optional<Refusal> refusal_;
    std::size_t served_ = 0;
    Time old_from_;                      ///< When it has served for long enough.
    CancelScope* time_limit_ = nullptr;  ///< Of the request, if there is one.
    bool is_late_ = false;
    bool knows_client_ = false;  ///< Somebody has asked.
};

}  // namespace gyre::http::internal
