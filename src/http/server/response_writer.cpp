#include "response_writer.hpp"

#include "../core/grammar.hpp"
#include "../core/head_writer.hpp"
#include "http/file_body.hpp"
#include "net/busy.hpp"

#include <gyre/core/errors.hpp>
#include <gyre/core/sleep.hpp>

#include <stdexcept>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr int most_refusals = 2;  // of a file that is not sent by the kernel: then it is not asked any more
constexpr unsigned sends_in_a_row = 4;
constexpr auto two_writers = "write: another task is writing to this response";

/// For a client that is sent no chunks, and so no trailers. What is wrong for others is wrong for it too.
void drop_trailers(Fields& trailers) {
    for (const auto field : trailers) {
        if (is_forbidden_trailer(field.name)) throw ProtocolError(Rule::forbidden_trailer);
    }
    trailers.clear();
}

}  // namespace

void ResponseWriter::begin(std::string_view method, Version version) {
    // All others are answered alike; a copy of the text would be one for each request.
    is_head_ = method == "HEAD";
    method_ = is_head_ ? "HEAD" : method == "CONNECT" ? "CONNECT" : "GET";
    version_ = version;
    stage_ = Stage::none;
    keeps_alive_ = false;
    status_ = 0;
    body_bytes_ = 0;
    is_torn_ = false;
}

void ResponseWriter::write_head_of(
    ResponseHead& head, std::string_view content_type, std::optional<std::size_t> body_bytes, bool keep_alive) {
    if (stage_ != Stage::none) throw InvalidStateError("a request is answered once: its response was started before");
    if (head.status < 200) throw InvalidStateError("a response has a status from 200 on");
    const bool is_1_1 = version_ >= Version{1, 1};
    head.version = {};
    auto facts = facts_of(head.fields, true);
    if (!is_1_1 && facts.has_transfer_encoding) {
        head.fields.remove("Transfer-Encoding");
        facts = facts_of(head.fields, true);
    }
    OwnFields own;
    own.content_type = trim_whitespace(content_type);
    if (!facts.has_date) own.date = clock_.date();
    keep_alive = keep_alive && !facts.connection_close;
    // HEAD is told what GET would be told; 204, 304 and a tunnel have no body at all.
    const bool can_have_body = response_can_have_body(is_head_ ? "GET" : method_, head.status);
    const bool is_reset = head.status == 205;  // has no content, and says so: RFC 9110 15.3.6
    if (is_reset && !body_bytes) body_bytes = 0;
    if ((!can_have_body || is_reset) && body_bytes.value_or(0) != 0) throw ProtocolError(Rule::body_not_allowed);
    if (can_have_body && !facts.has_content_length && !facts.has_transfer_encoding) {
        if (body_bytes) {
            own.content_length = body_bytes;
        } else if (is_1_1) {
            own.is_chunked = true;
        } else {
            keep_alive = false;
        }
    }
    if (!keep_alive && !facts.connection_close) own.connection = "close";
    if (keep_alive && !is_1_1) own.connection = "keep-alive";

    out_.clear();
    const std::string_view reason = head.reason.empty() ? default_reason(head.status) : std::string_view(head.reason);
    encoder_ = HeadWriter::response(head, facts, own, reason, method_, version_, out_);
    keeps_alive_ = keep_alive;
    status_ = head.status;
}

auto ResponseWriter::respond(ResponseHead head, std::string_view content_type, std::string_view body, bool keep_alive)
    -> Task<void> {
    write_head_of(head, content_type, body.size(), keep_alive);
    if (!is_head_) {
        body_bytes_ = body.size();
        encoder_.begin_piece(body.size(), out_);
        // One segment for what is small; what is large goes from where it is.
        if (body.size() <= GuardedStream::piece_bytes) out_.append(std::exchange(body, {}));
    } else {
        body = {};
    }
    std::string tail;
    encoder_.end_piece(tail);
    encoder_.finish(tail);
    if (body.empty()) out_.append(std::exchange(tail, {}));

    stage_ = Stage::body;
    // The next request is there already: its answer may go with this one.
    if (keeps_alive_ && body.empty() && tail.empty() && !stream_.buffered().empty() && stream_.can_hold(out_.size())) {
        stream_.hold(out_);
        stage_ = Stage::finished;
        co_return;
    }
    const auto rest = stream_.write_now(out_);
    if (!rest.empty()) co_await stream_.write(rest);
    if (!body.empty()) co_await stream_.write(body);
    if (!tail.empty()) co_await stream_.write(tail);
    stage_ = Stage::finished;
}

auto ResponseWriter::start(ResponseHead head, bool keep_alive) -> Task<void> {
    const gyre::internal::Busy busy(is_writing_, two_writers);
    write_head_of(head, {}, std::nullopt, keep_alive);
    // The client takes the end of the connection for that of the body: until it is, the connection must not end but break.
    if (encoder_.framing() == BodyFraming::until_close) stream_.set_reset_on_close(true);
    stage_ = Stage::body;
    co_await stream_.write(out_);
}

auto ResponseWriter::inform(ResponseHead head) -> Task<void> {
    if (stage_ != Stage::none) throw InvalidStateError("an interim response comes before the response");
    if (head.status < 102 || head.status > 199) {
        throw InvalidStateError("an interim response has a status from 102 to 199, not " + std::to_string(head.status));
    }
    if (version_ < Version{1, 1}) co_return;
    if (head.reason.empty()) head.reason = default_reason(head.status);
    head.version = {};
    out_.clear();
    static_cast<void>(write_head(head, method_, version_, out_));
    co_await stream_.write(out_);
}

auto ResponseWriter::switch_protocols(ResponseHead head) -> Task<void> {
    if (stage_ != Stage::none) throw InvalidStateError("a request is answered once: its response was started before");
    if (!head.fields.contains("Upgrade")) throw InvalidStateError("101 (Switching Protocols) says to which: Upgrade");
    head.status = 101;
    if (head.reason.empty()) head.reason = default_reason(head.status);
    head.version = {};
    out_.clear();
    static_cast<void>(write_head(head, method_, version_, out_));
    status_ = 101;
    stage_ = Stage::body;
    co_await stream_.write(out_);
    stage_ = Stage::finished;
}

void ResponseWriter::check_in_body() const {
    if (stage_ == Stage::none) throw InvalidStateError("the response was not started");
    if (stage_ == Stage::finished) throw InvalidStateError("the response is finished");
    if (is_torn_) throw InvalidStateError("the response broke off: a write before this one was cancelled, or failed");
}

auto ResponseWriter::write(std::string_view piece) -> Task<void> {
    const gyre::internal::Busy busy(is_writing_, two_writers);
    check_in_body();
    if (piece.empty() || is_head_) co_return;
    body_bytes_ += piece.size();
    out_.clear();
    encoder_.begin_piece(piece.size(), out_);
    is_torn_ = true;
    if (piece.size() <= GuardedStream::piece_bytes && encoder_.framing() == BodyFraming::chunked) {
        out_.append(piece);
        encoder_.end_piece(out_);
        const auto rest = stream_.write_now(out_);
        if (!rest.empty()) co_await stream_.write(rest);
        is_torn_ = false;
        co_return;
    }
    if (!out_.empty()) co_await stream_.write(out_);
    co_await stream_.write(piece);
    co_await end_piece();
}

auto ResponseWriter::end_piece() -> Task<void> {
    out_.clear();
    encoder_.end_piece(out_);
    if (!out_.empty()) co_await stream_.write(out_);
    is_torn_ = false;
}

auto ResponseWriter::write_file(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void> {
    const gyre::internal::Busy busy(is_writing_, two_writers);
    check_in_body();
    if (size == 0 || is_head_) co_return;
    out_.clear();
    encoder_.begin_piece(static_cast<std::size_t>(size), out_);
    is_torn_ = true;
    if (!out_.empty()) co_await stream_.write(out_);
    co_await send_part(file, offset, size);
    co_await end_piece();
}

auto ResponseWriter::send_part(fs::File& file, std::uint64_t offset, std::uint64_t size) -> Task<void> {
    FilePart part(file, offset, size);
    int refusals = 0;
    for (unsigned turn = 1; part.left() > 0; ++turn) {
        std::size_t sent = 0;
        if (refusals < most_refusals) {
            sent = co_await stream_.send_file(file.descriptor(), part.offset(), static_cast<std::size_t>(part.left()));
        }
        refusals = sent > 0 ? 0 : refusals + 1;
        body_bytes_ += sent;
        part.skip(sent);
        if (sent == 0) {  // not in memory, or not over this connection
            const auto piece = co_await part.read();
            body_bytes_ += piece.size();
            co_await stream_.write(piece);
        }
        if (turn % sends_in_a_row == 0) co_await yield_now();  // a peer that takes all at once leaves nobody a turn
    }
}

auto ResponseWriter::finish(Fields trailers) -> Task<void> {
    const gyre::internal::Busy busy(is_writing_, two_writers);
    check_in_body();
    const bool ends_with_connection = encoder_.framing() == BodyFraming::until_close;
    if (ends_with_connection) drop_trailers(trailers);
    out_.clear();
    if (!is_head_) encoder_.finish(out_, trailers);
    if (!out_.empty()) co_await stream_.write(out_);
    if (ends_with_connection) stream_.set_reset_on_close(false);
    stage_ = Stage::finished;
}

}  // namespace gyre::http::internal
