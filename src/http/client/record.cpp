#include <gyre/http/client/record.hpp>

#include "../core/grammar.hpp"
#include "answer.hpp"
#include "outgoing.hpp"
#include "pool.hpp"
#include "record_text.hpp"
#include "upload.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/http/body_writer.hpp>
#include <gyre/os/filesystem.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::size_t longest_file = std::size_t{64} * 1024 * 1024;
constexpr int switching_protocols = 101;
constexpr std::string_view redaction = "(not recorded)";
constexpr std::array<std::string_view, 4> secrets = {"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"};
// They tell how the body travelled; kept, they would not fit the body that is here.
constexpr std::array<std::string_view, 4> fields_of_the_way = {
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive"};

auto is_same_name(std::string_view a, std::string_view b) noexcept -> bool {
    return internal::equals_ignoring_case(a, b);
}

auto head_of(const RecordedExchange& exchange) -> ResponseHead {
    ResponseHead head;
    head.status = exchange.status;
    head.reason = exchange.reason;
    for (const auto field : exchange.response_fields) {
        if (field.value != redaction) head.fields.add(field.name, field.value);
    }
    return head;
}

auto too_long_text(std::string_view what, std::size_t limit) -> std::string {
    return std::string(what) + " is longer than the " + std::to_string(limit) +
           " bytes that are recorded (RecorderOptions::body_limit)";
}

/// The body of a request, kept while it is made and sent; each time that it is sent anew.
class RecordedUpload final : public internal::Upload {
public:
    RecordedUpload(std::shared_ptr<internal::Upload> upload, std::shared_ptr<RecordedExchange> exchange,
        std::size_t limit) noexcept
        : upload_(std::move(upload)), exchange_(std::move(exchange)), limit_(limit) {}

    auto measure() -> Task<std::optional<std::uint64_t>> override { return upload_->measure(); }
    auto can_begin() const noexcept -> bool override { return upload_->can_begin(); }
    auto produce(BodyWriter& writer) -> Task<void> override {
        const auto round = ++rounds_;
        exchange_->request_body.clear();
        exchange_->request_is_whole = false;
        RecordedSink sink(*this, round, writer);
        BodyWriter recorded(sink);
        co_await upload_->produce(recorded);
        for (const auto field : recorded.trailers()) writer.trailer(field.name, field.value);
        if (round == rounds_) exchange_->request_is_whole = true;
    }

private:
    class RecordedSink final : public internal::BodySink {
    public:
        RecordedSink(RecordedUpload& upload, std::size_t round, BodyWriter& writer) noexcept
            : upload_(&upload), round_(round), writer_(&writer) {}

        [[nodiscard]] auto write(std::string_view piece) -> Task<void> override {
            upload_->keep(piece, round_);
            return writer_->write(piece);
        }

    private:
        RecordedUpload* upload_;
        std::size_t round_;
        BodyWriter* writer_;
    };

    void keep(std::string_view piece, std::size_t round) {
        if (round != rounds_) return;  // of a connection that was given up
        auto& body = exchange_->request_body;
        if (piece.size() > limit_ - body.size()) throw LimitError(too_long_text("the body of the request", limit_));
        body += piece;
    }

    std::shared_ptr<internal::Upload> upload_;
    std::shared_ptr<RecordedExchange> exchange_;
    std::size_t limit_;
    std::size_t rounds_ = 0;
};

/// Puts it in the place of a request's own, and that back however it ends: the request may be sent again.
class UploadInPlace {
public:
    UploadInPlace(internal::Outgoing& request, std::shared_ptr<RecordedExchange> exchange, std::size_t limit)
        : request_(&request), own_(request.upload) {
        if (!own_) return;
        exchange->request_is_whole = false;  // nothing of it was sent yet
        request.upload = std::make_shared<RecordedUpload>(own_, std::move(exchange), limit);
    }
    UploadInPlace(const UploadInPlace&) = delete;
    auto operator=(const UploadInPlace&) -> UploadInPlace& = delete;
    ~UploadInPlace() { request_->upload = std::move(own_); }

private:
    internal::Outgoing* request_;
    std::shared_ptr<internal::Upload> own_;
};

/// A response whose body is kept as it is read.
class RecordedAnswer final : public internal::Answer {
public:
    RecordedAnswer(const internal::Outgoing& request, ClientResponse response,
        std::shared_ptr<RecordedExchange> exchange, std::size_t limit)
        : Answer(request), response_(std::move(response)), exchange_(std::move(exchange)), limit_(limit) {
        const auto& answer = response_.answer();
        peer_ = answer.peer();
        peer_text_ = answer.peer_text();
        head_ = answer.head();
        framing_ = answer.framing();
        content_length_ = answer.content_length();
        is_decoded_ = answer.is_decoded();
        const bool is_empty = framing_ == BodyFraming::content_length && content_length_ == 0;
        exchange_->response_is_whole = is_empty || framing_ == BodyFraming::none;
    }

    [[nodiscard]] auto read() -> Task<std::span<const char>> override {
        if (is_too_long_) refuse();
        const auto piece = co_await response_.read();
        if (piece.empty()) {
            exchange_->response_is_whole = true;
            trailers_ = response_.trailers();
            co_return piece;
        }
        auto& body = exchange_->response_body;
        is_too_long_ = piece.size() > limit_ - body.size();
        if (is_too_long_) refuse();
        body.append(piece.data(), piece.size());
        body_bytes_ += piece.size();
        co_return piece;
    }
    [[nodiscard]] auto close() -> Task<void> override { return response_.close(); }

private:
    [[noreturn]] void refuse() { fail(RequestPhase::body, too_long_text("the body", limit_), nullptr); }

    ClientResponse response_;
    std::shared_ptr<RecordedExchange> exchange_;
    std::size_t limit_;
    bool is_too_long_ = false;
};

/// A body that nobody read to its end when it was recorded: what came first, then the error.
auto piece_of_cut_body(std::shared_ptr<std::string> body, std::shared_ptr<const RequestError> error)
    -> Task<std::string> {
    if (body->empty()) throw RequestError(*error);
    co_return std::exchange(*body, {});
}

auto write_file(std::filesystem::path path, std::string text) -> Task<void> {
    const fs::WriteOptions options{.atomic = true, .permissions = 0600};
    co_await fs::write_text(std::move(path), text, options);
}

auto load_file(std::filesystem::path path) -> Task<std::unique_ptr<Replayer>> {
    const auto text = co_await fs::read_text(std::move(path), longest_file);
    co_return std::make_unique<Replayer>(text);
}

}  // namespace

auto Recorder::redact(std::string field) -> Recorder& {
    secret_fields_.push_back(std::move(field));
    return *this;
}

auto Recorder::exchanges() const -> std::vector<RecordedExchange> {
    std::vector<RecordedExchange> copies;
    copies.reserve(exchanges_.size());
    for (const auto& exchange : exchanges_) copies.push_back(*exchange);
    return copies;
}

auto Recorder::to_text() const -> std::string { return internal::write_record(exchanges()); }
auto Recorder::save(std::filesystem::path path) const -> Task<void> { return write_file(std::move(path), to_text()); }

auto Recorder::redacted(const Fields& fields, const ClientCall& call) const -> Fields {
    const auto& clients = call.pool().settings().secret_fields();
    Fields kept;
    for (const auto field : fields) {
        const auto is_it = [&](std::string_view name) { return is_same_name(name, field.name); };
        bool is_secret = std::any_of(secret_fields_.begin(), secret_fields_.end(), is_it);
        if (!options_.keeps_secrets) {
            is_secret = is_secret || std::any_of(secrets.begin(), secrets.end(), is_it) ||
                        std::any_of(clients.begin(), clients.end(), is_it);
        }
        kept.add(field.name, is_secret ? redaction : field.value);
    }
    return kept;
}

auto Recorder::send(ClientCall& call, ClientNext connections) -> Task<ClientResponse> {
    auto exchange = std::make_shared<RecordedExchange>();
    exchange->method = call.method();
    exchange->url = call.url().href();
    exchange->request_fields = redacted(call.head().fields, call);
    exchange->request_body = call.body();
    const UploadInPlace upload(call.request(), exchange, options_.body_limit);
    auto response = co_await connections(call);
    if (response.status() == switching_protocols) co_return response;
    auto fields = response.fields();
    for (const auto name : fields_of_the_way) fields.remove(name);
    if (response.answer().is_decoded()) fields.remove("Content-Encoding");
    exchange->status = response.status();
    exchange->reason = response.reason();
    exchange->response_fields = redacted(fields, call);
    exchanges_.push_back(exchange);
    co_return ClientResponse(
        std::make_unique<RecordedAnswer>(call.request(), std::move(response), std::move(exchange), options_.body_limit));
}

Replayer::Replayer(std::string_view text) : Replayer(internal::read_record(text)) {}

Replayer::Replayer(std::vector<RecordedExchange> exchanges) {
    for (auto& exchange : exchanges) {
        Entry entry;
        entry.exchange = std::move(exchange);
        entries_.push_back(std::move(entry));
    }
}

auto Replayer::load(std::filesystem::path path) -> Task<std::unique_ptr<Replayer>> {
    return load_file(std::move(path));
}

auto Replayer::unused() const -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto& entry : entries_) {
        if (!entry.was_used) names.push_back(entry.exchange.method + " " + entry.exchange.url);
    }
    return names;
}

auto Replayer::is_for(const RecordedExchange& exchange, const ClientCall& call) -> bool {
    return exchange.method == call.method() && exchange.url == call.url().href();
}

auto Replayer::find(const ClientCall& call, std::string_view body) -> Entry* {
    Entry* last = nullptr;
    for (auto& entry : entries_) {
        const auto& exchange = entry.exchange;
        const bool has_body = exchange.request_is_whole ? body == exchange.request_body
                                                        : body.starts_with(exchange.request_body);
        if (!has_body || !is_for(exchange, call)) continue;
        last = &entry;
        if (!entry.was_used) break;
    }
    return last;
}

auto Replayer::unmatched(const ClientCall& call) const -> RequestError {
    const auto url = call.url().href();
    std::size_t others = 0;
    for (const auto& entry : entries_) others += entry.exchange.url == url ? 1 : 0;
    std::string text = "the record has no such request";
    if (others > 0) text += "; it has " + std::to_string(others) + " for this URL with another method or body";
    return call.error(RequestPhase::connect, text);
}

auto Replayer::send(ClientCall& call, ClientNext) -> Task<ClientResponse> {
    const auto is_asked_for = [&](const Entry& entry) { return is_for(entry.exchange, call); };
    if (std::none_of(entries_.begin(), entries_.end(), is_asked_for)) throw unmatched(call);
    const auto body = co_await call.read_body(longest_file);
    auto* const entry = find(call, body);
    if (entry == nullptr) throw unmatched(call);
    entry->was_used = true;
    const auto& exchange = entry->exchange;
    if (exchange.response_is_whole) co_return call.respond(head_of(exchange), exchange.response_body);
    auto begin = std::make_shared<std::string>(exchange.response_body);
    auto error = std::make_shared<const RequestError>(
        call.error(RequestPhase::body, "the record ends within this body: nobody read on when it was made"));
    BodyPieces pieces = [begin, error] { return piece_of_cut_body(begin, error); };
    co_return call.respond_in_pieces(head_of(exchange), std::move(pieces));
}

}  // namespace gyre::http
