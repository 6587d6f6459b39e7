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
#include <gyre/http/server/app.hpp>
#include <gyre/http/server/deadline.hpp>
#include <gyre/http/server/server.hpp>
#include <gyre/http/test_client.hpp>
#include <gyre/http/trace_context.hpp>
#include <gyre/http/websocket.hpp>
