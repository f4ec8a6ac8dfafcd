"""A server that runs as our child: started, stopped, killed, frozen and thawed."""

import os
import signal
import subprocess  # nosec B404 - it runs the servers' programs
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.ground import Ground

POLL_S = 0.02
START_S = 60.0
STOP_S = 30.0
LOG_TAIL_CHARS = 1500


class Server(ABC):
    """One server on loopback; a restart keeps its port and its data."""

    name: str
    port: int
    stop_signal = signal.SIGTERM

    def __init__(self, ground: Ground, port: int) -> None:
        self.port = port
        self._ground = ground
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments; it must not leave the foreground."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The whole environment of the program."""

    @abstractmethod
    def is_ready(self, pid: int) -> bool:
        """Whether the process `pid` takes work now."""

    @property
    def folder(self) -> Path:
        """Where the server works; the guard knows its processes by this."""
        return self._ground.folder / self.name

    @property
    def log(self) -> Path:
        """What the server says on its standard output and error."""
        return self._ground.folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """The process id while the server runs, else None."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def spawn(self) -> None:
        """Start the program without waiting for it; a running one is left alone."""
        if self.pid is not None:
            return
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # nosec B603 - no shell, arguments of our own
                **self._ground.child(self.command(), self.folder),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_ready(self, timeout_s: float = START_S) -> None:
        """Return once the server takes work; raise StackFault if it ends or does not come up in time."""
        deadline = time.monotonic() + timeout_s
        while (pid := self.pid) is not None:
            if self.is_ready(pid):
                return
            if time.monotonic() > deadline:
                raise StackFault(f"{self.name} was not ready after {timeout_s:.0f} s: {self._last_words()}")
            time.sleep(POLL_S)
        raise StackFault(f"{self.name} ended while starting: {self._last_words()}")

    def start(self) -> None:
        """Start and wait until the server takes work."""
        self.spawn()
        self.await_ready()

    def stop(self) -> None:
        """Shut down in good order and wait for the end; a stopped server is left alone."""
        self._signal_tree(signal.SIGCONT)
        if self._child is not None and self.pid is not None:
            self._child.send_signal(self.stop_signal)
            self._child.wait(STOP_S)

    def kill(self) -> None:
        """End at once, as a power cut would, and wait for the end."""
        self._signal_tree(signal.SIGKILL)
        if self._child is not None:
            self._child.wait(STOP_S)

    def kill_all(self) -> None:
        """End it at once with all that was started to serve it."""
        self.kill()

    def restart(self) -> None:
        """Stop in good order and start again on the same port and data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze: connections stay open and nothing answers."""
        self._signal_tree(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw."""
        self._signal_tree(signal.SIGCONT)

    def _signal_tree(self, number: signal.Signals) -> None:
        """Signal the server and all that it started, the server first, so that it starts no more."""
        if (root := self.pid) is None:
            return
        for pid in (root, *descendants(root)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARS:].strip()


def descendants(root: int) -> Iterator[int]:
    """Ids of the processes below `root`, parents before children."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # "pid (name) state ppid ...", where the name may hold spaces and parentheses
            fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
    level = children.get(root, [])
    while level:
        yield from level
        level = [child for parent in level for child in children.get(parent, [])]
