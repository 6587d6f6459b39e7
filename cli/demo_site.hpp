#pragma once

#include <gyre/http/server/exchange.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gyre::cli {

/// The site that `gyre demo` fetches: pages of every size, speed and framing, redirects, and everything that goes wrong on
/// a bad day. What it sends depends on the URL alone.
///
///   /                        an index that links to all of it
///   /bytes/N                 N bytes; with ?seed=S others
///   /chunked/N/PIECE         N bytes in chunks of PIECE
///   /delay/MS                an answer after so many milliseconds
///   /redirect/N              N redirects, then a page
///   /fail/status/CODE        an error status
///   /fail/cut                less than Content-Length says, and then the end of the connection
///   /fail/malformed          a head that breaks the rules
///   /fail/reset              the connection dropped without an answer
///   /fail/slow               a head that does not end within any reason
///   /fail/chunk              a chunk whose size is no number
[[nodiscard]] auto demo_site() -> http::ExchangeHandler;

/// What there is to fetch, the failures too. @param base such as "http://127.0.0.1:8080", without a slash at the end.
[[nodiscard]] auto demo_urls(std::string_view base) -> std::vector<std::string>;

/// The first `size` bytes of the content that `seed` stands for, from `offset` on: for a client that checks what came.
[[nodiscard]] auto demo_bytes(std::size_t offset, std::size_t size, std::uint64_t seed = 0) -> std::string;

}  // namespace gyre::cli
