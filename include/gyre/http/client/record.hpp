#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/core/fields.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::http {

/// A text that is no record of exchanges. `what()` names the line.
class RecordError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One request and its response, as a record keeps them.
struct RecordedExchange {
    RecordedExchange() = default;

    std::string method;
    std::string url;
    Fields request_fields;
    std::string request_body;
    bool request_is_whole = true;  ///< Else the server answered before all of the body was sent: it began so.
    int status = 200;
    std::string reason;
    Fields response_fields;
    std::string response_body;
    bool response_is_whole = true;  ///< Else nobody read the body to its end: it began so.
};

/// What a recorder keeps.
struct RecorderOptions {
    /// Longest body of a request or a response, in bytes. One that gets longer is an error: of whoever reads it, or of the
    /// request that sends it.
    std::size_t body_limit = std::size_t{16} * 1024 * 1024;
    /// Whether the values of Authorization, Proxy-Authorization, Cookie, Set-Cookie and the client's `secret_fields` stand in
    /// the record.
    bool keeps_secrets = false;
};

/// A transport that goes over the client's connections and keeps what passes: `Client client({.transport = &recorder})`.
///
/// Bodies are kept as they pass, and nothing waits for them: those of requests that are made while they are sent, and those
/// of responses as they are read, event streams too. What was not read to its end is kept as far as it was. A body that was
/// decoded is kept decoded. WebSockets pass unrecorded.
/// Must outlive the client's requests. Thread: its loop's. Source: VCR, vcrpy.
class Recorder final : public ClientTransport {
public:
    explicit Recorder(const RecorderOptions& options = {}) : options_(options) {}

    /// Never writes the values of these fields either, of requests and responses.
    auto redact(std::string field) -> Recorder&;

    /// What has passed so far, in the order in which responses began: a copy.
    [[nodiscard]] auto exchanges() const -> std::vector<RecordedExchange>;
    /// The record as text, for `Replayer`: readable, and fit to be changed by hand and kept beside the tests.
    [[nodiscard]] auto to_text() const -> std::string;
    /// Writes it to a file that only its owner may read, whole or not at all. @throws IoError. On cancel: the old file, or the
    /// new one.
    [[nodiscard]] auto save(std::filesystem::path path) const -> Task<void>;

    [[nodiscard]] auto send(ClientCall& call, ClientNext connections) -> Task<ClientResponse> override;

private:
    [[nodiscard]] auto redacted(const Fields& fields, const ClientCall& call) const -> Fields;

    RecorderOptions options_;
    std::vector<std::string> secret_fields_;
    std::vector<std::shared_ptr<const RecordedExchange>> exchanges_;  // bodies may still be passing
};

/// A transport that answers from a record: the same method, URL and body get the response that was recorded, several of them
/// in their order, the last one again and again. Fields are not compared. A body that is made while it is sent is made whole
/// first.
///
/// A request that was not recorded is a RequestError, phase `connect`; to read on where nobody read on when the record was
/// made is one too, phase `body`. Must outlive the client's requests.
/// Thread: its loop's.
class Replayer final : public ClientTransport {
public:
    /// @param text as `Recorder::to_text` writes it. @throws RecordError.
    explicit Replayer(std::string_view text);
    explicit Replayer(std::vector<RecordedExchange> exchanges);
    /// Reads a file of at most 64 MiB. @throws IoError; RecordError; LimitError. On cancel: stops reading.
    [[nodiscard]] static auto load(std::filesystem::path path) -> Task<std::unique_ptr<Replayer>>;

    /// The exchanges that no request asked for, as "GET https://api.example/x".
    [[nodiscard]] auto unused() const -> std::vector<std::string>;

    [[nodiscard]] auto send(ClientCall& call, ClientNext connections) -> Task<ClientResponse> override;

private:
    struct Entry {
        RecordedExchange exchange;
        bool was_used = false;
    };

    /// Has it that method and URL?
    [[nodiscard]] static auto is_for(const RecordedExchange& exchange, const ClientCall& call) -> bool;
    [[nodiscard]] auto find(const ClientCall& call, std::string_view body) -> Entry*;
    [[nodiscard]] auto unmatched(const ClientCall& call) const -> RequestError;

    std::vector<Entry> entries_;
};

}  // namespace gyre::http
