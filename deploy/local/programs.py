"""Where the servers' programs are on this machine, and how to get them when they are not."""

import re
import shutil
import subprocess  # nosec B404 - it asks programs for their versions
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.install import install
from deploy.local.tree import Tree, chosen_tree

POSTGRES_OLDEST = 15


@dataclass(frozen=True, slots=True)
class Programs:
    """The folders of PostgreSQL's programs and of RabbitMQ's own scripts (not a distribution's wrappers)."""

    postgres: Path | None
    rabbit: Path | None


def find_programs(postgres: bool, rabbit: bool) -> Programs:
    """The programs asked for, None for those not asked for; what is missing is installed first.

    They are those of the tree that the environment asks for, if it does. Raises StackFault when something is missing
    and may not be installed.
    """
    if (tree := chosen_tree()) is not None:
        return Programs(_postgres_in(tree) if postgres else None, _rabbit_in(tree) if rabbit else None)
    finders = {"postgresql": _newest_postgres} if postgres else {}
    finders |= {"rabbitmq-server": _rabbit_scripts} if rabbit else {}
    if missing := [package for package, find in finders.items() if find() is None]:
        install(missing)
    if useless := [package for package, find in finders.items() if find() is None]:
        raise StackFault(
            f"{' and '.join(useless)} cannot be used here: PostgreSQL must be {POSTGRES_OLDEST} or newer,"
            " and RabbitMQ needs its scripts, erl and epmd."
        )
    return Programs(_newest_postgres() if postgres else None, _rabbit_scripts() if rabbit else None)


def _newest_postgres() -> Path | None:
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    whole = [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]
    newest = max(whole, key=_postgres_version, default=None)
    return newest if newest is not None and _postgres_version(newest) >= POSTGRES_OLDEST else None


def _postgres_version(folder: Path) -> int:
    answer = subprocess.run(  # noqa: S603 - a program found above
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    match = re.search(r"\d+", answer.stdout)
    return int(match.group()) if match else 0


def _rabbit_scripts() -> Path | None:
    folders = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
    on_path = shutil.which("rabbitmq-server")
    if not folders and on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    whole = [folder for folder in folders if (folder / "rabbitmq-env").exists()]
    return whole[-1] if whole and shutil.which("erl") and shutil.which("epmd") else None


def _postgres_in(tree: Tree) -> Path:
    return _only(tree, "usr/lib/postgresql/*/bin")


def _rabbit_in(tree: Tree) -> Path:
    return _only(tree, "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin")


def _only(tree: Tree, pattern: str) -> Path:
    """A release has one version of each; named as it is inside, since not every program starts by way of the link."""
    found = next(tree.root.glob(pattern), None)
    if found is None:
        raise StackFault(f"The tree of {tree.name} has no {pattern}: remove {tree.root} and make it again.")
    return Path("/") / found.relative_to(tree.root)
