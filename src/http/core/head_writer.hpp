#pragma once

#include "framing_facts.hpp"

#include <gyre/http/core/h1_writer.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gyre::http::internal {

/// What a server says in a response behind the fields of its handler. Empty: it does not say it.
struct OwnFields {
    std::string_view content_type = {};
    std::string_view date = {};
    std::optional<std::uint64_t> content_length = std::nullopt;
    bool is_chunked = false;
    std::string_view connection = {};
};

/// What the fields say together. A `Fields` can hold only names and values that are valid by themselves.
[[nodiscard]] auto facts_of(const Fields& fields, bool is_response) -> FramingFacts;

/// Writes the head of a message and makes the encoder of its body; see `write_head`.
class HeadWriter {
public:
    [[nodiscard]] static auto request(const RequestHead& head, std::string& out) -> BodyEncoder;
    /// @param facts of the fields of `head`. @param own of which the Content-Type is checked. @param reason the head's, or a usual one, which
    ///            is not checked.
    [[nodiscard]] static auto response(const ResponseHead& head, FramingFacts facts, const OwnFields& own,
        std::string_view reason, std::string_view request_method, Version client_version, std::string& out)
        -> BodyEncoder;
    /// Of a body behind a head that announces its length.
    [[nodiscard]] static auto encoder_of(std::uint64_t content_length) noexcept -> BodyEncoder {
        return {BodyFraming::content_length, content_length};
    }
};

}  // namespace gyre::http::internal
