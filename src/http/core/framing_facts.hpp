#pragma once

// What the fields of one head say about framing, routing and the connection, noted while they are read.

#include "grammar.hpp"

#include <gyre/http/core/message.hpp>

namespace gyre::http::internal {

struct FramingFacts {
    std::uint64_t content_length = 0;
    std::uint64_t transfer_encoding_offset = 0;
    bool is_response = false;
    bool ignore_framing = false;  ///< 2xx to CONNECT: Content-Length and Transfer-Encoding mean nothing
    bool has_content_length = false;
    bool has_transfer_encoding = false;
    bool has_chunked = false;
    bool has_other_coding = false;
    bool last_is_chunked = false;
    bool has_host = false;
    bool has_date = false;
    bool has_upgrade = false;
    bool connection_close = false;
    bool connection_keep_alive = false;
    bool connection_upgrade = false;
    bool expects_continue = false;
    std::uint32_t unknown_expectation_offset = 0;  ///< Of the last such field; 0: there is none.

    /// Looks at one field; refuses those that break a rule by themselves.
    /// @param offset of the field line, for errors.
    void note(std::string_view name, std::string_view value, std::uint64_t offset) {
        // Length and first letter rule out nearly every other field before any text is compared.
        const char first = static_cast<char>(name[0] | 0x20);
        switch (name.size()) {
        case 4:
            if (first == 'h') note_if("host", name, value, offset, &FramingFacts::note_host);
            if (first == 'd') note_if("date", name, value, offset, &FramingFacts::note_date);
            break;
        case 6:
            if (first == 'e') note_if("expect", name, value, offset, &FramingFacts::note_expect);
            break;
        case 7:
            if (first == 'u') note_if("upgrade", name, value, offset, &FramingFacts::note_upgrade);
            break;
        case 10:
            if (first == 'c') note_if("connection", name, value, offset, &FramingFacts::note_connection);
            break;
        case 14:
            if (first == 'c') note_if("content-length", name, value, offset, &FramingFacts::note_content_length);
            break;
        case 17:
            if (first == 't') {
                note_if("transfer-encoding", name, value, offset, &FramingFacts::note_transfer_encoding);
            }
            break;
        default:
            break;
        }
    }

    /// Decides by all fields together: RFC 9112 6.3. Refuses contradictions.
    /// @param absent what it means when neither field is there.
    [[nodiscard]] auto decide(Version version, BodyFraming absent) const -> BodyFraming;

private:
    using Note = void (FramingFacts::*)(std::string_view value, std::uint64_t offset);

    template<std::size_t size>
    void note_if(
        const char (&wanted)[size], std::string_view name, std::string_view value, std::uint64_t offset, Note handler) {
        if (is_word(wanted, name)) (this->*handler)(value, offset);
    }

    void note_host(std::string_view value, std::uint64_t offset);
    void note_date(std::string_view value, std::uint64_t offset);
    void note_expect(std::string_view value, std::uint64_t offset);
    void note_upgrade(std::string_view value, std::uint64_t offset);
    void note_connection(std::string_view value, std::uint64_t offset);
    void note_content_length(std::string_view value, std::uint64_t offset);
    void note_transfer_encoding(std::string_view value, std::uint64_t offset);
};

/// Parses a Content-Length: digits only, at most 63 bits. Refuses anything else.
auto parse_content_length(std::string_view value, std::uint64_t offset) -> std::uint64_t;

}  // namespace gyre::http::internal
