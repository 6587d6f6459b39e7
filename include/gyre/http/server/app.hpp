#pragma once

#include <gyre/core/task.hpp>
#include <gyre/http/server/exchange.hpp>
#include <gyre/http/server/http_error.hpp>
#include <gyre/http/server/request.hpp>
#include <gyre/http/server/response.hpp>
#include <gyre/http/websocket.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gyre::http {

namespace internal {
struct Site;
}  // namespace internal

/// Answers a request. An `HttpError` becomes its response; any other error is answered with 500, and the loop's exception
/// handler is told. Cancelled when the client goes away, or the server ends.
using Handler = std::function<Task<Response>(Request&)>;

/// Uses a WebSocket. When it returns the socket is closed with 1000 unless it is closed already; an error closes it with
/// 1011, and the loop's exception handler is told. A WebSocketClosedError or WebSocketError is no such error: the client has
/// gone, or was told already. When the server drains, it is cancelled and the socket closed with 1001.
using WebSocketHandler = std::function<Task<void>(WebSocket&)>;

/// How `Routes::files` serves. The texts are copied at once.
struct FilesOptions {
    std::string_view index = "index.html";  ///< What stands for a directory; empty: nothing.
    std::string_view cache_control = {};    ///< The field Cache-Control of files; empty: none.
    bool listing = false;                   ///< A directory without an index is answered with the names in it.
    bool hidden = false;                    ///< Names that begin with a dot are there too.
    bool follow_links = false;              ///< Symbolic links are followed as long as they stay below the directory.
    /// A file is sent as its .br, .zst or .gz neighbour, if the client takes that and it is not older than the file.
    bool precompressed = false;
};

class Next;

/// Stands around handlers: sees each request before them and each response after them. May answer without them.
using Middleware = std::function<Task<Response>(Request&, Next)>;

/// The rest of the way to a response, as a middleware calls it: once, or not at all. Lives as long as that call.
class Next {
public:
    Next(std::span<const Middleware> rest, const Handler& handler) noexcept : rest_(rest), handler_(&handler) {}

    /// @throws what the handlers throw, but for HttpError of the last one, which is a response already.
    /// On cancel: the handlers are cancelled.
    [[nodiscard]] auto operator()(Request& request) const -> Task<Response>;

private:
    std::span<const Middleware> rest_;
    const Handler* handler_;
};

/// Routes under one prefix, with middlewares of their own: an `App`, or a part of one.
///
/// Patterns are paths whose segments may hold one parameter each: "/users/{id:int}", "/files/{name}.txt", "/static/{rest:path}".
/// Types are str (the default: not empty), int, uint, uuid, and path, which is the rest and comes last. Fixed segments win
/// over parameters, and parameters of a type over free ones, in whatever order they are added.
/// What throws, throws std::invalid_argument naming the pattern, also for a route that is there already; InvalidStateError
/// when the app is served already.
class Routes {
public:
    auto get(std::string_view pattern, Handler handler) -> Routes& { return route("GET", pattern, std::move(handler)); }
    auto post(std::string_view pattern, Handler handler) -> Routes& {
        return route("POST", pattern, std::move(handler));
    }
    auto put(std::string_view pattern, Handler handler) -> Routes& { return route("PUT", pattern, std::move(handler)); }
    auto patch(std::string_view pattern, Handler handler) -> Routes& {
        return route("PATCH", pattern, std::move(handler));
    }
    /// DELETE, which is a word of C++.
    auto del(std::string_view pattern, Handler handler) -> Routes& {
        return route("DELETE", pattern, std::move(handler));
    }

    /// @param method any token, as sent; "*" for all that have no route of their own. GET answers HEAD as well, without the
    ///               body; OPTIONS is answered with what is allowed unless it has a route.
    auto route(std::string_view method, std::string_view pattern, Handler handler) -> Routes&;

    /// Serves the files below a directory at `prefix`: "/static", or "/" for all. GET and HEAD, with media types by extension,
    /// ETag and Last-Modified, conditional requests, ranges and precompressed variants.
    ///
    /// Whatever is asked for, nothing outside of the directory is opened (openat2(2) with RESOLVE_BENEATH): `..`, encoded slashes,
    /// NULs and controls, backslashes, symbolic links, names that begin with a dot, and what is neither a file nor a directory are
    /// answered as if they were not there. A directory without its slash is redirected to the one with it.
    /// @throws as `route`; std::invalid_argument if there is no such directory, which is not looked at again, or for an index
    ///         with a slash; ProtocolError for a `cache_control` that no field can hold.
    auto files(std::string_view prefix, std::filesystem::path directory, const FilesOptions& options = {}) -> Routes&;

    /// A route for WebSockets (RFC 6455). Another GET there is answered with 426 (Upgrade Required), one of another origin's
    /// page with 403 unless `policy` allows it.
    /// @param policy subprotocols and origins; its `deflate` is that of `options`.
    auto websocket(std::string_view pattern, WebSocketHandler handler, const WebSocketOptions& options = {},
        WebSocketPolicy policy = {}) -> Routes&;

    /// Adds a middleware around everything here, the first one outermost, whether routes were added before or after. Those of
    /// an `App` also see requests that no route takes.
    auto use(Middleware middleware) -> Routes&;

    /// Routes below `prefix` ("/api": a slash in front, none at the end, no parameters), inside of the middlewares here. Lives as
    /// long as the app.
    [[nodiscard]] auto group(std::string_view prefix) -> Routes;

protected:
    Routes(std::shared_ptr<internal::Site> site, std::size_t scope) noexcept : site_(std::move(site)), scope_(scope) {}

    std::shared_ptr<internal::Site> site_;
    std::size_t scope_;
};

/// A web application: routes, middlewares and what they answer. Built once, then given to a `Server` or called in a test.
///
/// With `.loops = n` its handlers are called from n threads; give `Server::start` a function that makes an app for each
/// loop if they share what is not safe for that. Source: aiohttp.web.Application.
class App : public Routes {
public:
    App();

    /// Adds the routes that another app has now below `prefix`, with its middlewares around them.
    /// @throws std::invalid_argument also for an app below itself.
    auto mount(std::string_view prefix, App app) -> App&;

    /// Answers one request of a connection: what `Server` does with each. From this call on the app does not change any more.
    [[nodiscard]] auto handler() const -> ExchangeHandler;
};

}  // namespace gyre::http
