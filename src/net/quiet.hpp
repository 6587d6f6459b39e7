#pragma once

#include <gyre/core/task.hpp>
#include <gyre/net/transport.hpp>

namespace gyre::net {

/// Has nothing come that a read would give, neither bytes nor an end nor an error? Only what is there already counts; messages of
/// TLS itself are taken in, and data stays. @throws IoError. On cancel: nothing is lost.
[[nodiscard]] auto is_quiet(Transport& transport) -> Task<bool>;

}  // namespace gyre::net
