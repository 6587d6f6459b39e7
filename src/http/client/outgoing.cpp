#include "outgoing.hpp"

#include "../core/grammar.hpp"
#include "../core/head_writer.hpp"

#include <gyre/core/duration_text.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/http/core/content_coding.hpp>
#include <gyre/http/core/errors.hpp>
#include <gyre/http/core/h1_writer.hpp>
#include <gyre/http/core/message.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr std::array<std::string_view, 6> idempotent_methods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
constexpr std::array<std::string_view, 3> methods_with_body = {"POST", "PUT", "PATCH"};

auto is_one_of(std::string_view method, std::span<const std::string_view> methods) noexcept -> bool {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

// Before the fragment, behind what the URL has of a query itself.
auto with_query(std::string text, std::string_view query) -> std::string {
    if (query.empty()) return text;
    const auto end = std::min(text.find('#'), text.size());
    const bool has_query = text.find('?') < end;
    return text.insert(end, (has_query ? "&" : "?") + std::string(query));
}

// Most requests have none.
auto shared_bytes(std::string bytes) -> std::shared_ptr<const std::string> {
    static const auto none = std::make_shared<const std::string>();
    return bytes.empty() ? none : std::make_shared<const std::string>(std::move(bytes));
}

auto parse_url(const Settings& settings, std::string_view method, const std::string& text) -> Url {
    try {
        const auto mode = settings.options().url_mode;
        const auto& base = settings.base_url();
        return base ? Url::parse(text, *base, mode) : Url::parse(text, mode);
    } catch (const UrlError& error) {
        throw RequestError(
            RequestPhase::url, method, without_credentials(text), {}, error.what(), std::current_exception());
    }
}

/// Does a field of that name decide what else stands in the head, or how the body is framed?
auto decides_something(std::string_view name) noexcept -> bool {
    constexpr std::array<std::string_view, 10> names = {"Host", "Range", "Accept", "Expect", "Upgrade", "Connection",
        "User-Agent", "Content-Length", "Accept-Encoding", "Transfer-Encoding"};
    return std::any_of(
        names.begin(), names.end(), [name](std::string_view one) { return equals_ignoring_case(name, one); });
}

auto is_of_class(std::string_view text, CharClass wanted) noexcept -> bool {
    return std::all_of(text.begin(), text.end(), [wanted](char c) { return has_class(c, wanted); });
}

}  // namespace

auto without_credentials(std::string_view text) -> std::string {
    const bool is_path = text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
    const auto at = text.rfind('@');
    if (is_path || at == std::string_view::npos) return std::string(text);
    const auto slashes = text.find("//");
    const auto begin = slashes == std::string_view::npos || slashes > at ? 0 : slashes + 2;
    return std::string(text.substr(0, begin)) + "***" + std::string(text.substr(at));
}

Outgoing::Outgoing(const Settings& settings, Order&& order)
    : method(std::move(order.method)),
      url(parse_url(settings, method, with_query(std::move(order.url), order.query))),
      fields(std::move(order.fields)),
      body(shared_bytes(std::move(order.body))),
      upload(std::move(order.upload)),
      continue_limit(order.continue_limit),
      on_interim(std::move(order.on_interim)),
      follows_redirects(order.follow_redirects.value_or(settings.options().follow_redirects)),
      decodes(order.decode.value_or(settings.options().decode)),
      requires_delimited(order.require_delimited.value_or(settings.options().require_delimited)),
      timeouts(order.timeouts.value_or(settings.timeout())) {
    if (order.total) timeouts.total = *order.total;
    if (timeouts.total > Duration::zero()) deadline = this_loop().now() + timeouts.total;
    check();
}

void Outgoing::check() const {
    if (!url.username().empty() || !url.password().empty()) {
        throw RequestError(RequestPhase::url, method, url.origin(), {},
            "a user name or password in the URL: use basic_auth(user, password)");
    }
    if (url.scheme() != "http" && url.scheme() != "https") {
        throw RequestError(
            RequestPhase::url, method, without_credentials(url.href()), {}, "the scheme is not http or https");
    }
    if (method == "CONNECT") throw error(RequestPhase::url, "CONNECT opens a tunnel, which this client does not");
    if (fields.contains("Transfer-Encoding"))
        throw error(RequestPhase::url, "Transfer-Encoding is the client's own to set");
}

auto Outgoing::complete_head(const Settings& settings) const -> RequestHead {
    RequestHead head;
    head.method = method;
    head.target = url.request_target();
    const auto host = fields.get("Host");
    try {
        head.fields.add("Host", host ? *host : url.authority());
        if (!fields.contains("User-Agent") && !settings.user_agent().empty()) {
            head.fields.add("User-Agent", settings.user_agent());
        }
        if (!fields.contains("Accept")) head.fields.add("Accept", "*/*");
        if (decodes && !fields.contains("Accept-Encoding") && !offers_upgrade()) {
            // A range of a coded body could not be decoded.
            head.fields.add("Accept-Encoding", fields.contains("Range") ? "identity" : accepted_codings);
        }
        if (upload && !length) {
            head.fields.add("Transfer-Encoding", "chunked");
        } else if (has_body() || is_one_of(method, methods_with_body)) {
            head.fields.add("Content-Length", std::to_string(upload ? *length : body->size()));
        }
        if (continue_limit && has_body() && !fields.contains("Expect")) head.fields.add("Expect", "100-continue");
        bool seen_host = false;
        for (const auto field : fields) {
            Fields one;
            one.add(field.name, field.value);
            if (one.contains("Content-Length")) continue;
            if (one.contains("Host") && !std::exchange(seen_host, true)) continue;  // a second one is refused below
            head.fields.add(field.name, field.value);
        }
        if (cookies) {
            const auto own = head.fields.get("Cookie");
            const std::string all = own ? std::string(*own) + "; " + *cookies : *cookies;
            head.fields.set("Cookie", all);
        }
    } catch (const ProtocolError& problem) {
        throw error(RequestPhase::url, problem.what(), {}, std::current_exception());
    }
    return head;
}

auto Outgoing::write_plain_head(const Settings& settings, WrittenHead& written) const -> bool {
    const auto& usual = settings.usual_lines();
    const bool is_plain = !upload && !cookies && !continue_limit && !usual.empty() && is_token(method) &&
                          is_of_class(url.host(), plain_host_char) && settings.proxies().for_url(url) == nullptr;
    if (!is_plain) return false;
    std::size_t size = 0;
    for (const auto field : fields) {
        if (decides_something(field.name)) return false;
        size += field.name.size() + field.value.size() + 4;
    }
    const auto target = url.request_target();
    check_target(method, target, 0);

    constexpr std::size_t most_of_the_rest = 160;       // what stands between, a port, the length of a body
    constexpr std::size_t small_body_size = 16 * 1024;  // may follow in the same write
    size += method.size() + target.size() + url.host().size() + usual.size() + most_of_the_rest;
    std::string& text = written.text;
    text.reserve(size + std::min(body->size(), small_body_size));
    std::array<char, 24> digits{};
    const auto append_number = [&](std::size_t number) {
        text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
    };
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(url.host());
    if (url.port()) {
        text += ':';
        append_number(*url.port());
    }
    text.append("\r\n").append(usual);
    if (decodes) text.append("Accept-Encoding: ").append(accepted_codings).append("\r\n");
    if (!body->empty() || is_one_of(method, methods_with_body)) {
        text += "Content-Length: ";
        append_number(body->size());
        text += "\r\n";
        written.body = HeadWriter::encoder_of(body->size());
    }
    for (const auto field : fields) text.append(field.name).append(": ").append(field.value).append("\r\n");
    text += "\r\n";
    return true;
}

auto Outgoing::head(const Settings& settings) const -> WrittenHead {
    WrittenHead written;
    try {
        if (write_plain_head(settings, written)) return written;
    } catch (const ProtocolError& problem) {
        throw error(RequestPhase::url, problem.what(), {}, std::current_exception());
    }
    RequestHead head = complete_head(settings);
    try {
        settings.proxies().address(url, offers_upgrade(), head);
        written.body = write_head(head, written.text);
    } catch (const ProtocolError& problem) {
        throw error(RequestPhase::url, problem.what(), {}, std::current_exception());
    }
    return written;
}

auto Outgoing::measure() -> Task<void> {
    if (!upload) co_return;
    if (!upload->can_begin()) {
        throw error(RequestPhase::send, "the body was streamed once, and cannot be sent again");
    }
    try {
        length = co_await upload->measure();
    } catch (const IoError& problem) {
        throw error(RequestPhase::send, std::string("the body: ") + problem.what(), {}, std::current_exception());
    } catch (const std::invalid_argument& problem) {  // a path that is none
        throw error(RequestPhase::send, std::string("the body: ") + problem.what(), {}, std::current_exception());
    }
}

void Outgoing::drop_body() {
    body = shared_bytes({});
    upload.reset();
}

auto Outgoing::is_idempotent() const noexcept -> bool { return is_one_of(method, idempotent_methods); }

auto Outgoing::timeout_text() const -> std::string {
    return method + " " + url.href() + ": timed out after " + gyre::internal::duration_text(timeouts.total) + " in all";
}

auto Outgoing::error(RequestPhase phase, std::string_view reason, std::string_view peer, std::exception_ptr cause) const
    -> RequestError {
    return RequestError(phase, method, url.href(), peer, reason, std::move(cause));
}

}  // namespace gyre::http::internal
