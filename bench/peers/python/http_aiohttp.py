"""The HTTP server of aiohttp on uvloop.

usage: http_aiohttp.py FOLDER [CERTIFICATE KEY]"""

import asyncio
import pathlib
import socket
import ssl
import sys

import uvloop
from aiohttp import web

FOLDER = pathlib.Path(sys.argv[1])


async def plaintext(_):
    return web.Response(body=b"Hello, World!", content_type="text/plain")


async def json(_):
    return web.Response(body=b'{"message":"Hello, World!"}', content_type="application/json")


async def file(request):
    return web.FileResponse(FOLDER / request.match_info["name"], headers={"Content-Type": "application/octet-stream"})


async def serve():
    app = web.Application()
    app.router.add_get("/plaintext", plaintext)
    app.router.add_get("/json", json)
    app.router.add_get("/files/{name}", file)
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    await web.SockSite(runner, listener, ssl_context=context, backlog=4096).start()
    print(listener.getsockname()[1], flush=True)
    await asyncio.Event().wait()


uvloop.run(serve())
