#pragma once

#include <gyre/http/core/content_coding.hpp>
#include <gyre/http/server/app.hpp>

#include <cstdint>
#include <string_view>

namespace gyre::http {

/// How responses are compressed. The texts are copied at once.
struct CompressOptions {
    /// What is offered, the server's favourite first, from "zstd", "br", "gzip" and "deflate". The client's weights go before.
    std::string_view codings = "zstd, br, gzip";
    /// What is worth it: types, "text/*", and "+json" for every type that ends so. text/event-stream counts only if it is
    /// named: some clients' proxies hold back what is compressed.
    std::string_view media_types =
        "text/*, +json, +xml, application/json, application/xml, application/javascript, application/wasm, "
        "application/yaml, image/svg+xml, image/bmp, font/ttf, font/otf";
    std::uint64_t min_bytes = 1024;                 ///< A body that is known to be shorter is left as it is.
    int gzip_level = EncodeOptions::default_level;  ///< Of deflate too.
    int br_level = EncodeOptions::default_level;
    int zstd_level = EncodeOptions::default_level;
};

/// A middleware that compresses what clients take compressed: `app.use(http::compress())`.
///
/// The coding is chosen from Accept-Encoding; Vary is set wherever that could matter, also for a part (206) of what would be
/// compressed as a whole, and a strong ETag becomes weak, since the bytes are others. Streamed bodies are compressed as they
/// are written, and every `write` can be read by the client when it returns. Left alone: what has a Content-Encoding already,
/// `no-transform`, 206 and other parts, 204, 304, and protocols that are switched to. A client that takes neither a coding nor
/// the plain body (`identity;q=0`) gets 406.
/// @throws std::invalid_argument for an unknown coding, or a level that it does not have.
[[nodiscard]] auto compress(const CompressOptions& options = {}) -> Middleware;

}  // namespace gyre::http
