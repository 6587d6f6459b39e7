"""Reads the tasks of a gyre program for a debugger: gdb/gyre.py and lldb/gyre.py are its fronts.

Nothing of the program runs for this, and it needs no debug information: the library has a table of where things lie, which
`strip --strip-all` alone removes. The kind of a wait is the name of its class.
"""

NAMES = (
    "version scheduler_owners scheduler_current owner_link owner_tasks task_link task_strand strand_root task_place "
    "frame_continuation frame_awaiting frame_location frame_state frame_queued extra_name"
).split()
VERSION = 1
SYNC_NAMES = "version wait_list list_name lock_list lock_owner".split()
BRANCH_NAMES = "version size strand owner".split()
MOST_LOOPS = 256
MOST_FRAMES = 1000
MOST_BRANCHES = 1000
MOST_DEPTH = 20  # of branches in branches
MOST_OF_A_WAIT = 512  # bytes
FRAME_FAILED = 3


class Unreadable(Exception):
    """Memory that is not there."""


class Refused(Exception):
    """What cannot be done, in words."""


class Debugger:
    """What a front gives: `read(address, size)` as bytes, or Unreadable; `address_of(symbol)`, or None; `symbol_at(address)`."""


class Memory:
    """Reads the memory of what is looked at."""

    def __init__(self, debugger):
        self.debugger = debugger

    def read(self, address, size):
        if not 0 <= address < 1 << 64:
            raise Unreadable(f"there is no address {address:#x}")
        return self.debugger.read(address, size)

    def word(self, address):
        return int.from_bytes(self.read(address, 8), "little")

    def byte(self, address):
        return self.read(address, 1)[0]

    def number(self, address):
        return int.from_bytes(self.read(address, 4), "little")

    def text(self, address, length=None):
        """A C string, or as many bytes."""
        if length is not None:
            return self.read(address, length).decode(errors="replace")
        found = b""
        while len(found) < 4096:
            found += self.read(address + len(found), 16 - (address + len(found)) % 16)
            if b"\0" in found:
                break
        return found.split(b"\0")[0].decode(errors="replace")


class Place:
    """A std::source_location, which is one pointer to file, function and line."""

    def __init__(self, memory, pointer):
        self.file, self.function, self.line = "", "", 0
        if pointer:
            self.file = memory.text(memory.word(pointer))
            self.function = memory.text(memory.word(pointer + 8))
            self.line = memory.number(pointer + 16)

    def is_plausible(self):
        whole = "\ufffd" not in self.file + self.function  # what is no UTF-8
        return whole and self.file.isprintable() and "." in self.file and 0 < self.line < 10_000_000

    def __str__(self):
        if not self.line:
            return "an unknown place"
        where = f"{self.file.rsplit('/', 1)[-1]}:{self.line}"
        name = self.function.split("(")[0].split(" ")[-1]
        return f"{where} in {name}" if name else where

    def is_wrapper(self):
        """Whether it is in gyre's own frame around some work."""
        return not self.line or self.file.endswith("gyre/core/work.hpp")


class Program:
    def __init__(self, debugger):
        self.debugger = debugger
        self.memory = Memory(debugger)
        self.lost = []  # what could not be walked to its end, in words
        table = self.address_of("gyre_debug_offsets")
        self.at = {name: self.memory.word(table + 8 * i) for i, name in enumerate(NAMES)}
        if self.at["version"] == 0:
            raise Refused("no loop was ever made in this process")
        if self.at["version"] != VERSION:
            raise Refused(f"this script reads layout {VERSION}, and the program has {self.at['version']}")
        # Not in a program that has no locks.
        table = debugger.address_of("gyre_debug_sync")
        self.sync = {name: self.memory.word(table + 8 * i) for i, name in enumerate(SYNC_NAMES)} if table else {}
        if self.sync.get("version") != VERSION:
            self.sync = None
        table = self.address_of("gyre_debug_branches")
        self.branch = {name: self.memory.word(table + 8 * i) for i, name in enumerate(BRANCH_NAMES)}

    def address_of(self, symbol):
        address = self.debugger.address_of(symbol)
        if address is None:
            raise Refused(f"{symbol} is not here: this is no program with gyre in it, or all of its symbols were stripped")
        return address

    def schedulers(self):
        slots = self.address_of("gyre_schedulers")
        for i in range(MOST_LOOPS):
            scheduler = self.memory.word(slots + 8 * i)
            if scheduler:
                yield scheduler

    def items(self, head, link):
        """The items of an IntrusiveList that stands at `head`; of a damaged one those before the damage, which is noted."""
        known = {head}
        try:
            at = self.memory.word(head)
            while at and at not in known:
                known.add(at)
                following = self.memory.word(at)
                yield at - link
                at = following
            if at and at != head:
                raise Unreadable("the list does not come back to its head")
        except Unreadable as error:
            self.lost.append(f"the rest of the list at {head:#x} cannot be read: {error}")

    def tasks(self):
        """Triples of number, loop and address."""
        number = 0
        for scheduler in self.schedulers():
            for owner in self.items(scheduler + self.at["scheduler_owners"], self.at["owner_link"]):
                for task in self.items(owner + self.at["owner_tasks"], self.at["task_link"]):
                    yield number, scheduler, task
                    number += 1

    def is_called(self, task, name):
        try:
            return self.name(task)[0] == name
        except Unreadable:
            return False

    def name(self, task):
        """Its name, and where it was spawned: in a block of a task that has a name or other options, else in the task itself.

        The block begins with a place, which is a pointer. Where the task itself has the place, what is read as that pointer
        are letters of the name of a file, and nothing lies there."""
        pointer = self.memory.word(task + self.at["task_place"])
        try:
            place = Place(self.memory, self.memory.word(pointer))
            if place.is_plausible():
                text = pointer + self.at["extra_name"]
                return self.memory.text(self.memory.word(text), min(self.memory.word(text + 8), 200)), place
        except Unreadable:
            pass
        return "", Place(self.memory, pointer)

    def root(self, task):
        return self.memory.word(task + self.at["task_strand"] + self.at["strand_root"])

    def chain(self, frame):
        """The frames from one on, the outermost first, and the first frames of the branches that the last one waits for."""
        frames = []
        while frame and len(frames) < MOST_FRAMES:
            frames.append(frame)
            awaiting = self.memory.word(frame + self.at["frame_awaiting"])
            if awaiting & 1:
                frame = self.memory.word(awaiting & ~1)
                continue
            inside = self.branches(awaiting)
            if inside:
                return frames, inside
            frame = self.inside(awaiting)
        return frames, []

    def inside(self, wait):
        """The first frame of the strand inside a wait (the body of a time limit or group), or 0.

        A strand has a pointer to its root, whose continuation points back to the strand: nothing else looks like that. The
        nearest one counts: behind the wait lie the frames of others."""
        for delta in range(0, MOST_OF_A_WAIT if wait else 0, 8):
            try:
                root = self.memory.word(wait + delta)
                if self.is_root(root, wait + delta - self.at["strand_root"]):
                    return root
            except Unreadable:
                continue
        return 0

    def is_root(self, root, strand):
        return root and root % 8 == 0 and self.memory.word(root + self.at["frame_continuation"]) == strand | 1

    def branches(self, wait):
        """The first frames of the branches of a `gather` or `race` that still run.

        Such a wait has a pointer to its branches, each of which points back to it."""
        for delta in range(8, MOST_OF_A_WAIT if wait else 0, 8):
            try:
                first = self.memory.word(wait + delta)
                if not first or first % 8 or self.memory.word(first + self.branch["owner"]) != wait:
                    continue
                return self.roots_of(first, wait)
            except Unreadable:
                continue
        return []

    def roots_of(self, branch, wait):
        roots = []
        try:
            for _ in range(MOST_BRANCHES):
                if self.memory.word(branch + self.branch["owner"]) != wait:
                    break
                strand = branch + self.branch["strand"]
                root = self.memory.word(strand + self.at["strand_root"])
                if self.is_root(root, strand):
                    roots.append(root)
                branch += self.branch["size"]
        except Unreadable:
            pass  # the last one lies at the end of the memory
        return roots

    def place(self, frame):
        if self.memory.byte(frame + self.at["frame_state"]) == FRAME_FAILED:
            return Place(self.memory, 0)
        return Place(self.memory, self.memory.word(frame + self.at["frame_location"]))

    def wait(self, frame):
        """What the last frame of a chain does: "ready", or the class of its wait and that wait's address."""
        if self.memory.byte(frame + self.at["frame_queued"]):
            return "ready"
        wait = self.memory.word(frame + self.at["frame_awaiting"])
        if not wait:
            return "running"
        kind = self.debugger.symbol_at(self.memory.word(wait)).removeprefix("vtable for ")
        for prefix in ("gyre::internal::", "gyre::"):
            kind = kind.removeprefix(prefix)
        kind = kind.split("<")[0]
        return f"waits on {kind}{self.object(kind, wait)} {wait:#x}"

    def object(self, kind, wait):
        """The name of the object whose list a wait is in, and who holds it if it is a lock; empty if it is in none."""
        if self.sync is None:
            return ""
        try:
            waiting = self.memory.word(wait + self.sync["wait_list"])
            name = waiting + self.sync["list_name"]
            length, what = self.memory.word(name - 16), self.memory.word(name - 8)
            if not 0 < length < 32 or not self.memory.text(what, length).replace(" ", "").isalpha():
                return ""
            name = self.memory.text(self.memory.word(name), min(self.memory.word(name + 8), 200))
            text = f" '{name}'" if name else ""
            if kind == "LockWait":
                owner = self.memory.word(waiting - self.sync["lock_list"] + self.sync["lock_owner"])
                if owner:
                    name, spawned = self.name(owner)
                    text += f" (held by '{name}')" if name else f" (held by the task spawned at {spawned})"
            return text
        except Unreadable:
            return ""

    def summary(self, number, task):
        """One line; damage in this task leaves those of the others alone."""
        try:
            name, spawned = self.name(task)
            title = f"'{name}' (spawned at {spawned})" if name else f"spawned at {spawned}"
            root = self.root(task)
            return f"{number:4}  {title}: {self.end(*self.chain(root)) if root else 'has ended'}"
        except Unreadable as error:
            return f"{number:4}  (cannot be read: {error})"

    def end(self, frames, branches):
        """What the last frame of a chain does, and where."""
        places = [place for place in map(self.place, frames) if not place.is_wrapper()]
        running = f", {len(branches)} {'branches run' if len(branches) > 1 else 'branch runs'}," if branches else ""
        return f"{self.wait(frames[-1])}{running} at {places[-1] if places else 'its start'}"

    def frames(self, task):
        """The lines of a task below its summary, as far as they can be read."""
        try:
            yield from self.backtrace(self.root(task))
        except Unreadable as error:
            yield f"(cannot be read: {error})"

    def backtrace(self, root, indent=""):
        """The lines of a chain, the innermost first, and of the branches that it waits for."""
        frames, branches = self.chain(root)
        if len(indent) < 4 * MOST_DEPTH:
            for number, branch in enumerate(branches, 1):
                yield f"{indent}branch {number}: {self.end(*self.chain(branch))}"
                yield from self.backtrace(branch, indent + "    ")
        for depth, frame in enumerate(reversed(frames)):
            place = self.place(frame)
            yield f"{indent}#{depth:<3} {frame:#x}  {'(gyre)' if place.is_wrapper() else place}"


def tasks(debugger):
    """The lines of `gyre tasks`."""
    program = Program(debugger)
    loops, count = set(), 0
    for number, scheduler, task in program.tasks():
        if scheduler not in loops:
            loops.add(scheduler)
            yield f"loop {len(loops) - 1} (scheduler {scheduler:#x})"
        yield program.summary(number, task)
        count += 1
    yield from program.lost
    yield f"{count} tasks"


def backtrace(debugger, argument):
    """The lines of `gyre bt ARGUMENT`."""
    wanted = argument.strip().strip("'\"")
    if not wanted:
        raise Refused("gyre bt: which task? A number of `gyre tasks`, a name, or `all`")
    program, found = Program(debugger), False
    for number, _, task in program.tasks():
        if wanted not in ("all", str(number)) and not program.is_called(task, wanted):
            continue
        found = True
        yield program.summary(number, task)
        yield from program.frames(task)
    yield from program.lost
    if not found:
        raise Refused(f"gyre bt: no task is called {wanted}")
