#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/core/json_codec.hpp>

#include <string>
#include <utility>

namespace gyre::http::internal {

/// Reads a value from a text that is still to come. @param refuse throws what a mistake in it means to the caller.
template<JsonReadable T, class Refuse>
[[nodiscard]] auto parse_json(Task<std::string> reading, Refuse refuse) -> Task<T> {
    const auto text = co_await std::move(reading);
    try {
        co_return JsonCodec<T>::parse(text);
    } catch (const JsonError& error) {
        refuse(error);
        throw;
    }
}

}  // namespace gyre::http::internal
