#include <gyre/http/core/h1_parser.hpp>

#include "body_decoder.hpp"
#include "start_line.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace gyre::http {

using namespace internal;

struct ResponseParser::State {
    enum class Stage : std::uint8_t { unexpected, expected, status_line, fields, body };

    explicit State(const Limits& wanted) : limits(wanted), fields(header_budget(limits)), body(limits) {}

    auto step(std::span<const char> input) -> Event;
    void begin_message();
    auto read_head(std::span<const char> input) -> Event;
    auto scan_head(std::span<const char> data) -> std::size_t;
    void check_status();
    void finish_head(std::span<const char> data);
    auto read_body(std::span<const char> input) -> Event;
    [[nodiscard]] auto is_interim() const noexcept -> bool { return head.status / 100 == 1 && head.status != 101; }
    [[nodiscard]] auto leaves_http() const noexcept -> bool {
        return head.status == 101 || (method == "CONNECT" && head.status / 100 == 2);
    }

    Limits limits;
    std::string method;
    ResponseHead head;
    StatusLineScanner line;
    FieldScanner fields;
    FramingFacts facts;
    BodyDecoder body;
    HeadBuffer bytes;
    std::optional<ProtocolError> error;
    Stage stage = Stage::unexpected;
    bool upgrade_offered = false;
    bool keep_alive = true;
};

ResponseParser::ResponseParser(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
auto ResponseParser::operator=(ResponseParser&&) noexcept -> ResponseParser& = default;

void ResponseParser::expect(std::string_view method, bool upgrade_offered) {
    if (state_->stage != State::Stage::unexpected) {
        throw std::logic_error("gyre::http::ResponseParser::expect: the previous response is not complete");
    }
    state_->method.assign(method);
    state_->upgrade_offered = upgrade_offered;
    state_->stage = State::Stage::expected;
}

auto ResponseParser::next(std::span<const char> input) -> Event {
    try {
        return state_->step(input);
    } catch (const ProtocolError& error) {
        state_->error = error;
        throw;
    }
}

auto ResponseParser::finish() -> bool {
    if (state_->error) throw ProtocolError(*state_->error);
    if (is_idle()) return false;
    if (state_->stage == State::Stage::body && framing() == BodyFraming::until_close) {
        state_->stage = State::Stage::unexpected;
        return true;
    }
    state_->error = ProtocolError(Rule::premature_eof);
    throw ProtocolError(*state_->error);
}

auto ResponseParser::head() const noexcept -> const ResponseHead& { return state_->head; }
auto ResponseParser::take_head() noexcept -> ResponseHead { return std::exchange(state_->head, {}); }
auto ResponseParser::trailers() const noexcept -> const Fields& { return state_->body.trailers(); }
auto ResponseParser::framing() const noexcept -> BodyFraming { return state_->body.framing(); }
auto ResponseParser::keep_alive() const noexcept -> bool { return state_->keep_alive; }

auto ResponseParser::content_length() const noexcept -> std::uint64_t {
    return framing() == BodyFraming::content_length ? state_->facts.content_length : 0;
}

auto ResponseParser::is_idle() const noexcept -> bool {
    return state_->stage == State::Stage::unexpected || state_->stage == State::Stage::expected;
}

auto ResponseParser::State::step(std::span<const char> input) -> Event {
    if (error) throw ProtocolError(*error);
    if (stage == Stage::body) return read_body(input);
    if (stage == Stage::unexpected || stage == Stage::expected) {
        if (input.empty()) return {};
        if (stage == Stage::unexpected) refuse(Rule::response_without_request, 0);
        begin_message();
    }
    return read_head(input);
}

void ResponseParser::State::begin_message() {
    line.start();
    facts = {};
    facts.is_response = true;
    stage = Stage::status_line;
}

auto ResponseParser::State::read_head(std::span<const char> input) -> Event {
    const auto end = bytes.feed(input, [this](std::span<const char> data) { return scan_head(data); });
    if (end == 0) return {EventKind::need_more, input.size()};
    // After an interim response the same request still waits for its final one.
    stage = is_interim() ? Stage::expected : Stage::body;
    return {is_interim() ? EventKind::interim_head : EventKind::head, end};
}

auto ResponseParser::State::scan_head(std::span<const char> data) -> std::size_t {
    if (stage == Stage::status_line) {
        if (!line.scan(data, limits.start_line_bytes)) return 0;
        line.finish(data, head);
        check_status();
        fields.start(line.position(), 0);
        stage = Stage::fields;
    }
    if (!fields.scan(data, &facts)) return 0;
    finish_head(data);
    return fields.position();
}

void ResponseParser::State::check_status() {
    if (head.status == 101 && !upgrade_offered) refuse(Rule::unexpected_switching_protocols);
    facts.ignore_framing = method == "CONNECT" && head.status / 100 == 2;
}

void ResponseParser::State::finish_head(std::span<const char> data) {
    fields.finish(data, head.fields);
    auto framing = facts.decide(head.version, BodyFraming::until_close);
    if (!response_can_have_body(method, head.status)) framing = BodyFraming::none;
    keep_alive = head.version >= Version{1, 1} && !facts.connection_close && framing != BodyFraming::until_close &&
                 !leaves_http();
    body.start(framing, facts.content_length, fields.position());
}

auto ResponseParser::State::read_body(std::span<const char> input) -> Event {
    const auto event = body.next(input);
    if (event.kind == EventKind::complete) stage = Stage::unexpected;
    return event;
}

}  // namespace gyre::http
