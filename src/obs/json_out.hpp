#pragma once

#include "http/core/json_text.hpp"

#include <ostream>
#include <string_view>

namespace gyre::obs {

/// Writes JSON to a stream, member by member.
class JsonOut {
public:
    explicit JsonOut(std::ostream& out) : out_(out) {}

    template<class Number>
    void number(std::string_view name, Number value) {
        key(name);
        out_ << value;
    }
    void flag(std::string_view name, bool value) {
        key(name);
        out_ << (value ? "true" : "false");
    }
    void text(std::string_view name, std::string_view value) {
        key(name);
        out_ << http::internal::json_string(value);
    }
    /// A text in a list.
    void item(std::string_view value) {
        comma();
        out_ << http::internal::json_string(value);
    }
    /// Something in a list that is written to the stream right after this.
    void raw_item() { comma(); }
    void object(std::string_view name) {
        key(name);
        out_ << '{';
        first_ = true;
    }
    void list(std::string_view name) {
        key(name);
        out_ << '[';
        first_ = true;
    }
    void open(char bracket) {
        comma();
        out_ << bracket;
        first_ = true;
    }
    void close(char bracket) {
        out_ << bracket;
        first_ = false;
    }

protected:
    void key(std::string_view name) {
        comma();
        out_ << '"' << name << "\":";
    }
    void comma() {
        if (!first_) out_ << ',';
        first_ = false;
    }

    std::ostream& out_;
    bool first_ = true;
};

}  // namespace gyre::obs
