"""The routes of README.md by aiohttp. usage: aiohttp_server.py PORT FILES [CERT KEY]"""

import asyncio
import json
import ssl
import sys

from aiohttp import web


def pattern(begin, size):
    return bytes((begin + i) % 251 for i in range(size))


BLOCK = pattern(0, 251 * 256)


def content(size):
    for begin in range(0, size, len(BLOCK)):
        yield BLOCK[: size - begin]


routes = web.RouteTableDef()


@routes.get("/hello")
async def hello(request):
    return web.Response(text="hello\n")


@routes.route("*", "/echo")
async def echo(request):
    return web.Response(body=await request.read(), headers={"X-Method": request.method})


@routes.post("/duplex")
async def duplex(request):
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    return response


@routes.post("/count")
async def count(request):
    body = await request.read()
    return web.json_response({"bytes": len(body), "fields": list(request.headers.items()), "trailers": []})


@routes.get("/bytes/{size}")
async def all_bytes(request):
    size = int(request.match_info["size"])
    response = web.StreamResponse(headers={"Content-Length": str(size)})
    await response.prepare(request)
    for piece in content(size if request.method == "GET" else 0):  # it would send a body in answer to HEAD, too
        await response.write(piece)
    return response


@routes.get("/chunks/{size}/{piece}")
async def chunks(request):
    size, piece = int(request.match_info["size"]), int(request.match_info["piece"])
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for begin in range(0, size, piece):
        await response.write(pattern(begin, min(piece, size - begin)))
    return response


@routes.get("/text")
async def text(request):
    response = web.Response(text="".join(f"line {i} of the text\n" for i in range(2000)))
    response.enable_compression()
    return response


@routes.get("/redirect/{left}")
async def redirect(request):
    left = int(request.match_info["left"])
    raise web.HTTPFound(f"/redirect/{left - 1}" if left else "/hello")


@routes.post("/redirect307")
async def redirect_with_body(request):
    raise web.HTTPTemporaryRedirect("/echo")


@routes.get("/cookies/set")
async def set_cookie(request):
    response = web.Response(text="set\n")
    response.set_cookie(request.query["name"], request.query["value"])
    return response


@routes.get("/cookies")
async def cookies(request):
    return web.json_response(dict(request.cookies))


@routes.get("/last")
async def last(request):
    response = web.Response(text="last\n")
    response.force_close()
    return response


@routes.post("/form")
async def form(request):
    data = await request.post()
    return web.json_response({name: len(value.file.read()) if hasattr(value, "file") else value for name, value in data.items()})


@routes.get("/cut/{size}")
async def cut(request):
    size = int(request.match_info["size"])
    response = web.StreamResponse(headers={"Content-Length": str(size)} if "length" in request.query else {})
    if "length" not in request.query:
        response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(pattern(0, size // 2))
    request.transport.close()
    return response


@routes.get("/events/{count}")
async def events(request):
    wanted = int(request.match_info["count"])
    first = int(request.headers.get("Last-Event-ID", "-1")) + 1
    if first >= wanted:
        return web.Response(status=204)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"retry: 10\n\n")
    for i in range(first, first + (wanted - first + 1) // 2):
        await response.write(f"id: {i}\r\nevent: number\r\ndata: event\r\ndata: {i}\r\n\r\n".encode())
    return response


@routes.get("/ws")
async def websocket(request):
    socket = web.WebSocketResponse(max_msg_size=1 << 26)
    await socket.prepare(request)
    async for message in socket:
        if message.type == web.WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type == web.WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


def main():
    port, files = int(sys.argv[1]), sys.argv[2]
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    app = web.Application(client_max_size=1 << 28)
    app.add_routes(routes)
    app.router.add_static("/file", files)
    web.run_app(app, host="127.0.0.1", port=port, ssl_context=context, print=None, access_log=None)


main()
