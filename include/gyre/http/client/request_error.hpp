#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gyre::http {

/// How far a request had come when it failed.
enum class RequestPhase : std::uint8_t {
    url,       ///< the URL, the method or the fields: nothing was sent
    pool,      ///< the queue for a connection
    resolve,   ///< the name of the host
    connect,   ///< the connection
    proxy,     ///< the way through a proxy
    tls,       ///< the handshake: certificate, name, protocol
    send,      ///< head and body of the request
    response,  ///< the head of the response
    body,      ///< the body of the response
    redirect,  ///< a redirect that is not followed
};

/// "url", "resolve", ... as spelled in `RequestPhase`. Static storage.
[[nodiscard]] auto phase_name(RequestPhase phase) noexcept -> std::string_view;

/// A request failed. `what()` is one line that names the request, the operation, the peer and the reason:
/// "GET http://127.0.0.1:81/x: connect 127.0.0.1:81: Connection refused".
///
/// An answer of the server is never an error, whatever its status. Neither is a cancellation.
class RequestError : public std::runtime_error {
public:
    /// @param reason what comes after method and URL in `what()`; from `send` on, the peer is put before a reason that
    ///               does not name it.
    /// @param cause  the error below, or null.
    RequestError(RequestPhase phase, std::string_view method, std::string_view url, std::string_view peer,
        std::string_view reason, std::exception_ptr cause = nullptr);

    [[nodiscard]] auto phase() const noexcept -> RequestPhase { return phase_; }
    [[nodiscard]] auto method() const noexcept -> const std::string& { return method_; }
    /// The URL that failed: after redirects, the last one.
    [[nodiscard]] auto url() const noexcept -> const std::string& { return url_; }
    /// "127.0.0.1:81"; the host and port if there was no connection yet, empty before that.
    [[nodiscard]] auto peer() const noexcept -> const std::string& { return peer_; }
    /// "connect 127.0.0.1:81: Connection refused", "read timed out after 30 s".
    [[nodiscard]] auto reason() const noexcept -> const std::string& { return reason_; }
    /// The error below: an IoError, TlsError, ProtocolError, UrlError, TimeoutError. Null if there is none.
    [[nodiscard]] auto cause() const noexcept -> const std::exception_ptr& { return cause_; }
    /// Was it a time limit of the client that passed?
    [[nodiscard]] auto is_timeout() const noexcept -> bool;

private:
    std::string method_;
    std::string url_;
    std::string peer_;
    std::string reason_;
    std::exception_ptr cause_;
    RequestPhase phase_;
};

/// The status of a response says that the request failed: "GET https://example.org/x: 404 Not Found".
/// Thrown by `ClientResponse::raise_for_status` only. Source: requests.Response.raise_for_status.
class StatusError : public std::runtime_error {
public:
    StatusError(std::string_view method, std::string_view url, int status, std::string_view reason);

    [[nodiscard]] auto status() const noexcept -> int { return status_; }
    [[nodiscard]] auto method() const noexcept -> const std::string& { return method_; }
    [[nodiscard]] auto url() const noexcept -> const std::string& { return url_; }

private:
    std::string method_;
    std::string url_;
    int status_;
};

}  // namespace gyre::http
