"""For a debugger: breaks one task of the program that it looks at, and the list that the last one is in."""

import gyre_tasks


def damage(debugger, write):
    """`write(address, data)` writes into the program."""
    program = gyre_tasks.Program(debugger)
    tasks = [task for _, _, task in program.tasks()]
    write(tasks[1] + program.at["task_strand"] + program.at["strand_root"], b"A" * 8)
    link = tasks[-1] + program.at["task_link"]
    write(link, link.to_bytes(8, "little"))
