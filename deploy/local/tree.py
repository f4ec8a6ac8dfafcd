"""A tree: another Debian release in a folder, whose servers run with that folder as their root.

It holds itself under its own path (a link to its root), so that a path within it means the same inside and outside.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import StackFault

VARIABLE = "ALLOCATION_LOCAL_RELEASE"
TREES = Path(__file__).resolve().parents[2] / ".local" / "trees"
NAME = re.compile(r"[a-z]+")
# The mount is seen by what is started here alone, and gone with it. Each step becomes the next, so that signals reach
# the program itself. Numbers with a plus are never taken for names, which the tree may not have.
ENTER = """
root=$1 account=$2 folder=$3
shift 3
mount -t proc proc "$root/proc"
exec chroot --userspec="$account" --groups= "$root" env --chdir="$folder" "$@"
"""


@dataclass(frozen=True, slots=True)
class Tree:
    """The Debian release `name` under `root`."""

    name: str
    root: Path

    @property
    def scratch(self) -> Path:
        """Where stacks put their folders, since their servers see nothing outside of the tree."""
        return self.root / "tmp"

    def enter(self, command: Sequence[str], folder: Path | str = "/", uid: int = 0, gid: int = 0) -> list[str]:
        """`command` as one that works in `folder` of the tree under that account; to be given by root."""
        steps = ["unshare", "--mount", "sh", "-e", "-c", ENTER, "enter"]
        return [*steps, str(self.root), f"+{uid}:+{gid}", str(folder), *command]


def tree_of(release: str) -> Tree:
    """Where the tree of `release` is, or would be. Raises StackFault for what cannot be a release."""
    if not NAME.fullmatch(release):
        raise StackFault(f"{release!r} is no release of Debian: trixie or forky would be.")
    return Tree(release, TREES / release)


def chosen_tree() -> Tree | None:
    """The tree that the environment asks for, None when it asks for none.

    Raises StackFault when the tree is not there or cannot be entered.
    """
    release = os.environ.get(VARIABLE)
    if not release:
        return None
    tree = tree_of(release)
    if os.geteuid() != 0:
        raise StackFault(f"{VARIABLE}={release}: only root can enter the tree of another release.")
    if not tree.root.is_dir():
        raise StackFault(f"There is no tree of {release}: `python -m deploy.local tree {release}` makes it.")
    return tree
