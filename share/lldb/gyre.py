"""Tasks of a gyre program in lldb: of a live process, and of a core file.

    (lldb) command script import /usr/share/gyre/lldb/gyre.py
    (lldb) gyre tasks           every task: number, name, state, and where it waits for what
    (lldb) gyre bt 3            the chain of co_await lines of task 3; a name does as well, and `all`
"""

import pathlib
import sys

import lldb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import gyre_tasks  # noqa: E402


class Lldb(gyre_tasks.Debugger):
    def __init__(self, target):
        self.target = target
        self.process = target.GetProcess()

    def read(self, address, size):
        error = lldb.SBError()
        found = self.process.ReadMemory(address, size, error)
        if error.Fail():  # a core file has no constants: they are in the program
            error = lldb.SBError()
            found = self.target.ReadMemory(self.target.ResolveLoadAddress(address), size, error)
        if error.Fail() or found is None or len(found) != size:
            raise gyre_tasks.Unreadable(f"no memory at {address:#x}")
        return found

    def address_of(self, symbol):
        for found in self.target.FindSymbols(symbol, lldb.eSymbolTypeData):
            address = found.symbol.GetStartAddress().GetLoadAddress(self.target)
            if address != lldb.LLDB_INVALID_ADDRESS:
                return address
        return None

    def symbol_at(self, address):
        return self.target.ResolveLoadAddress(address).symbol.GetName() or "an unknown wait"


def show(lines, result):
    try:
        for line in lines:
            result.AppendMessage(line)
    except (gyre_tasks.Refused, gyre_tasks.Unreadable) as error:
        result.SetError(str(error))


def tasks(debugger, argument, context, result, _):
    """Lists the tasks of all loops: number, name, state, where each waits and for what."""
    show(gyre_tasks.tasks(Lldb(context.GetTarget())), result)


def backtrace(debugger, argument, context, result, _):
    """gyre bt TASK: the chain of co_await lines of a task, the innermost first. TASK: a number of `gyre tasks`, a name, `all`."""
    show(gyre_tasks.backtrace(Lldb(context.GetTarget()), argument), result)


def __lldb_init_module(debugger, _):
    debugger.HandleCommand('command container add gyre -h "Looks at the tasks of a gyre program."')
    for name, function in (("tasks", tasks), ("bt", backtrace)):
        debugger.HandleCommand(f"command script add -f {__name__}.{function.__name__} gyre {name}")
