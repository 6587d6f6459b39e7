#pragma once

#include <string>
#include <string_view>

namespace gyre::http {

/// Which bytes are escaped: the percent-encode sets of the URL Standard, section 1.3. Bytes from 0x80 always are.
enum class EncodeSet : unsigned char {
    control,  ///< opaque paths and opaque hosts
    fragment,
    query,
    special_query,  ///< queries of http, https, ws, wss, ftp and file
    path,
    userinfo,
    component,  ///< one value inside a path or query, as JavaScript's encodeURIComponent
};

/// Escapes the bytes of the set as %XX. A `%` already there is kept, except with `component`.
[[nodiscard]] auto percent_encode(std::string_view text, EncodeSet set) -> std::string;

/// Undoes every valid %XX; anything else, `+` included, stays as it is.
[[nodiscard]] auto percent_decode(std::string_view text) -> std::string;

}  // namespace gyre::http
