"""The guard: a small program that outlives its parent just long enough to end a stack and remove its folder.

It reads its standard input to the end, which comes when the parent closes it or dies, however it dies. A process
belongs to a stack when its working directory lies in the stack's folder: that holds for servers, for what they
start themselves, and for what was started a moment before the parent died. Standard library only, and every
import (and no codec but UTF-8) before the account is changed, since that account may not be allowed to read more.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

CLEAN_END_S = 5.0
POLL_S = 0.01


def members(folder: Path) -> Iterator[int]:
    """Ids of the live processes that work in `folder`."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink().is_relative_to(folder):
                yield int(entry.name)


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def postmaster(folder: Path) -> int | None:
    """The process id that PostgreSQL wrote down in its data folder, if it runs."""
    lock = folder / "postgres" / "postmaster.pid"
    return int(lock.read_text(encoding="utf-8").split("\n", 1)[0]) if lock.exists() else None


def end_all(folder: Path) -> None:
    """End every process of the stack.

    PostgreSQL gets its immediate shutdown, for it then gives back its shared memory; all else is killed.
    """
    main = postmaster(folder)
    for pid in members(folder):
        in_postgres = pid == main or _works_in(pid, folder / "postgres")
        send(pid, signal.SIGCONT)
        if pid == main:
            send(pid, signal.SIGQUIT)
        elif main is None or not in_postgres:
            send(pid, signal.SIGKILL)
    deadline = time.monotonic() + CLEAN_END_S
    while alive := list(members(folder)):
        if time.monotonic() > deadline:
            for pid in alive:
                send(pid, signal.SIGKILL)
        time.sleep(POLL_S)


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return False


def main(arguments: list[str]) -> None:
    """`guard FOLDER UID GID KEEP`: wait for the end of standard input, then clean up."""
    folder, uid, gid, keep = Path(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3] == "keep"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    sys.stdin.buffer.read()
    end_all(folder)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
