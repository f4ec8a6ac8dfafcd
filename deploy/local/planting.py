"""Making a tree: debootstrap, from the mirror that this machine's own apt uses, then the servers' packages."""

import os
import shutil
import subprocess  # nosec B404 - it plants a tree of packages
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.install import START_NOTHING, START_POLICY, install
from deploy.local.tree import Tree, tree_of

SERVERS = ("postgresql", "rabbitmq-server")
SCRIPTS = Path("/usr/share/debootstrap/scripts")
# Releases newer than this debootstrap are made as the newest that it knows of.
NEWEST_SCRIPT = "sid"
# A mirror of a release that is not out yet may lag behind its date of expiry; signatures are checked all the same.
LAGGING = ("-o", "Acquire::Check-Valid-Until=false")
TARGETS = ("apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages")
DEBIAN = "Debian|Debian|main|"
SAID_CHARS = 1500


def plant(release: str) -> Tree:
    """The tree of `release`, made if it is not there; half a tree is never taken for a whole one.

    Raises StackFault when it cannot be made here.
    """
    tree = tree_of(release)
    if tree.root.is_dir():
        return tree
    if os.geteuid() != 0:
        raise StackFault("Only root can make the tree of another release.")
    if shutil.which("debootstrap") is None:
        install(["debootstrap"])
    sapling = Tree(release, tree.root.with_suffix(".part"))
    if sapling.root.exists():
        shutil.rmtree(sapling.root)
    sapling.root.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.write(f"making the tree of {release}: a minute or two\n")
    script = release if (SCRIPTS / release).exists() else NEWEST_SCRIPT
    _do(["debootstrap", "--variant=minbase", release, str(sapling.root), _mirror(), script])
    _put_servers_into(sapling)
    _hold_itself(sapling, tree.root)
    sapling.root.rename(tree.root)
    return tree


def servers_of(tree: Tree) -> str:
    """Names and versions of the servers in `tree`, as their packages have them."""
    form = r"${source:Package} ${Version}\n"
    packages = ("postgresql-*[0-9]", "rabbitmq-server")
    lines = _do(tree.enter(["dpkg-query", "--show", "--showformat", form, *packages])).splitlines()
    return ", ".join(sorted({line for line in lines if line.split()[1:]}))


def _put_servers_into(tree: Tree) -> None:
    policy = tree.root / START_POLICY.relative_to("/")
    policy.write_text(START_NOTHING, encoding="ascii")
    policy.chmod(0o755)
    apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", *LAGGING)
    _do(tree.enter([*apt, "update"]))
    _do(tree.enter([*apt, "install", "--no-install-recommends", *SERVERS]))
    _do(tree.enter([*apt, "clean"]))


def _hold_itself(tree: Tree, path: Path) -> None:
    inside = tree.root / path.relative_to("/")
    inside.parent.mkdir(parents=True, exist_ok=True)
    inside.symlink_to("/")


def _mirror() -> str:
    """Where this machine gets Debian's packages from."""
    for before in ((), ("apt-get", "update", "-q")):
        if before:
            _do(before)
        found = [line.removeprefix(DEBIAN) for line in _do(TARGETS).splitlines() if line.startswith(DEBIAN)]
        if found:
            return found[0]
    raise StackFault("apt names no mirror of Debian here, from which another release could be had.")


def _do(command: Sequence[str]) -> str:
    done = subprocess.run(  # noqa: S603 - commands are built here
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        raise StackFault(f"{' '.join(command)} failed: {done.stdout[-SAID_CHARS:].strip()}")
    return done.stdout
