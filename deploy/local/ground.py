"""The ground a stack stands on: its folder, the account its servers run under, its free ports, its secret."""

import os
import pwd
import random
import secrets
import socket
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.local.faults import StackFault
from deploy.local.tree import Tree, chosen_tree

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections (32768 upwards): a client that
# reconnects while its server is down could otherwise be given the server's own port.
PORTS = range(14_000, 32_000)
ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """The account that servers run under: one's own, or an unprivileged one when started by root."""

    uid: int
    gid: int
    switch: bool

    def popen_options(self) -> dict[str, int | list[int]]:
        """Arguments of `subprocess.Popen` that make a child run under this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give `path` to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Ground:
    """A private folder and the account that owns all in it; `keep` says whether the folder outlives the stack."""

    folder: Path
    account: Account
    secret: str
    keep: bool
    tree: Tree | None = None

    def child(self, command: Sequence[str], folder: Path) -> dict[str, Any]:
        """Arguments of `subprocess.Popen` that run `command` in `folder` under the account, in the tree if any."""
        if self.tree is None:
            return {"args": list(command), "cwd": folder, **self.account.popen_options()}
        return {"args": self.tree.enter(command, folder, self.account.uid, self.account.gid), "cwd": "/"}

    def make_folder(self, name: str) -> Path:
        """A subfolder that only the account can enter."""
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        self.account.own(path)
        return path

    def write_private(self, name: str, text: str, mode: int = 0o600) -> Path:
        """A file that only the account can read, replaced if it exists."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        self.account.own(path)
        return path

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """A small environment for a server: a HOME of its own, and of the caller's settings nothing but the path."""
        return {
            "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.folder),
            **extra,
        }


def lay_ground(folder: Path | None) -> Ground:
    """A ground in a fresh temporary folder, or in `folder`, which is made if missing and kept at the end.

    Raises StackFault when no account can run the servers, or the tree of the release asked for cannot be used.
    """
    account, tree = choose_account(), chosen_tree()
    keep = folder is not None
    if tree is not None and keep:
        raise StackFault(f"The servers of {tree.name} see no folder but those in their own tree: give them none.")
    scratch = tree.scratch if tree is not None else None
    chosen = Path(tempfile.mkdtemp(prefix="allocation-", dir=scratch)) if folder is None else folder.absolute()
    chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen.chmod(0o700)
    account.own(chosen)
    bare = Ground(chosen, account, "", keep, tree)
    kept_secret = chosen / "secret"
    if not kept_secret.exists():
        bare.write_private("secret", secrets.token_hex(16))
    return replace(bare, secret=kept_secret.read_text(encoding="utf-8"))


def choose_account() -> Account:
    """Our own account, or, for root, the first unprivileged one there is: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise StackFault(f"PostgreSQL does not run as root and there is no account {' or '.join(ACCOUNTS)}: add one.")


def free_ports(count: int) -> list[int]:
    """`count` different loopback ports on which nothing listens."""
    found: list[int] = []
    for port in random.sample(PORTS, k=len(PORTS)):  # nosec B311 - any free port will do
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise StackFault(f"Fewer than {count} free ports between {PORTS.start} and {PORTS.stop} on {LOOPBACK}.")
