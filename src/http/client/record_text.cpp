#include "record_text.hpp"

#include "../core/base64.hpp"
#include "../core/utf8.hpp"

#include <gyre/http/core/errors.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace gyre::http::internal {

namespace {

constexpr std::string_view first_line = "gyre exchanges 1";
constexpr std::size_t base64_line = 76;

// What an editor shows and leaves as it is.
auto is_plain(std::string_view text) noexcept -> bool {
    const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
    });
    return !has_control && is_utf8(text);
}

void append_body(std::string& out, char side, std::string_view body) {
    if (body.empty()) return;
    const bool plain = is_plain(body);
    const std::string coded = plain ? std::string() : to_base64url(body);
    std::string_view rest = plain ? body : std::string_view(coded);
    for (bool is_last = false; !is_last;) {
        const auto end = plain ? std::min(rest.find('\n'), rest.size()) : std::min(base64_line, rest.size());
        is_last = end == rest.size();
        out += side;
        out += plain ? "| " : "+ ";
        out.append(rest.substr(0, end)).append("\n");
        rest.remove_prefix(std::min(rest.size(), plain ? end + 1 : end));
    }
}

void append_cut(std::string& out, char side, bool is_whole) {
    if (is_whole) return;
    out += side;
    out += side == '>' ? "! not sent to its end\n" : "! not read to its end\n";
}

void append_fields(std::string& out, char side, const Fields& fields) {
    for (const auto field : fields) {
        out += side;
        out.append(" ").append(field.name).append(": ").append(field.value).append("\n");
    }
}

/// A line that cannot be read, and why.
struct RecordProblem {
    std::string text;
};

class RecordReader {
public:
    explicit RecordReader(std::string_view text) noexcept : rest_(text) {}

    [[nodiscard]] auto read() -> std::vector<RecordedExchange> {
        try {
            if (!take_line() || line_ != first_line) throw RecordProblem{"this is no record of version 1"};
            while (take_line()) {
                if (line_.empty()) {
                    finish();
                } else {
                    read_line();
                }
            }
            finish();
        } catch (const RecordProblem& problem) {
            throw RecordError("record: line " + std::to_string(number_) + ": " + problem.text);
        } catch (const ProtocolError& problem) {
            throw RecordError("record: line " + std::to_string(number_) + ": " + problem.what());
        }
        return std::move(exchanges_);
    }

private:
    /// Which lines may follow.
    enum class Part : std::uint8_t { none, request, request_body, response, response_body };

    auto take_line() -> bool {
        if (rest_.empty()) return false;
        const auto end = std::min(rest_.find('\n'), rest_.size());
        line_ = rest_.substr(0, end);
        if (line_.ends_with('\r')) line_.remove_suffix(1);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        ++number_;
        return true;
    }

    void read_line() {
        if (line_.find('\r') != std::string_view::npos) throw RecordProblem{"a carriage return within a line"};
        const char side = line_.front();
        const char kind = line_.size() > 1 ? line_[1] : ' ';
        const auto text = line_.substr(std::min<std::size_t>(line_.size(), kind == ' ' ? 2 : 3));
        if (side != '>' && side != '<') throw RecordProblem{"a line begins with > or <"};
        if (kind == ' ') {
            read_head_line(side, text);
        } else if (kind == '|' || kind == '+') {
            read_body_line(side, kind, text);
        } else if (kind == '!') {
            read_cut(side);
        } else {
            throw RecordProblem{"behind > or < comes a space, |, + or !"};
        }
    }

    void read_head_line(char side, std::string_view text) {
        if (side == '>' && part_ != Part::request) {
            finish();
            begin_request(text);
        } else if (side == '<' && (part_ == Part::request || part_ == Part::request_body)) {
            begin_response(text);
        } else if (side == '>' || part_ == Part::response) {
            auto& exchange = exchanges_.back();
            add_field(side == '>' ? exchange.request_fields : exchange.response_fields, text);
        } else {
            throw RecordProblem{"a response without a request before it"};
        }
    }

    void begin_request(std::string_view text) {
        const auto space = text.find(' ');
        if (space == std::string_view::npos) throw RecordProblem{"a request is a method and a URL"};
        auto& exchange = exchanges_.emplace_back();
        exchange.method = text.substr(0, space);
        exchange.url = text.substr(space + 1);
        part_ = Part::request;
    }

    void begin_response(std::string_view text) {
        auto& exchange = exchanges_.back();
        const auto digits = text.substr(0, 3);
        const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), exchange.status);
        const bool is_number = result.ec == std::errc() && result.ptr == digits.data() + 3;
        if (!is_number || exchange.status < 200 || (text.size() > 3 && text[3] != ' ')) {
            throw RecordProblem{"a response is a status from 200 to 999, and a reason"};
        }
        exchange.reason = text.substr(std::min<std::size_t>(4, text.size()));
        part_ = Part::response;
    }

    static void add_field(Fields& fields, std::string_view text) {
        const auto colon = text.find(':');
        if (colon == std::string_view::npos) throw RecordProblem{"a field is a name, a colon and a value"};
        fields.add(text.substr(0, colon), text.substr(colon + 1));
    }

    void read_body_line(char side, char kind, std::string_view text) {
        const auto head = side == '>' ? Part::request : Part::response;
        const auto body = side == '>' ? Part::request_body : Part::response_body;
        if (part_ != head && part_ != body) throw RecordProblem{"a body without a head before it"};
        if (part_ == body && kind_ == '!') throw RecordProblem{"the body has ended before"};
        if (part_ == body && kind != kind_) throw RecordProblem{"a body is in lines or in base64, not in both"};
        auto& exchange = exchanges_.back();
        auto& target = side == '>' ? exchange.request_body : exchange.response_body;
        if (part_ == body && kind == '|') target += '\n';
        target += text;
        part_ = body;
        kind_ = kind;
        auto& coded = side == '>' ? coded_request_ : coded_response_;
        coded = kind == '+';
    }

    void read_cut(char side) {
        const auto head = side == '>' ? Part::request : Part::response;
        const auto body = side == '>' ? Part::request_body : Part::response_body;
        if (part_ != head && part_ != body) throw RecordProblem{"a body without a head before it"};
        auto& exchange = exchanges_.back();
        (side == '>' ? exchange.request_is_whole : exchange.response_is_whole) = false;
        part_ = body;
        kind_ = '!';
    }

    /// The exchange before is complete.
    void finish() {
        if (part_ == Part::none) return;
        if (part_ != Part::response && part_ != Part::response_body)
            throw RecordProblem{"the request before has no response"};
        auto& exchange = exchanges_.back();
        if (std::exchange(coded_request_, false)) exchange.request_body = decoded(exchange.request_body);
        if (std::exchange(coded_response_, false)) exchange.response_body = decoded(exchange.response_body);
        part_ = Part::none;
    }

    [[nodiscard]] static auto decoded(const std::string& text) -> std::string {
        auto bytes = from_base64url(text);
        if (!bytes) throw RecordProblem{"the body before is no base64url"};
        return std::move(*bytes);
    }

    std::string_view rest_;
    std::string_view line_;
    std::size_t number_ = 0;
    std::vector<RecordedExchange> exchanges_;
    Part part_ = Part::none;
    char kind_ = '|';
    bool coded_request_ = false;
    bool coded_response_ = false;
};

}  // namespace

auto write_record(const std::vector<RecordedExchange>& exchanges) -> std::string {
    std::string out(first_line);
    out += '\n';
    for (const auto& exchange : exchanges) {
        out.append("\n> ").append(exchange.method).append(" ").append(exchange.url).append("\n");
        append_fields(out, '>', exchange.request_fields);
        append_body(out, '>', exchange.request_body);
        append_cut(out, '>', exchange.request_is_whole);
        out.append("< ").append(std::to_string(exchange.status)).append(" ").append(exchange.reason).append("\n");
        append_fields(out, '<', exchange.response_fields);
        append_body(out, '<', exchange.response_body);
        append_cut(out, '<', exchange.response_is_whole);
    }
    return out;
}

auto read_record(std::string_view text) -> std::vector<RecordedExchange> { return RecordReader(text).read(); }

}  // namespace gyre::http::internal
