#include <gyre/http/client/record.hpp>

#include "../core/grammar.hpp"
#include "answer.hpp"
#include "record_text.hpp"

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

auto Recorder::to_text() const -> std::string { return internal::write_record(exchanges_); }
auto Recorder::save(std::filesystem::path path) const -> Task<void> { return write_file(std::move(path), to_text()); }

auto Recorder::redacted(const Fields& fields) const -> Fields {
    Fields kept;
    for (const auto field : fields) {
        const auto is_it = [&](std::string_view name) { return is_same_name(name, field.name); };
        bool is_secret = std::any_of(secret_fields_.begin(), secret_fields_.end(), is_it);
        if (!options_.keeps_secrets) is_secret = is_secret || std::any_of(secrets.begin(), secrets.end(), is_it);
        kept.add(field.name, is_secret ? redaction : field.value);
    }
    return kept;
}

auto Recorder::send(ClientCall& call, ClientNext connections) -> Task<ClientResponse> {
    RecordedExchange exchange;
    exchange.method = call.method();
    exchange.url = call.url().href();
    exchange.request_fields = redacted(call.head().fields);
    exchange.request_body = call.body();
    auto response = co_await connections(call);
    if (response.status() == switching_protocols) co_return response;
    auto head = response.head();
    exchange.response_body = co_await response.text(options_.body_limit);
    for (const auto name : fields_of_the_way) head.fields.remove(name);
    if (response.answer().is_decoded()) head.fields.remove("Content-Encoding");
    exchange.status = head.status;
    exchange.reason = head.reason;
    exchange.response_fields = redacted(head.fields);
    exchanges_.push_back(exchange);
    co_return call.respond(std::move(head), std::move(exchange.response_body));
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

auto Replayer::find(const ClientCall& call) -> Entry* {
    const auto url = call.url().href();
    Entry* last = nullptr;
    for (auto& entry : entries_) {
        const auto& exchange = entry.exchange;
        if (exchange.method != call.method() || exchange.url != url || exchange.request_body != call.body()) continue;
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
    auto* const entry = find(call);
    if (entry == nullptr) throw unmatched(call);
    entry->was_used = true;
    co_return call.respond(head_of(entry->exchange), entry->exchange.response_body);
}

}  // namespace gyre::http
