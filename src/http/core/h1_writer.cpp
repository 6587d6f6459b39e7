#include <gyre/http/core/h1_writer.hpp>

#include "head_writer.hpp"
#include "scan.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <initializer_list>

namespace gyre::http {
namespace {

using internal::FramingFacts;
using internal::refuse;

/// Makes room once and then only copies.
void append_all(std::string& out, std::initializer_list<std::string_view> parts) {
    std::size_t size = out.size();
    for (const auto part : parts) size += part.size();
    const std::size_t begin = out.size();
    out.resize(size);
    char* to = out.data() + begin;
    for (const auto part : parts) {
        if (!part.empty()) std::memcpy(to, part.data(), part.size());
        to += part.size();
    }
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
    append_all(out, {name, ": ", value, "\r\n"});
}

void append_fields(const Fields& fields, std::string& out) {
    for (const auto field : fields) append_line(out, field.name, field.value);
}

/// Puts one piece behind the other, into room that was made at once.
class Pieces {
public:
    Pieces(std::string& out, std::size_t most) : out_(out) {
        const auto size = out.size();
        out.resize(size + most);
        to_ = out.data() + size;
    }
    ~Pieces() { out_.resize(static_cast<std::size_t>(to_ - out_.data())); }
    Pieces(const Pieces&) = delete;
    auto operator=(const Pieces&) -> Pieces& = delete;

    template<std::size_t size>
    void put(const char (&text)[size]) {  // its length is known, so that no call is needed
        std::memcpy(to_, text, size - 1);
        to_ += size - 1;
    }
    void put(std::string_view text) {
        to_ = std::copy(text.begin(), text.end(), to_);
    }  // an empty one may have no address
    /// A field, unless its value is empty. @param name with its colon.
    template<std::size_t size>
    void put_line(const char (&name)[size], std::string_view value) {
        if (value.empty()) return;
        put(name);
        put(value);
        put("\r\n");
    }
    /// Three digits.
    void put_status(int status) {
        const auto number = static_cast<unsigned>(status);
        to_[0] = static_cast<char>('0' + number / 100);
        to_[1] = static_cast<char>('0' + number / 10 % 10);
        to_[2] = static_cast<char>('0' + number % 10);
        to_ += 3;
    }
    void put_number(std::uint64_t number) { to_ = std::to_chars(to_, to_ + most_digits, number).ptr; }

    static constexpr std::size_t most_digits = 20;

private:
    std::string& out_;
    char* to_;
};

/// What the head of a response may take at most.
auto room_for(const ResponseHead& head, const internal::OwnFields& own, std::string_view reason) -> std::size_t {
    constexpr std::size_t status_line_and_names = 160;
    std::size_t size = status_line_and_names + reason.size() + own.content_type.size() + own.date.size() +
                       own.connection.size() + Pieces::most_digits;
    for (const auto field : head.fields)
        size += field.name.size() + field.value.size() + std::string_view(": \r\n").size();
    return size;
}

void put_fields(const Fields& fields, Pieces& pieces) {
    for (const auto field : fields) {
        pieces.put(field.name);
        pieces.put(": ");
        pieces.put(field.value);
        pieces.put("\r\n");
    }
}

/// And the empty line. Every response has these.
void put_own(const internal::OwnFields& own, Pieces& pieces) {
    pieces.put_line("Content-Type: ", own.content_type);
    pieces.put_line("Date: ", own.date);
    if (own.content_length) {
        pieces.put("Content-Length: ");
        pieces.put_number(*own.content_length);
        pieces.put("\r\n");
    }
    if (own.is_chunked) pieces.put("Transfer-Encoding: chunked\r\n");
    pieces.put_line("Connection: ", own.connection);
    pieces.put("\r\n");
}

auto version_text(Version version) -> std::string_view {
    constexpr std::string_view
        texts = "HTTP/1.0HTTP/1.1HTTP/1.2HTTP/1.3HTTP/1.4HTTP/1.5HTTP/1.6HTTP/1.7HTTP/1.8HTTP/1.9";
    if (version.major != 1 || version.minor > 9) refuse(Rule::unsupported_version);
    return texts.substr(std::size_t{version.minor} * 8, 8);
}

void check_response(const ResponseHead& head, const FramingFacts& facts, std::string_view method, Version client) {
    const int family = head.status / 100;
    if (head.status < 100 || head.status > 999) refuse(Rule::bad_status_code);
    if (std::any_of(head.reason.begin(), head.reason.end(), internal::is_forbidden_control)) refuse(Rule::bad_reason);
    const bool is_1_0 = client < Version{1, 1};
    if (family == 1 && is_1_0) refuse(Rule::interim_to_http10);
    if (facts.has_transfer_encoding && is_1_0) refuse(Rule::transfer_encoding_in_http10);
    const bool announces_body = facts.has_content_length || facts.has_transfer_encoding;
    const bool forbids_framing = family == 1 || head.status == 204 || (method == "CONNECT" && family == 2);
    if (announces_body && forbids_framing) refuse(Rule::body_not_allowed);
}

}  // namespace

namespace internal {

auto facts_of(const Fields& fields, bool is_response) -> FramingFacts {
    FramingFacts facts;
    facts.is_response = is_response;
    for (const auto field : fields) facts.note(field.name, field.value, ProtocolError::no_offset);
    facts.transfer_encoding_offset = ProtocolError::no_offset;
    return facts;
}

auto HeadWriter::request(const RequestHead& head, std::string& out) -> BodyEncoder {
    const auto version = version_text(head.version);
    if (!is_token(head.method)) refuse(Rule::bad_method);
    check_target(head.method, head.target, 0);
    const auto facts = facts_of(head.fields, false);
    if (head.version >= Version{1, 1} && !facts.has_host) refuse(Rule::missing_host);
    const auto framing = facts.decide(head.version, BodyFraming::none);

    append_all(out, {head.method, " ", head.target, " ", version, "\r\n"});
    append_fields(head.fields, out);
    out += "\r\n";
    return {framing, facts.content_length};
}

auto HeadWriter::response(const ResponseHead& head, FramingFacts facts, const OwnFields& own, std::string_view reason,
    std::string_view request_method, Version client_version, std::string& out) -> BodyEncoder {
    const auto version = version_text(head.version);
    if (own.content_length) {
        facts.has_content_length = true;
        facts.content_length = *own.content_length;
    }
    if (own.is_chunked) facts.has_transfer_encoding = facts.has_chunked = facts.last_is_chunked = true;
    check_response(head, facts, request_method, client_version);
    const auto* const end = own.content_type.data() + own.content_type.size();
    if (find_value_end(own.content_type.data(), end) != end) refuse(Rule::control_in_value);
    auto framing = facts.decide(head.version, BodyFraming::until_close);
    if (!response_can_have_body(request_method, head.status)) framing = BodyFraming::none;

    {
        Pieces pieces(out, room_for(head, own, reason));
        pieces.put(version);
        pieces.put(" ");
        pieces.put_status(head.status);
        pieces.put(" ");
        pieces.put(reason);
        pieces.put("\r\n");
        put_fields(head.fields, pieces);
        put_own(own, pieces);
    }
    return {framing, framing == BodyFraming::content_length ? facts.content_length : 0};
}

}  // namespace internal

auto write_head(const RequestHead& head, std::string& out) -> BodyEncoder {
    return internal::HeadWriter::request(head, out);
}

auto write_head(const ResponseHead& head, std::string_view request_method, Version client_version, std::string& out)
    -> BodyEncoder {
    return internal::HeadWriter::response(
        head, internal::facts_of(head.fields, true), {}, head.reason, request_method, client_version, out);
}

void BodyEncoder::write(std::span<const char> piece, std::string& out) {
    if (piece.empty()) return;
    begin_piece(piece.size(), out);
    out.append(piece.data(), piece.size());
    end_piece(out);
}

void BodyEncoder::begin_piece(std::size_t size, std::string& out) {
    if (size == 0) return;
    if (is_finished_) refuse(Rule::body_length_mismatch);
    switch (framing_) {
    case BodyFraming::none:
        refuse(Rule::body_not_allowed);
    case BodyFraming::until_close:
        return;
    case BodyFraming::content_length:
        if (size > left_) refuse(Rule::body_length_mismatch);
        left_ -= size;
        return;
    case BodyFraming::chunked: {
        char digits[16];
        const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
        out.append(digits, end).append("\r\n");
        is_in_chunk_ = true;
    }
    }
}

void BodyEncoder::end_piece(std::string& out) {
    if (is_in_chunk_) out += "\r\n";
    is_in_chunk_ = false;
}

void BodyEncoder::finish(std::string& out, const Fields& trailers) {
    if (is_finished_) return;
    if (framing_ == BodyFraming::content_length && left_ != 0) refuse(Rule::body_length_mismatch);
    if (!trailers.empty() && framing_ != BodyFraming::chunked) refuse(Rule::trailers_need_chunked);
    for (const auto field : trailers) {
        if (internal::is_forbidden_trailer(field.name)) refuse(Rule::forbidden_trailer);
    }
    if (framing_ == BodyFraming::chunked) {
        out += "0\r\n";
        append_fields(trailers, out);
        out += "\r\n";
    }
    is_finished_ = true;
}

}  // namespace gyre::http
