"""The one stack that `up` keeps for a working copy: who runs it, where it is, how to stop it.

The file `.local/stack.json` is locked by the program that runs the stack for as long as it runs, so that a
file left by a dead one is never taken for a running stack.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess  # nosec B404 - it runs itself in the background
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

from deploy.local.faults import StackFault
from deploy.local.stack import Urls

STATE = Path(".local/stack.json")
LOG = Path(".local/stack.log")
VARIABLES = ("ALLOCATION_DATABASE_URL", "ALLOCATION_BROKER_URL")
START_S = 600.0  # a first start may install packages
STOP_S = 60.0
POLL_S = 0.1


def variables(urls: Urls) -> dict[str, str]:
    """The worker's settings that name these servers."""
    return dict(zip(VARIABLES, (urls.database, urls.broker), strict=True))


def exports(urls: Urls) -> str:
    """Lines for a shell."""
    return "\n".join(f"export {name}='{value}'" for name, value in variables(urls).items())


@contextlib.contextmanager
def claimed() -> Iterator[Callable[[Urls], None]]:
    """Hold the place of the one running stack; call what is yielded with the addresses once there are any."""
    STATE.parent.mkdir(exist_ok=True)
    descriptor = os.open(STATE, os.O_CREAT | os.O_RDWR, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as state:
        try:
            fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise StackFault("A stack is running already: `make down` stops it.") from taken
        state.truncate(0)
        try:
            yield lambda urls: _write(state, urls)
        finally:
            STATE.unlink(missing_ok=True)


def urls() -> Urls:
    """The addresses of the running stack; raises StackFault when there is none."""
    found = _read()
    if found is None:
        raise StackFault("No stack is running: `make up` starts one.")
    return found[1]


def stop() -> bool:
    """Stop the running stack and wait until it is gone; False when there was none."""
    found = _read()
    if found is None:
        return False
    os.kill(found[0], signal.SIGTERM)
    _wait(lambda: _read() is None, STOP_S, "The stack does not stop")
    return True


def detach(folder: Path | None) -> Urls:
    """Start a stack that outlives this program; raises StackFault with the reason when it does not come up."""
    if _read() is not None:
        raise StackFault("A stack is running already: `make down` stops it.")
    LOG.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "deploy.local", "up", *(["--folder", str(folder)] if folder else [])]
    with _private(LOG) as log:
        child = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _wait(lambda: _read() is not None or child.poll() is not None, START_S, "The stack does not start")
    found = _read()
    if found is None:
        raise StackFault(LOG.read_text(encoding="utf-8").strip().removeprefix("error: "))
    return found[1]


def _private(path: Path) -> IO[str]:
    """An empty file that only we can read: a stack tells its addresses, and a password stands in each."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # one that was there already keeps its mode
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _write(state: IO[str], urls: Urls) -> None:
    state.seek(0)
    json.dump({"pid": os.getpid(), **asdict(urls)}, state)
    state.flush()


def _read() -> tuple[int, Urls] | None:
    """Process id and addresses of a stack that is up, by the lock it holds."""
    try:
        with STATE.open("r+", encoding="utf-8") as state:
            try:
                fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = state.read()
                fields = json.loads(text) if text else None
                return fields and (fields["pid"], Urls(database=fields["database"], broker=fields["broker"]))
    except FileNotFoundError:
        return None
    return None


def _wait(done: Callable[[], bool], timeout_s: float, complaint: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            raise StackFault(f"{complaint} within {timeout_s:.0f} s: see {LOG}.")
        time.sleep(POLL_S)
