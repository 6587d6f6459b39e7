#pragma once

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace gyre::http {

/// A text that is no JSON, or JSON of another shape than was wanted. `what()` names the place if there is one:
/// "JSON: unexpected end of input at byte 7 (line 1, column 8)".
class JsonError : public std::runtime_error {
public:
    /// Says that there is no place: the text is JSON, but of another shape.
    static constexpr std::size_t no_offset = ~std::size_t{0};

    /// @param offset bytes before the mistake, or `no_offset`. @param text what was read, to count the lines of.
    JsonError(std::string_view problem, std::size_t offset, std::string_view text);

    [[nodiscard]] auto offset() const noexcept -> std::size_t { return offset_; }

private:
    std::size_t offset_;
};

/// How values of a type are read from JSON and written as it: what `ClientResponse::json`, `ClientRequest::json` and
/// `Request::json` use. gyre itself has no JSON library: include an adapter (`gyre/http/json/nlohmann.hpp`), or specialise it
/// for a type of yours with one of these functions, or both:
///
///     static auto parse(std::string_view text) -> T;      // throws JsonError
///     static auto dump(const T& value) -> std::string;
template<class T>
struct JsonCodec;

template<class T>
concept JsonReadable = requires(std::string_view text) {
    { JsonCodec<T>::parse(text) } -> std::convertible_to<T>;
};

/// Texts are none of these: they are JSON already.
template<class T>
concept JsonWritable = !std::is_convertible_v<const T&, std::string_view> && requires(const T& value) {
    { JsonCodec<T>::dump(value) } -> std::convertible_to<std::string>;
};

}  // namespace gyre::http
