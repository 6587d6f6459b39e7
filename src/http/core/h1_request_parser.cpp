#include <gyre/http/core/h1_parser.hpp>

#include "body_decoder.hpp"
#include "start_line.hpp"

#include <optional>
#include <utility>

namespace gyre::http {

using namespace internal;

struct RequestParser::State {
    enum class Stage : std::uint8_t { between, request_line, fields, body, complete };

    explicit State(const Limits& wanted) : limits(wanted), fields(header_budget(limits)), body(limits) {}

    auto step(std::span<const char> input) -> Event;
    void begin_message();
    auto read_head(std::span<const char> input) -> Event;
    auto scan_head(std::span<const char> data) -> std::size_t;
    void finish_head(std::span<const char> data);
    auto read_body(std::span<const char> input) -> Event;

    Limits limits;
    RequestHead head;
    RequestLineScanner line;
    FieldScanner fields;
    FramingFacts facts;
    BodyDecoder body;
    HeadBuffer bytes;
    std::optional<ProtocolError> error;
    Stage stage = Stage::between;
    bool keep_alive = true;
};

RequestParser::RequestParser(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
auto RequestParser::operator=(RequestParser&&) noexcept -> RequestParser& = default;

auto RequestParser::next(std::span<const char> input) -> Event {
    try {
        return state_->step(input);
    } catch (const ProtocolError& error) {
        state_->error = error;
        throw;
    }
}

auto RequestParser::finish() -> bool {
    if (state_->error) throw *state_->error;
    if (is_idle()) return false;
    state_->error = ProtocolError(Rule::premature_eof);
    throw *state_->error;
}

auto RequestParser::head() const noexcept -> const RequestHead& { return state_->head; }
auto RequestParser::take_head() noexcept -> RequestHead { return std::exchange(state_->head, {}); }
auto RequestParser::trailers() const noexcept -> const Fields& { return state_->body.trailers(); }
auto RequestParser::framing() const noexcept -> BodyFraming { return state_->body.framing(); }
auto RequestParser::content_length() const noexcept -> std::uint64_t { return state_->facts.content_length; }
auto RequestParser::keep_alive() const noexcept -> bool { return state_->keep_alive; }

auto RequestParser::wants_upgrade() const noexcept -> bool {
    const auto& facts = state_->facts;
    return facts.connection_upgrade && facts.has_upgrade && state_->head.version >= Version{1, 1};
}

auto RequestParser::expects_continue() const noexcept -> bool {
    return state_->facts.expects_continue && state_->head.version >= Version{1, 1};
}

auto RequestParser::is_idle() const noexcept -> bool {
    using enum State::Stage;
    return state_->stage == between || state_->stage == complete;
}

auto RequestParser::State::step(std::span<const char> input) -> Event {
    if (error) throw ProtocolError(*error);
    if (stage == Stage::body) return read_body(input);
    if (stage == Stage::between || stage == Stage::complete) {
        if (input.empty()) return {};
        if (!keep_alive) refuse(Rule::request_after_close, 0);
        begin_message();
    }
    return read_head(input);
}

void RequestParser::State::begin_message() {
    line.start();
    facts = {};
    stage = Stage::request_line;
}

auto RequestParser::State::read_head(std::span<const char> input) -> Event {
    const auto end = bytes.feed(input, [this](std::span<const char> data) { return scan_head(data); });
    if (end == 0) return {EventKind::need_more, input.size()};
    stage = Stage::body;
    return {EventKind::head, end};
}

auto RequestParser::State::scan_head(std::span<const char> data) -> std::size_t {
    if (stage == Stage::request_line) {
        if (!line.scan(data, limits.start_line_bytes)) return 0;
        line.finish(data, head);
        fields.start(line.position(), 0);
        stage = Stage::fields;
    }
    if (!fields.scan(data, &facts)) return 0;
    finish_head(data);
    return fields.position();
}

void RequestParser::State::finish_head(std::span<const char> data) {
    fields.finish(data, head.fields);
    const bool is_1_1 = head.version >= Version{1, 1};
    if (!facts.has_host && is_1_1) refuse(Rule::missing_host);
    if (facts.unknown_expectation_offset != 0) refuse(Rule::unknown_expectation, facts.unknown_expectation_offset);
    const auto framing = facts.decide(head.version, BodyFraming::none);
    keep_alive = !facts.connection_close && (is_1_1 || facts.connection_keep_alive);
    body.start(framing, facts.content_length, fields.position());
}

auto RequestParser::State::read_body(std::span<const char> input) -> Event {
    const auto event = body.next(input);
    if (event.kind == EventKind::complete) stage = Stage::complete;
    return event;
}

}  // namespace gyre::http
