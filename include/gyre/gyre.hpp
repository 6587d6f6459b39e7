#pragma once

/// Everything of gyre but HTTP. A file that only needs tasks includes <gyre/core/task.hpp> and its neighbours.

#include <gyre/core/as_outcome.hpp>
#include <gyre/core/errors.hpp>
#include <gyre/core/future.hpp>
#include <gyre/core/gather.hpp>
#include <gyre/core/loop.hpp>
#include <gyre/core/outcome.hpp>
#include <gyre/core/race.hpp>
#include <gyre/core/run.hpp>
#include <gyre/core/scope.hpp>
#include <gyre/core/sleep.hpp>
#include <gyre/core/task.hpp>
#include <gyre/core/task_group.hpp>
#include <gyre/core/task_handle.hpp>
#include <gyre/core/try_finally.hpp>
#include <gyre/net/address.hpp>
#include <gyre/net/connect.hpp>
#include <gyre/net/listener.hpp>
#include <gyre/net/resolve.hpp>
#include <gyre/net/stream.hpp>
#include <gyre/net/tls.hpp>
#include <gyre/net/transport.hpp>
#include <gyre/net/udp.hpp>
#include <gyre/os/file.hpp>
#include <gyre/os/pipe.hpp>
#include <gyre/os/process.hpp>
#include <gyre/os/signals.hpp>
#include <gyre/sync/channel.hpp>
#include <gyre/sync/event.hpp>
#include <gyre/sync/queue.hpp>
#include <gyre/sync/transfer_errors.hpp>
