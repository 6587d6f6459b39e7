#pragma once

#include <gyre/http/core/content_coding.hpp>
#include <gyre/http/server/app.hpp>

namespace gyre::http {

/// A middleware that decodes the bodies of requests by their Content-Encoding: `app.use(http::decompress())`.
///
/// The body is decoded as the handler reads it, in steps of at most `ContentDecoder::step_bytes`, and the loop has its turn
/// after each: whatever a body becomes, what is held of it is one step and the window of the coding. `text`, `json`, forms and
/// `body` then give the content; Content-Encoding and Content-Length stay among the fields (`Request::is_decoded`).
///
/// A coding that is unknown, and more of them than `limits.codings`, is answered with 415, whose Accept-Encoding says what
/// is taken, before anything is read. Reading throws HttpError: 413 for content that passes `limits`, 400 for what is not
/// what its coding allows, or is cut short. A request without a body passes. Source: RFC 9110 8.4, 12.5.3, 15.5.16.
/// @param limits how much a body may become. An `output_bytes` that is not set is the server's limit of a body
///               (`ConnectionOptions::limits`), which holds for the coded bytes in any case.
[[nodiscard]] auto decompress(const DecodeLimits& limits = {}) -> Middleware;

}  // namespace gyre::http
