#pragma once

/// JSON by nlohmann-json, which the program that includes this must have: `response.json<nlohmann::json>()`,
/// `request.json(value)`, and the same for every type that nlohmann-json converts (`to_json`, `from_json`, its macros).

#include <gyre/http/core/json_codec.hpp>

#include <nlohmann/json.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace gyre::http {

namespace internal {

template<class T>
concept NlohmannReadable = std::same_as<T, nlohmann::json> ||
                           (std::default_initializable<T> &&
                               requires(const nlohmann::json& from, T& value) { nlohmann::from_json(from, value); });

template<class T>
concept NlohmannWritable = std::same_as<T, nlohmann::json> ||
                           requires(nlohmann::json& to, const T& value) { nlohmann::to_json(to, value); };

/// nlohmann-json's texts name the kind, its number and the place again: what is left is the problem.
inline auto nlohmann_problem(std::string_view what) -> std::string_view {
    for (const std::string_view mark : {"] ", ": "}) {
        const auto at = what.find(mark);
        if (at != std::string_view::npos) what.remove_prefix(at + mark.size());
    }
    return what;
}

}  // namespace internal

template<class T>
    requires(internal::NlohmannReadable<T> || internal::NlohmannWritable<T>)
struct JsonCodec<T> {
    static auto parse(std::string_view text) -> T
        requires internal::NlohmannReadable<T>
    {
        try {
            return nlohmann::json::parse(text).template get<T>();
        } catch (const nlohmann::json::parse_error& error) {
            const auto place = error.byte == 0 ? 0 : error.byte - 1;
            throw JsonError(internal::nlohmann_problem(error.what()), place, text);
        } catch (const nlohmann::json::exception& error) {
            throw JsonError(error.what(), JsonError::no_offset, text);
        }
    }

    /// @throws nlohmann::json::type_error for a text that is not UTF-8.
    static auto dump(const T& value) -> std::string
        requires internal::NlohmannWritable<T>
    {
        return nlohmann::json(value).dump();
    }
};

}  // namespace gyre::http
