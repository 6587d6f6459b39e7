#pragma once

#include <gyre/http/server/access_log.hpp>

#include <string>

namespace gyre::http::internal {

/// The line of a request, with its "\n", in the place of what `line` held.
void write_log_line(const RequestRecord& record, AccessLogFormat format, std::string& line);

}  // namespace gyre::http::internal
