#include <gyre/http/client/mock.hpp>

#include <algorithm>
#include <utility>

namespace gyre::http {

namespace {

constexpr std::size_t most_routes_shown = 8;

auto matches_text(std::string_view text, std::string_view pattern) noexcept -> bool {
    if (pattern.ends_with('*')) return text.starts_with(pattern.substr(0, pattern.size() - 1));
    return text == pattern;
}

auto respond_with(ClientCall& call, int status, std::string body, Fields fields) -> Task<ClientResponse> {
    ResponseHead head;
    head.status = status;
    head.fields = std::move(fields);
    co_return call.respond(std::move(head), std::move(body));
}

auto fail_with(ClientCall& call, RequestPhase phase, std::string reason) -> Task<ClientResponse> {
    throw call.error(phase, reason);
    co_return call.respond(500);  // makes it a coroutine
}

}  // namespace

MockRoute::MockRoute(std::string method, std::string url) : method_(std::move(method)), url_(std::move(url)) {}

auto MockRoute::respond(int status, std::string body, Fields fields) -> MockRoute& {
    return respond([status, body = std::move(body), fields = std::move(fields)](
                       ClientCall& call) { return respond_with(call, status, body, fields); });
}

auto MockRoute::respond(MockHandler handler) -> MockRoute& {
    answers_.push_back(std::move(handler));
    return *this;
}

auto MockRoute::fail(RequestPhase phase, std::string reason) -> MockRoute& {
    return respond([phase, reason = std::move(reason)](ClientCall& call) { return fail_with(call, phase, reason); });
}

auto MockRoute::matches(const ClientCall& call) const -> bool {
    if (method_ != "*" && method_ != call.method()) return false;
    const auto& url = call.url();
    std::string target = url_.starts_with('/') || url_.empty() ? url.request_target()
                                                               : url.origin() + url.request_target();
    if (url_.find('?') == std::string::npos) target.resize(std::min(target.size(), target.find('?')));
    return matches_text(target, url_);
}

auto MockRoute::answer(ClientCall& call) -> Task<ClientResponse> {
    const std::size_t turn = calls_++;
    if (answers_.empty()) return respond_with(call, 200, {}, {});
    return answers_[std::min(turn, answers_.size() - 1)](call);
}

auto MockRoute::text() const -> std::string { return method_ + " " + url_; }

auto MockTransport::on(std::string method, std::string url) -> MockRoute& {
    routes_.push_back(std::make_unique<MockRoute>(std::move(method), std::move(url)));
    return *routes_.back();
}

auto MockTransport::send(ClientCall& call, ClientNext) -> Task<ClientResponse> {
    MockCall seen;
    seen.method = call.method();
    seen.url = call.url().href();
    seen.fields = call.head().fields;
    seen.body = co_await call.read_body();
    calls_.push_back(std::move(seen));
    const auto found = std::find_if(
        routes_.rbegin(), routes_.rend(), [&](const auto& route) { return route->matches(call); });
    if (found != routes_.rend()) co_return co_await (*found)->answer(call);
    std::string text = "the mock has no route for this request";
    for (std::size_t i = 0; i < std::min(routes_.size(), most_routes_shown); ++i) {
        text += (i == 0 ? "; it has " : ", ") + routes_[i]->text();
    }
    if (routes_.size() > most_routes_shown) text += ", ...";
    throw call.error(RequestPhase::connect, text);
}

}  // namespace gyre::http
