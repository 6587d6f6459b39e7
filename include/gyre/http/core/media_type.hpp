#pragma once

#include <gyre/http/core/fields.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gyre::http {

/// A media type with its parameters, as Content-Type has it: `text/html; charset=utf-8`.
///
/// Type, subtype and names of parameters are in lower case and compared so; values are kept as they are.
/// Thread: none of its own; a value. Source: RFC 9110 8.3.1.
class MediaType {
public:
    using Parameter = std::pair<std::string, std::string>;

    /// @throws std::invalid_argument if one of them is no token.
    MediaType(std::string_view type, std::string_view subtype);

    /// Reads a Content-Type. Empty if it is none, names a parameter twice, or has more than 32 of them.
    [[nodiscard]] static auto parse(std::string_view text) -> std::optional<MediaType>;

    [[nodiscard]] auto type() const noexcept -> const std::string& { return type_; }
    [[nodiscard]] auto subtype() const noexcept -> const std::string& { return subtype_; }

    /// Type and subtype alone: "text/html".
    [[nodiscard]] auto essence() const -> std::string { return type_ + "/" + subtype_; }

    /// The value of a parameter; the name is compared without case.
    [[nodiscard]] auto parameter(std::string_view name) const noexcept -> std::optional<std::string_view>;
    [[nodiscard]] auto parameters() const noexcept -> const std::vector<Parameter>& { return parameters_; }

    /// Adds or replaces a parameter. @throws std::invalid_argument if the name is no token, the value has a control, or it
    /// would be the 33rd.
    auto set_parameter(std::string_view name, std::string value) -> MediaType&;

    /// As it goes into a Content-Type; values are quoted where they must be.
    [[nodiscard]] auto to_string() const -> std::string;

    friend auto operator==(const MediaType&, const MediaType&) -> bool = default;

private:
    MediaType() = default;

    std::string type_;
    std::string subtype_;
    std::vector<Parameter> parameters_;
};

/// Which of the media types on offer a client wants most, by the Accept fields of its request: the one with the highest
/// weight, the first of equals. The most specific range that fits an offer decides; weight 0 refuses. Members that make no
/// sense are passed over; if none is left, everything is welcome.
/// @param offers such as "text/html" and "application/json", the server's favourite first.
/// @return the index of the offer; empty if the client refuses them all (406) or there are none.
/// Source: RFC 9110 12.5.1.
[[nodiscard]] auto negotiate(const Fields& request, std::span<const std::string_view> offers)
    -> std::optional<std::size_t>;

/// The same for the text of one Accept field.
[[nodiscard]] auto negotiate(std::string_view accept, std::span<const std::string_view> offers)
    -> std::optional<std::size_t>;

/// Which of the content codings on offer to send, by the Accept-Encoding fields of a request.
///
/// "identity" is always acceptable, after everything that is named, unless `identity;q=0` or `*;q=0` refuses it. A request
/// without the field gets identity. `x-gzip` and `x-compress` are the codings without the `x-`.
/// @param offers such as "br", "gzip" and "identity", the server's favourite first.
/// @return the index of the offer; empty if the client refuses them all. Source: RFC 9110 12.5.3.
[[nodiscard]] auto negotiate_coding(const Fields& request, std::span<const std::string_view> offers)
    -> std::optional<std::size_t>;

/// The same for the text of an Accept-Encoding field; an empty one is a field that names nothing.
[[nodiscard]] auto negotiate_coding(std::string_view accept_encoding, std::span<const std::string_view> offers)
    -> std::optional<std::size_t>;

}  // namespace gyre::http
