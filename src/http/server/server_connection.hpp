#pragma once

#include "guarded_stream.hpp"
#include "request_body.hpp"
#include "response_writer.hpp"

#include <gyre/core/task.hpp>
#include <gyre/http/core/h1_parser.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/http/server/options.hpp>
#include <gyre/net/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace gyre::http::internal {

/// One connection of a server: reads a head, runs the handler, sees to it that the response is whole, and again.
class ServerConnection {
public:
    ServerConnection(net::Stream stream, const Handler& handler, const ServerOptions& options);
    ServerConnection(const ServerConnection&) = delete;
    auto operator=(const ServerConnection&) -> ServerConnection& = delete;

    [[nodiscard]] auto run() -> Task<void>;

    // For the exchange.
    [[nodiscard]] auto head() const noexcept -> const RequestHead& { return parser_.head(); }
    [[nodiscard]] auto trailers() const noexcept -> const Fields& { return parser_.trailers(); }
    [[nodiscard]] auto peer() const noexcept -> const net::Address& { return peer_; }
    [[nodiscard]] auto body() noexcept -> RequestBody& { return body_; }
    [[nodiscard]] auto response() noexcept -> ResponseWriter& { return response_; }
    /// The response begins: may the connection be used after it?
    [[nodiscard]] auto begin_response() noexcept -> bool;
    void abort() noexcept { stream_.abort(); }
    [[nodiscard]] auto take_stream() -> net::Stream;

private:
    /// What is to be done with the connection.
    enum class Next : std::uint8_t { serve, refuse, linger, close, drop };

    [[nodiscard]] auto read_head() -> Task<Next>;
    [[nodiscard]] auto read_head_bytes() -> Task<Next>;
    [[nodiscard]] auto serve() -> Task<Next>;
    [[nodiscard]] auto complete(std::exception_ptr error) -> Task<Next>;
    [[nodiscard]] auto after_response() -> Task<Next>;
    [[nodiscard]] auto answer_for_handler() -> Task<Next>;
    [[nodiscard]] auto refuse() -> Task<void>;
    void report(std::exception_ptr error) const;

    GuardedStream stream_;
    const Handler& handler_;
    const ServerOptions& options_;
    net::Address peer_;
    RequestParser parser_;
    RequestBody body_;
    ResponseWriter response_;
    std::optional<Refusal> refusal_;
    std::size_t served_ = 0;
};

}  // namespace gyre::http::internal
