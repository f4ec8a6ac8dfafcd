"""The guard: a small program that outlives its parent just long enough to end a stack and remove its folder.

It reads its standard input to the end, which comes when the parent closes it or dies, however it dies. A process
belongs to a stack when its working directory lies in the stack's folder: that holds for servers, for what they
start themselves, and for what was started a moment before the parent died. Standard library only, and every
import (and no codec but UTF-8) before the account is changed, since that account may not be allowed to read more.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

CLEAN_END_S = 5.0
POLL_S = 0.01
IPC_RMID = 0


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


def postmasters(folder: Path) -> dict[Path, int]:
    """The data folders of PostgreSQL, each with the process id that its server wrote down; it may be a dead one's."""
    locks = folder.glob("*/postmaster.pid")
    return {lock.parent: int(lock.read_text(encoding="utf-8").split("\n", 1)[0]) for lock in locks}


def end_all(folder: Path) -> None:
    """End every process of the stack.

    PostgreSQL gets its immediate shutdown, for it then gives back its shared memory; all else is killed.
    """
    mains = postmasters(folder)
    for pid in members(folder):
        works_in = _works_in(pid)
        send(pid, signal.SIGCONT)
        if pid in mains.values():
            send(pid, signal.SIGQUIT)
        elif works_in not in mains:
            send(pid, signal.SIGKILL)
    deadline = time.monotonic() + CLEAN_END_S
    while alive := list(members(folder)):
        if time.monotonic() > deadline:
            for pid in alive:
                send(pid, signal.SIGKILL)
        time.sleep(POLL_S)
    for lock in folder.glob("*/postmaster.pid"):
        give_back(lock)


def give_back(lock: Path) -> None:
    """Remove the shared memory that a killed PostgreSQL left behind; its lock file's seventh line says which."""
    lines = lock.read_text(encoding="utf-8").split("\n")
    named = lines[6].split() if len(lines) > 6 else []
    if len(named) == 2:
        # one that is gone already is refused, and that is as well
        ctypes.CDLL(None).shmctl(int(named[1]), IPC_RMID, None)


def _works_in(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


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
