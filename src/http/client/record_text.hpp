#pragma once

// A record of exchanges as text:
//
//   gyre exchanges 1
//
//   > POST https://api.example/users        the request
//   > Accept: */*
//   >| name=Ann                             its body, line by line
//   < 201 Created                           the response
//   < Content-Type: application/json
//   <| {"id": 7}
//
// A body that is no plain text stands in base64, after ">+" and "<+". One that did not pass to its end is followed by ">!" or
// "<!", and the rest of that line says so to people.

#include <gyre/http/client/record.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace gyre::http::internal {

[[nodiscard]] auto write_record(const std::vector<RecordedExchange>& exchanges) -> std::string;

/// @throws RecordError.
[[nodiscard]] auto read_record(std::string_view text) -> std::vector<RecordedExchange>;

}  // namespace gyre::http::internal
