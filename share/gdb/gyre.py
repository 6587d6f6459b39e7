"""Tasks of a gyre program in gdb: of a live process, and of a core file.

    (gdb) source /usr/share/gyre/gdb/gyre.py
    (gdb) gyre tasks            every task: number, name, state, and where it waits for what
    (gdb) gyre bt 3             the chain of co_await lines of task 3; a name does as well, and `all`
"""

import pathlib
import sys

import gdb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import gyre_tasks  # noqa: E402


class Gdb(gyre_tasks.Debugger):
    def __init__(self):
        self.inferior = gdb.selected_inferior()

    def read(self, address, size):
        try:
            return bytes(self.inferior.read_memory(address, size))
        except gdb.error as error:
            raise gyre_tasks.Unreadable(str(error))

    def address_of(self, symbol):
        try:
            return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))
        except gdb.error:
            return None

    def symbol_at(self, address):
        symbol = gdb.execute(f"info symbol {address}", to_string=True)
        return symbol.split(" + ")[0].split(" in section")[0].strip()


def show(lines):
    try:
        for line in lines:
            print(line)
    except (gyre_tasks.Refused, gyre_tasks.Unreadable) as error:
        raise gdb.GdbError(str(error))


class GyreCommand(gdb.Command):
    """Looks at the tasks of a gyre program: `gyre tasks`, `gyre bt TASK`."""

    def __init__(self):
        super().__init__("gyre", gdb.COMMAND_DATA, prefix=True)


class TasksCommand(gdb.Command):
    """Lists the tasks of all loops: number, name, state, where each waits and for what."""

    def __init__(self):
        super().__init__("gyre tasks", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        show(gyre_tasks.tasks(Gdb()))


class BacktraceCommand(gdb.Command):
    """gyre bt TASK: the chain of co_await lines of a task, the innermost first. TASK: a number of `gyre tasks`, a name, `all`."""

    def __init__(self):
        super().__init__("gyre bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        show(gyre_tasks.backtrace(Gdb(), argument))


GyreCommand()
TasksCommand()
BacktraceCommand()
