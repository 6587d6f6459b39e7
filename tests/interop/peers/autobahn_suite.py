"""The cases of the Autobahn TestSuite, which PyPI has for Python 2.7 only, on Python 3 and a present autobahn.

usage: autobahn_suite.py SUITE client URL LANES MESSAGES        against a server
       autobahn_suite.py SUITE server PORT MESSAGES             for a client, which asks for the cases one by one; ends with its input
Prints a line of JSON for each case: id, behaviour, behaviour when closing, and why.

SUITE is the folder autobahntestsuite of the unpacked source package. Its case classes run as they are, but for what Python 3 spells
otherwise. A str of Python 2 holds bytes: here it is a str of Latin-1 characters, which becomes bytes where it meets the connection.
"""

import asyncio
import binascii
import builtins
import json
import re
import sys
import time
import types
from pathlib import Path

from autobahn.asyncio import websocket
from autobahn.websocket.protocol import WebSocketProtocol
from autobahn.websocket.utf8validator import Utf8Validator

# --- Python 2 -------------------------------------------------------------------------------------------------------------


def to_bytes(text):
    return text.encode("latin-1") if isinstance(text, str) else bytes(text)


class Validator(Utf8Validator):
    def validate(self, text):
        return super().validate(to_bytes(text))


def make_modules(suite):
    """Modules under the names that the cases import."""
    old = types.ModuleType("python2")
    old.binascii = types.SimpleNamespace(b2a_hex=lambda text: binascii.b2a_hex(to_bytes(text)).decode(), hexlify=binascii.hexlify)
    old.Utf8Validator = Validator
    sys.modules["python2"] = old
    resources = types.ModuleType("pkg_resources")
    resources.resource_filename = lambda _, path: str(suite / path)
    sys.modules["pkg_resources"] = resources
    builtins.xrange = range
    builtins.unichr = chr


SPELLINGS = (
    (r"^(\s*)print\b.*$", r"\1pass"),
    (r"^import binascii$", "from python2 import binascii"),
    (r"^import copy, os, pkg_resources, hashlib, binascii$", "import copy, os, pkg_resources, hashlib\nfrom python2 import binascii"),
    (r"^from autobahn.websocket.utf8validator import Utf8Validator$", "from python2 import Utf8Validator"),
    (r"\(object, Case, \)", "(Case, )"),
    (r"/ self\.p\.autoFragmentSize", "// self.p.autoFragmentSize"),
    (r"requestNoContextTakeover", "request_no_context_takeover"),
    (r"requestMaxWindowBits", "request_max_window_bits"),
    (r"acceptNoContextTakeover", "accept_no_context_takeover"),
    (r"acceptMaxWindowBits", "accept_max_window_bits"),
)


def load_cases(suite):
    make_modules(suite)
    folder = suite / "case"
    # 9.9.1 is in no list of the suite's either, and would need Twisted.
    modules = [folder / "case.py", *(path for path in sorted(folder.glob("case*_*.py")) if path.stem != "case9_9_1")]
    for path in modules:
        source = path.read_text(encoding="latin-1")
        for old, new in SPELLINGS:
            source = re.sub(old, new, source, flags=re.M)
        module = types.ModuleType(path.stem)
        sys.modules[path.stem] = module
        exec(compile(source, str(path), "exec"), module.__dict__)
    table = types.ModuleType("cases")
    source = (folder / "__init__.py").read_text().replace("from case9_9_1 import *", "")
    exec(compile(source, str(folder / "__init__.py"), "exec"), table.__dict__)
    base = sys.modules["case"].Case
    base.compare = lambda self, one, other: one == other
    return table.Cases


def name_of(case):
    return case.__name__[4:].replace("_", ".")


# The suite waits a second for the end of a connection. Cases run side by side here, on machines that have other things to do.
PATIENCE = {"closeHandshakeTimeout": 20}

# --- one connection -------------------------------------------------------------------------------------------------------


class Fuzzer:
    """What the cases expect of a connection, on either end. `self.case_class` is the case."""

    case_class = None
    runs = None
    reported = False

    def begin(self):
        self.connectionWasOpen = False
        self.createWirelog = False
        self.txFrameStats = {}
        self.logFrames = True
        if self.case_class is not None:
            self.runs = self.case_class(self)

    def enableWirelog(self, enable):
        pass

    def logTxFrame(self, header, payload, repeat_length, chop_size, sync):
        self.txFrameStats[header.opcode] = self.txFrameStats.get(header.opcode, 0) + 1

    def logRxFrame(self, header, payload):
        pass

    def later(self, delay, function):
        def call():
            if self.state != WebSocketProtocol.STATE_CLOSED:
                function()
        asyncio.get_running_loop().call_later(delay, call)

    def continueLater(self, delay, function, tag=None):
        self.later(delay, function)

    def killAfter(self, delay):
        self.later(delay, self._fail_connection)

    def closeAfter(self, delay):
        self.later(delay, self.sendClose)

    def sendFrame(self, opcode, payload=b"", mask=None, **more):
        super().sendFrame(opcode=opcode, payload=to_bytes(payload), mask=mask, **more)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None, **more):
        super().sendMessage(to_bytes(payload), isBinary, fragmentSize, **more)

    def sendMessageFrameData(self, payload, sync=False):
        return super().sendMessageFrameData(to_bytes(payload), sync)

    def sendClose(self, code=None, reason=None):
        super().sendCloseFrame(code=code, reasonUtf8=None if reason is None else to_bytes(reason))

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code=code, reasonUtf8=None if reasonUtf8 is None else to_bytes(reasonUtf8), isReply=isReply)

    def onOpen(self):
        self.connectionWasOpen = True
        if self.runs:
            self.begun = time.monotonic()
            self.runs.onOpen()

    def onMessage(self, payload, isBinary):
        if self.runs:
            # Those of 12 and 13 know bytes from text themselves.
            self.runs.onMessage(payload if hasattr(self.runs, "TESTDATA") else payload.decode("latin-1"), isBinary)

    def onPong(self, payload):
        if self.runs:
            self.runs.onPong(payload.decode("latin-1"))

    def report(self):
        case = self.runs
        if case is None or self.reported:
            return
        self.reported = True
        case.onConnectionLost(self.failedByMe)
        print(json.dumps({"id": name_of(self.case_class), "behavior": case.behavior, "close": case.behaviorClose,
                          "why": case.result if case.behavior != "OK" else f"{case.resultClose}; {self.wasNotCleanReason}",
                          "seconds": round(time.monotonic() - getattr(self, "begun", time.monotonic()), 1)}), flush=True)



# --- against a server ------------------------------------------------------------------------------------------------------


class ClientProtocol(Fuzzer, websocket.WebSocketClientProtocol):
    def _connectionMade(self):
        self.case_class, self.done = self.factory.case_class, self.factory.done
        super()._connectionMade()
        self.begin()

    def connection_lost(self, reason):
        super().connection_lost(reason)
        self.report()
        if not self.done.done():
            self.done.set_result(None)


async def ask(case, url, patience):
    loop = asyncio.get_running_loop()
    factory = websocket.WebSocketClientFactory(url, loop=loop)
    factory.protocol = ClientProtocol
    factory.setProtocolOptions(failByDrop=False, serverConnectionDropTimeout=20, **PATIENCE)
    factory.case_class, factory.done = case, loop.create_future()
    await loop.create_connection(factory, factory.host, factory.port)
    await asyncio.wait_for(factory.done, patience)


async def ask_all(cases, url, lanes):
    """Those that wait most of their time run side by side, those that transfer much at the end and one by one."""
    heavy = [case for case in cases if name_of(case).split(".")[0] in ("9", "12", "13")]
    light = [case for case in cases if case not in heavy]
    for group, width in ((light, lanes), (heavy, 2)):
        waiting = iter(group)

        async def lane():
            for case in waiting:
                try:
                    await ask(case, url, 1000)
                except Exception as error:
                    print(json.dumps({"id": name_of(case), "behavior": "FAILED", "close": "FAILED", "why": repr(error), "seconds": 0}), flush=True)

        await asyncio.gather(*(lane() for _ in range(width)))


# --- for a client ----------------------------------------------------------------------------------------------------------


class ServerProtocol(Fuzzer, websocket.WebSocketServerProtocol):
    def onConnect(self, request):
        self.wanted = request.path
        if request.path == "/runCase":
            self.case_class = self.factory.cases[int(request.params["case"][0]) - 1]
        self.begin()

    def onOpen(self):
        super().onOpen()
        if self.wanted == "/getCaseCount":
            self.sendMessage(str(len(self.factory.cases)))
            self.sendClose(1000)

    def connection_lost(self, reason):
        super().connection_lost(reason)
        self.report()


async def serve(cases, port):
    loop = asyncio.get_running_loop()
    factory = websocket.WebSocketServerFactory(f"ws://127.0.0.1:{port}", loop=loop)
    factory.protocol = ServerProtocol
    factory.setProtocolOptions(failByDrop=False, **PATIENCE)
    factory.cases = cases
    server = await loop.create_server(factory, "127.0.0.1", port)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main():
    suite = Path(sys.argv[1])
    cases = load_cases(suite)
    messages = int(sys.argv[-1])
    for case in cases:
        if hasattr(case, "COUNT"):
            case.COUNT = min(case.COUNT, messages)
    if sys.argv[2] == "client":
        asyncio.run(ask_all(cases, sys.argv[3], int(sys.argv[4])))
    else:
        asyncio.run(serve(cases, int(sys.argv[3])))


main()
