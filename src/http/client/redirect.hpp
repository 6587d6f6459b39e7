#pragma once

#include "outgoing.hpp"

#include <gyre/http/core/message.hpp>

#include <string_view>

namespace gyre::http::internal {

/// Turns `request` into the one that a redirect asks for, without what must not leave its origin.
///
/// @return false if `response` is none that is followed: it is the caller's then.
/// @throws RequestError, phase `redirect`, for one that must not be followed. Source: RFC 9110 15.4.
auto follow_redirect(const Settings& settings, const ResponseHead& response, std::string_view peer, Outgoing& request)
    -> bool;

}  // namespace gyre::http::internal
