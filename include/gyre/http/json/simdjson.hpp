#pragma once

/// JSON by simdjson, which the program that includes this must have and link: `response.json<http::SimdDocument>()` for a text to
/// look around in, and `response.json<User>()` for every type with a function
/// `void from_simdjson(const simdjson::dom::element& from, User& to)` beside it. simdjson reads JSON and writes none.

#include <gyre/http/core/json_codec.hpp>

#include <simdjson.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre::http {

/// A JSON text with its values. Move-only; what `root` leads to lives as long as it.
///
/// Reading keeps a copy of the text and a tape of its values: about three times the text in all.
class SimdDocument {
public:
    /// An object without members.
    SimdDocument() : SimdDocument("{}") {}
    /// @throws JsonError, which names no place, for simdjson tells none; also for nesting deeper than 1024.
    explicit SimdDocument(std::string_view text) : parser_(std::make_unique<simdjson::dom::parser>()) {
        if (const auto problem = parser_->parse(text.data(), text.size()).get(root_)) {
            throw JsonError(simdjson::error_message(problem), JsonError::no_offset, text);
        }
    }

    [[nodiscard]] auto root() const noexcept -> const simdjson::dom::element& { return root_; }

private:
    std::unique_ptr<simdjson::dom::parser> parser_;  // elements point into it
    simdjson::dom::element root_;
};

namespace internal {

template<class T>
concept SimdConvertible = std::default_initializable<T> &&
                          requires(const simdjson::dom::element& from, T& to) { from_simdjson(from, to); };

template<class T>
struct SimdList : std::false_type {};
template<class T>
struct SimdList<std::vector<T>> : std::true_type {};
template<class T>
struct SimdOptional : std::false_type {};
template<class T>
struct SimdOptional<std::optional<T>> : std::true_type {};

/// What JSON has of its own.
template<class Value>
auto simd_get(const simdjson::dom::element& from) -> Value {
    Value value{};
    if (const auto problem = from.get(value))
        throw JsonError(simdjson::error_message(problem), JsonError::no_offset, {});
    return value;
}

template<class T>
auto simd_number(const simdjson::dom::element& from) -> T {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    const auto wide = simd_get<Wide>(from);
    if (!std::in_range<T>(wide)) throw JsonError("a number is out of range", JsonError::no_offset, {});
    return static_cast<T>(wide);
}

}  // namespace internal

/// The value that `from` is, for what `from_simdjson` functions are made of: bool, numbers, std::string, simdjson's own types,
/// std::vector and std::optional of those (null is an empty one), and types that have a `from_simdjson`.
/// @throws JsonError for a value of another kind, and for a number that does not fit.
template<class T>
[[nodiscard]] auto simd_value(const simdjson::dom::element& from) -> T {
    if constexpr (internal::SimdList<T>::value) {
        T list;
        for (const auto one : internal::simd_get<simdjson::dom::array>(from)) {
            list.push_back(simd_value<typename T::value_type>(one));
        }
        return list;
    } else if constexpr (internal::SimdOptional<T>::value) {
        return from.is_null() ? T() : T(simd_value<typename T::value_type>(from));
    } else if constexpr (internal::SimdConvertible<T>) {
        T value;
        from_simdjson(from, value);
        return value;
    } else if constexpr (std::integral<T> && !std::same_as<T, bool>) {
        return internal::simd_number<T>(from);
    } else if constexpr (std::floating_point<T>) {
        return static_cast<T>(internal::simd_get<double>(from));
    } else if constexpr (std::same_as<T, std::string>) {
        return std::string(internal::simd_get<std::string_view>(from));
    } else {
        return internal::simd_get<T>(from);
    }
}

/// A member of the object that `from` is. A member that is not there is an empty std::optional, and an error for other types.
/// @throws JsonError that names the member.
template<class T>
[[nodiscard]] auto simd_member(const simdjson::dom::element& from, std::string_view name) -> T {
    try {
        simdjson::dom::element member;
        const auto problem = internal::simd_get<simdjson::dom::object>(from).at_key(name).get(member);
        if (problem == simdjson::NO_SUCH_FIELD && internal::SimdOptional<T>::value) return T();
        if (problem) throw JsonError(simdjson::error_message(problem), JsonError::no_offset, {});
        return simd_value<T>(member);
    } catch (const JsonError& error) {
        std::string_view what = error.what();
        if (what.starts_with("JSON: ")) what.remove_prefix(6);
        throw JsonError("\"" + std::string(name) + "\": " + std::string(what), JsonError::no_offset, {});
    }
}

template<>
struct JsonCodec<SimdDocument> {
    static auto parse(std::string_view text) -> SimdDocument { return SimdDocument(text); }
};

template<class T>
    requires internal::SimdConvertible<T>
struct JsonCodec<T> {
    static auto parse(std::string_view text) -> T { return simd_value<T>(SimdDocument(text).root()); }
};

template<class T>
    requires internal::SimdConvertible<T>
struct JsonCodec<std::vector<T>> {
    static auto parse(std::string_view text) -> std::vector<T> {
        return simd_value<std::vector<T>>(SimdDocument(text).root());
    }
};

}  // namespace gyre::http
