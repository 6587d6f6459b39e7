#include <gyre/http/server/exchange.hpp>

#include "server_connection.hpp"

#include <gyre/http/core/percent.hpp>

#include <utility>

namespace gyre::http {

auto ServerExchange::head() const noexcept -> const RequestHead& { return connection_->head(); }
auto ServerExchange::method() const noexcept -> std::string_view { return head().method; }
auto ServerExchange::target() const noexcept -> std::string_view { return head().target; }
auto ServerExchange::peer() const noexcept -> const net::Address& { return connection_->peer(); }
auto ServerExchange::trailers() const noexcept -> const Fields& { return connection_->trailers(); }
auto ServerExchange::has_started() const noexcept -> bool { return connection_->response().has_started(); }

auto ServerExchange::raw_path() const noexcept -> std::string_view {
    auto path = target();
    if (method() == "CONNECT") return {};
    if (path.empty() || path == "*") return path;
    if (path.front() != '/') {
        const auto scheme_end = path.find("://");
        const auto begin = scheme_end == path.npos ? path.npos : path.find_first_of("/?", scheme_end + 3);
        if (begin == path.npos || path[begin] == '?') return "/";
        path.remove_prefix(begin);
    }
    return path.substr(0, path.find('?'));
}

auto ServerExchange::path() const -> std::string { return percent_decode(raw_path()); }

auto ServerExchange::query() const noexcept -> std::string_view {
    const auto mark = target().find('?');
    return mark == std::string_view::npos ? std::string_view() : target().substr(mark + 1);
}

auto ServerExchange::read() -> Task<std::span<const char>> { return connection_->body().read(); }

auto ServerExchange::respond(ResponseHead head, std::string_view body) -> Task<void> {
    return connection_->response().respond(std::move(head), {}, body, connection_->begin_response());
}

auto ServerExchange::respond(int status, std::string_view content_type, std::string_view body) -> Task<void> {
    ResponseHead head;
    head.status = status;
    return connection_->response().respond(std::move(head), content_type, body, connection_->begin_response());
}

auto ServerExchange::start(ResponseHead head) -> Task<void> {
    return connection_->response().start(std::move(head), connection_->begin_response());
}

auto ServerExchange::write(std::string_view piece) -> Task<void> { return connection_->response().write(piece); }

auto ServerExchange::write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void> {
    return connection_->response().write_file(file, offset, size);
}

auto ServerExchange::finish() -> Task<void> { return connection_->response().finish(Fields()); }
auto ServerExchange::finish(Fields trailers) -> Task<void> {
    return connection_->response().finish(std::move(trailers));
}

auto ServerExchange::inform(ResponseHead head) -> Task<void> { return connection_->response().inform(std::move(head)); }

auto ServerExchange::switch_protocols(ResponseHead head) -> Task<void> {
    connection_->check_can_be_taken();
    return connection_->response().switch_protocols(std::move(head));
}

void ServerExchange::abort() noexcept { connection_->abort(); }
auto ServerExchange::take_stream() -> net::Stream { return connection_->take_stream(); }

}  // namespace gyre::http
