#pragma once

/// Everything of gyre's HTTP.

#include <gyre/http/body_reader.hpp>
#include <gyre/http/client/auth.hpp>
#include <gyre/http/client/client.hpp>
#include <gyre/http/client/client_trace.hpp>
#include <gyre/http/client/cookie_jar.hpp>
#include <gyre/http/client/event_source.hpp>
#include <gyre/http/client/middleware.hpp>
#include <gyre/http/client/mock.hpp>
#include <gyre/http/client/record.hpp>
#include <gyre/http/client/retry.hpp>
#include <gyre/http/core/content_coding.hpp>
#include <gyre/http/core/cookie.hpp>
#include <gyre/http/core/fields.hpp>
#include <gyre/http/core/message.hpp>
#include <gyre/http/core/query.hpp>
#include <gyre/http/core/url.hpp>
#include <gyre/http/server/access_log.hpp>
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/cors.hpp>
#include <gyre/http/server/deadline.hpp>
#include <gyre/http/server/load_shedding.hpp>
#include <gyre/http/server/metrics.hpp>
#include <gyre/http/server/problem_errors.hpp>
#include <gyre/http/server/rate_limit.hpp>
#include <gyre/http/server/request_id.hpp>
#include <gyre/http/server/security_headers.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/http/server/trusted_proxies.hpp>
#include <gyre/http/test_client.hpp>
#include <gyre/http/trace_context.hpp>
#include <gyre/http/websocket.hpp>
