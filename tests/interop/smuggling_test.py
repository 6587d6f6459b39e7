#!/usr/bin/env python3
"""Request smuggling: each payload of PAYLOADS through each proxy to our server, which records what it saw.

usage: smuggling_test.py BUILD/tests [PROXY...]      PROXY: nginx, haproxy, varnish, apache, squid, caddy, none

A probe is one connection to the proxy: the payload, then a request for /after; then another connection asks for /control. Whatever the proxy
makes of the payload (it may refuse it), proxy and server agree when

  - the client gets as many answers of our server as our server has seen requests: what a proxy has not counted as a request has no answer
    of its own, or takes that of another. A proxy that has given a request up (502, 503, 504) has counted it;
  - /control is answered, and seen once: nothing is left over on the connection that the proxy keeps to us;
  - each body that our server saw lies in the payload: no head of a request behind it became a part of it, and no byte was added.

`none` is no proxy: the raw payload straight to our server, which has to refuse each that is marked so.
"""

import json
import os
import re
import select
import socket
import sys
import threading
import time

from world import World, report  # finds the folder peers too
import proxies
import toolbox

PROXIES = {
    "nginx": lambda world, upstream: proxies.start_nginx(world, False, upstream),
    "haproxy": lambda world, upstream: proxies.start_haproxy(world, False, upstream, proxied=""),
    "varnish": proxies.start_varnish,
    "apache": proxies.start_apache,
    "squid": proxies.start_squid,
    "caddy": proxies.start_caddy,
    "none": lambda world, upstream: upstream,
}

INNER = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED_INNER = b"%x\r\n%s\r\n0\r\n\r\n" % (len(INNER), INNER)


def post(*fields, body=b"", target=b"/first", line=None, host=b"Host: localhost"):
    head = line or b"POST " + target + b" HTTP/1.1"
    return b"\r\n".join((head, host, *fields)) + b"\r\n\r\n" + body


def chunked(body, *fields, coding=b"Transfer-Encoding: chunked"):
    return post(coding, *fields, body=body)


def length(text, body=INNER):
    return post(b"Content-Length: " + text, body=body)


GOOD = len(INNER)

# name: the class of the notes on divergences; bytes; does our server have to refuse it when it comes without a proxy?
PAYLOADS = [
    # how Content-Length is read
    ("length with a plus", length(b"+%d" % GOOD), True),
    ("length with a minus", length(b"-%d" % GOOD), True),
    ("length in hexadecimal", length(b"0x%x" % GOOD), True),
    ("length with an underscore", length(b"4_3"), True),
    ("length with leading zeros", length(b"000%d" % GOOD), False),
    ("length that looks octal", length(b"010"), False),
    ("length with a letter behind it", length(b"%da" % GOOD), True),
    ("length with a decimal point", length(b"%d.0" % GOOD), True),
    ("length that overflows 64 bits", length(b"18446744073709551659"), True),
    ("length that overflows 63 bits", length(b"9223372036854775851"), True),
    ("length of nothing", length(b""), True),
    ("length with a space within", length(b"4 3"), True),
    ("length with a tab behind", length(b"%d\t" % GOOD), False),
    ("length with a vertical tab", length(b"\x0b%d" % GOOD), True),
    ("length as a list of the same", length(b"%d, %d" % (GOOD, GOOD)), True),
    ("length as a list of others", length(b"0, %d" % GOOD), True),
    ("length twice, the same", post(b"Content-Length: %d" % GOOD, b"Content-Length: %d" % GOOD, body=INNER), True),
    ("length twice, others", post(b"Content-Length: 0", b"Content-Length: %d" % GOOD, body=INNER), True),
    ("length twice, others the other way", post(b"Content-Length: %d" % GOOD, b"Content-Length: 0", body=INNER), True),
    ("length with GET", post(b"Content-Length: %d" % GOOD, body=INNER, line=b"GET /first HTTP/1.1"), False),
    ("length zero and a body", length(b"0"), False),
    # length and coding together
    ("CL.TE", post(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + INNER), True),
    ("TE.CL", post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=CHUNKED_INNER), True),
    ("TE.0", chunked(CHUNKED_INNER), False),
    ("TE.0 with OPTIONS", post(b"Transfer-Encoding: chunked", body=CHUNKED_INNER, line=b"OPTIONS /first HTTP/1.1"), False),
    ("TE on HTTP/1.0", post(b"Transfer-Encoding: chunked", b"Connection: keep-alive", body=CHUNKED_INNER, line=b"POST /first HTTP/1.0"), True),
    ("CL and TE on HTTP/1.0", post(b"Content-Length: 4", b"Transfer-Encoding: chunked", b"Connection: keep-alive", body=CHUNKED_INNER,
                                   line=b"POST /first HTTP/1.0"), True),
    # which coding it is
    ("coding in capitals", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: CHUNKED"), False),
    ("coding with a comma before it", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: ,chunked"), True),
    ("coding with a comma behind it", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: chunked,"), True),
    ("coding twice", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: chunked, chunked"), True),
    ("coding twice in two fields", chunked(CHUNKED_INNER, b"Transfer-Encoding: chunked"), True),
    ("coding that nobody knows", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: xchunked"), True),
    ("coding that nobody knows, last", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: chunked, cow"), True),
    ("identity before chunked", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: identity, chunked"), True),
    ("identity and a length", post(b"Transfer-Encoding: identity", b"Content-Length: %d" % GOOD, body=INNER), True),
    ("coding with a parameter", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: chunked;a=b"), True),
    ("coding in quotes", chunked(CHUNKED_INNER, coding=b'Transfer-Encoding: "chunked"'), True),
    ("coding behind a vertical tab", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: \x0bchunked"), True),
    ("coding behind a NUL", chunked(CHUNKED_INNER, coding=b"Transfer-Encoding: \x00chunked"), True),
    ("coding with 0xa0 around it", chunked(CHUNKED_INNER, b"Content-Length: 4", coding=b"Transfer-Encoding: \xa0chunked\xa0"), True),
    ("coding with 0x85 before it", chunked(CHUNKED_INNER, b"Content-Length: 4", coding=b"Transfer-Encoding: \x85chunked"), True),
    ("empty coding", post(b"Transfer-Encoding:", b"Content-Length: %d" % GOOD, body=INNER), True),
    # names
    ("space before the colon", chunked(CHUNKED_INNER, b"Content-Length: 4", coding=b"Transfer-Encoding : chunked"), True),
    ("tab before the colon", chunked(CHUNKED_INNER, b"Content-Length: 4", coding=b"Transfer-Encoding\t: chunked"), True),
    ("underscore in the name", post(b"Transfer_Encoding: chunked", b"Content-Length: %d" % GOOD, body=INNER), False),
    ("byte of 0x80 or more in the name", post(b"X\x80: y", b"Content-Length: 0"), True),
    ("empty name", post(b": y", b"Content-Length: 0"), True),
    ("line without a colon", post(b"X", b"Content-Length: 0"), True),
    ("space before the first field", b"POST /first HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n" + CHUNKED_INNER, True),
    ("field continued on the next line", post(b"X: y\r\n Transfer-Encoding: chunked", b"Content-Length: 0"), True),
    ("coding continued on the next line", chunked(CHUNKED_INNER, b"Content-Length: 4", coding=b"Transfer-Encoding:\r\n chunked"), True),
    ("name continued on the next line", post(b"Transfer-Encoding\r\n : chunked", b"Content-Length: 0"), True),
    ("NUL in a value", post(b"X: a\x00b", b"Content-Length: 0"), True),
    ("control in a value", post(b"X: a\x01b", b"Content-Length: 0"), True),
    ("delete in a value", post(b"X: a\x7fb", b"Content-Length: 0"), True),
    # line ends
    ("bare LF ends a field", post(b"X: y\nTransfer-Encoding: chunked", b"Content-Length: 0"), True),
    ("bare CR ends a field", post(b"X: y\rTransfer-Encoding: chunked", b"Content-Length: 0"), True),
    ("bare CR before the coding", post(b"X: y\r\n\rTransfer-Encoding: chunked", b"Content-Length: 0"), True),
    ("bare LF ends the head", b"POST /first HTTP/1.1\nHost: localhost\nContent-Length: %d\n\n%s" % (GOOD, INNER), True),
    ("CR CR LF ends a field", post(b"X: y\r", b"Content-Length: 0"), True),
    ("CRLF CR X ends the head", b"POST /first HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\rX" + INNER, True),
    ("one empty line first", b"\r\n" + post(b"Content-Length: 0"), False),
    # chunks
    ("chunk size with a plus", chunked(b"+" + CHUNKED_INNER), True),
    ("chunk size with a minus", chunked(b"-" + CHUNKED_INNER), True),
    ("chunk size with 0x", chunked(b"0x" + CHUNKED_INNER), True),
    ("chunk size with an underscore", chunked(CHUNKED_INNER.replace(b"\r\n", b"_0\r\n", 1)), True),
    ("chunk size with leading zeros", chunked(b"0000" + CHUNKED_INNER), False),
    ("chunk size that overflows", chunked(b"1000000000000000" + CHUNKED_INNER), True),
    ("chunk size of nothing", chunked(b"\r\n" + INNER + b"\r\n0\r\n\r\n"), True),
    ("chunk size of an extension alone", chunked(b";x\r\n" + INNER), True),
    ("chunk size with a space before", chunked(b" " + CHUNKED_INNER), True),
    ("chunk size with a space behind", chunked(CHUNKED_INNER.replace(b"\r\n", b" \r\n", 1)), True),
    ("chunk size ends with LF", chunked(CHUNKED_INNER.replace(b"\r\n", b"\n", 1)), True),
    ("chunk size ends with CR X", chunked(CHUNKED_INNER.replace(b"\r\n", b"\rX", 1)), True),
    ("chunk without its line end", chunked(b"1\r\nZ0\r\n\r\n" + INNER), True),
    ("chunk with two other bytes for its end", chunked(b"1\r\nZXX0\r\n\r\n" + INNER), True),
    ("chunk that ends with LF", chunked(b"1\r\nZ\n0\r\n\r\n"), True),
    ("last chunk with two other bytes", chunked(b"0\r\nXX" + INNER), True),
    ("last chunk ends with LF", chunked(b"0\n\n" + INNER), True),
    ("last chunk of many zeros", chunked(b"000000000000\r\n\r\n" + INNER), False),
    ("bytes behind the last chunk", chunked(b"1\r\nZ\r\n0\r\n\r\n" + INNER), False),
    ("extension with LF in it", chunked(b"1;x\nZ\r\n0\r\n\r\n"), True),
    ("extension with CR in it", chunked(b"1;x\rZ\r\nZ\r\n0\r\n\r\n"), True),
    ("extension with an open quote", chunked(b'1;x="\r\nZ\r\n0\r\n\r\n' + INNER), True),
    ("extension with a quoted line end", chunked(b'1;x="\r\n0\r\n\r\n"\r\nZ\r\n0\r\n\r\n'), True),
    ("extension in good order", chunked(b'1;x="a b";y\r\nZ\r\n0\r\n\r\n'), False),
    ("trailer that frames", chunked(b"1\r\nZ\r\n0\r\nContent-Length: %d\r\n\r\n" % GOOD + INNER), False),
    ("trailer that routes", chunked(b"1\r\nZ\r\n0\r\nHost: evil\r\nTransfer-Encoding: chunked\r\n\r\n"), False),
    ("trailer with a space before its colon", chunked(b"1\r\nZ\r\n0\r\nX : y\r\n\r\n"), True),
    # request line
    ("version 1.10", post(b"Content-Length: 0", line=b"POST /first HTTP/1.10"), True),
    ("version 1.1 with more behind", post(b"Content-Length: 0", line=b"POST /first HTTP/1.1x"), True),
    ("version in lower case", post(b"Content-Length: 0", line=b"POST /first http/1.1"), True),
    ("version of two", post(b"Content-Length: 0", line=b"POST /first HTTP/2.0"), True),
    ("version of one point two", post(b"Content-Length: 0", line=b"POST /first HTTP/1.2"), False),
    ("no version", b"POST /first\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", True),
    ("method by prefix", post(b"Content-Length: 0", line=b"POSTX /first HTTP/1.1"), False),
    ("method with a colon", post(b"Content-Length: 0", line=b"PO:ST /first HTTP/1.1"), True),
    ("two spaces in the request line", post(b"Content-Length: 0", line=b"POST  /first HTTP/1.1"), True),
    ("tab in the request line", post(b"Content-Length: 0", line=b"POST\t/first HTTP/1.1"), True),
    ("space in the target", post(b"Content-Length: 0", line=b"POST /first /smuggled HTTP/1.1"), True),
    ("request line within the target", post(b"Content-Length: 0", line=b"POST /first HTTP/1.1 GET /smuggled HTTP/1.1"), True),
    ("fragment in the target", post(b"Content-Length: 0", line=b"POST /first#/smuggled HTTP/1.1"), True),
    ("absolute target", post(b"Content-Length: 0", line=b"POST http://localhost/first HTTP/1.1"), False),
    ("absolute target of another host", post(b"Content-Length: 0", line=b"POST http://evil/first HTTP/1.1"), False),
    # Host
    ("no Host", b"POST /first HTTP/1.1\r\nContent-Length: 0\r\n\r\n", True),
    ("two Hosts", post(b"Host: evil", b"Content-Length: 0"), True),
    ("Host with a path", post(b"Content-Length: 0", host=b"Host: localhost/smuggled"), True),
    ("Host with two colons", post(b"Content-Length: 0", host=b"Host: localhost:80:81"), True),
    ("Host of nothing", post(b"Content-Length: 0", host=b"Host:"), False),
    # what a proxy removes or adds
    ("Connection names the length", post(b"Connection: Content-Length", b"Content-Length: %d" % GOOD, body=INNER), False),
    ("Connection names the coding", chunked(CHUNKED_INNER, b"Connection: Transfer-Encoding"), False),
    ("Connection names Host", post(b"Connection: Host", b"Content-Length: 0"), False),
    ("Expect and a body at once", post(b"Expect: 100-continue", b"Content-Length: %d" % GOOD, body=INNER), False),
    ("Expect that nobody knows", post(b"Expect: 100-continue, x", b"Content-Length: %d" % GOOD, body=INNER), True),
    ("Upgrade and a body", post(b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: %d" % GOOD, body=INNER), False),
    ("Upgrade to h2c", post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__", b"Content-Length: 0"), False),
    ("body in pieces", post(b"Content-Length: %d" % GOOD, body=INNER), False),
    ("two requests at once", post(b"Content-Length: 1", body=b"Z") + post(b"Content-Length: 1", body=b"Y", target=b"/second"), False),
]

AFTER = b"GET /after HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CONTROL = b"GET /control HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Recorder:
    """Our server, and what it has seen."""

    def __init__(self, world, backend):
        reading, writing = os.pipe()
        self.port, self.process = world.gyre("--record", "--limits", backend=backend, stdout=writing)
        os.close(writing)
        self.lines = []
        threading.Thread(target=self.read, args=(reading,), daemon=True).start()

    def read(self, descriptor):
        with os.fdopen(descriptor, errors="replace") as pipe:
            for line in pipe:
                if line.startswith("{"):
                    self.lines.append(json.loads(line))


def receive(connection, until, enough=b""):
    got = b""
    while time.monotonic() < until:
        if not select.select([connection], [], [], max(0, until - time.monotonic()))[0]:
            break
        try:
            piece = connection.recv(65536)
        except OSError:
            break
        if not piece:
            break
        got += piece
        if enough and enough in got:
            break
    return got


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def probe(port, payload, patience):
    """The statuses of what came back. The connection ends by itself, since the last request asks for that."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            connection.sendall(payload + AFTER)
        except OSError:
            pass
        return statuses(receive(connection, time.monotonic() + patience))


def control(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(CONTROL)
        return statuses(receive(connection, time.monotonic() + 5))


def is_body(payload, body):
    """May that be what a request of the payload carries? Its body lies in the payload, chunked or not."""
    return body.encode("latin-1", errors="replace") in payload


def verdict(payload, refuses, is_direct, seen, answers):
    """What is wrong; empty if nothing is."""
    wrong = []
    taken = [line for line in seen if "refused" not in line and "error" not in line and not line["target"].endswith("/control")]
    # In place of an answer of ours there may be one of the proxy: that it has given the request up.
    given_up = sum(status in (502, 503, 504) for status in answers)
    if not answers.count(200) <= len(taken) <= answers.count(200) + given_up:
        wrong.append(f"our server saw {[line['method'] + ' ' + line['target'] for line in taken]}, and the client got {answers}")
    for line in taken:
        if not is_body(payload, line["body"]):
            wrong.append(f"a body that was not sent: {line['body'][:60]!r}")
        if is_direct and refuses:
            wrong.append(f"our server took {line['method']} {line['target']}")
    return wrong


def try_payload(recorder, port, is_direct, payload, refuses):
    """What is wrong with one payload; empty if nothing is. Also says whether our server saw the first request."""
    before = len(recorder.lines)
    answers = probe(port, payload, 2.0 if is_direct else 1.2)
    after = control(port)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not any(line.get("target", "").endswith("/control") for line in recorder.lines[before:]):
        threading.Event().wait(0.005)
    seen = recorder.lines[before:]
    wrong = verdict(payload, refuses, is_direct, seen, answers)
    if after != [200]:
        wrong.append(f"the request of another connection got {after}")
    if sum(line.get("target", "").endswith("/control") for line in seen) != 1:
        wrong.append("the request of another connection came more than once, or not at all")
    forwarded = any(line.get("target", "").endswith(("/first", "/second")) for line in seen)
    return wrong, forwarded, seen


def main():
    chosen = sys.argv[2:] or list(PROXIES)
    world = World(sys.argv[1])
    passed = failed = 0
    try:
        for name in chosen:
            begun = time.monotonic()
            recorder = Recorder(world, "io_uring" if name in ("haproxy", "caddy") else "epoll")
            try:
                port = PROXIES[name](world, recorder.port)
            except toolbox.Missing as error:
                is_fault = not isinstance(error, toolbox.NotHere)
                failed += is_fault
                print(f"{'FAILED' if is_fault else 'missing'} {name}: {error}", flush=True)
                continue
            bad, forwards, refusals = [], 0, 0
            for title, payload, refuses in PAYLOADS:
                wrong, forwarded, seen = try_payload(recorder, port, name == "none", payload, refuses)
                forwards += forwarded
                refusals += any("refused" in line or "error" in line for line in seen)
                bad += [f"{title}: {one}" for one in wrong]
                passed += not wrong
                failed += bool(wrong)
            print(f"{'FAILED' if bad else 'ok':7} {name}: {len(PAYLOADS)} payloads, {forwards} came through, our server refused {refusals}; "
                  f"{time.monotonic() - begun:.0f} s", flush=True)
            for line in bad:
                print(f"        {line}", flush=True)
    finally:
        world.close()
    return report(passed, failed)


if __name__ == "__main__":
    sys.exit(main())
