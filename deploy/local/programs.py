"""Where the servers' programs are on this machine, and how to get them when they are not."""

import re
import shutil
import subprocess
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.install import install

POSTGRES_OLDEST = 15


def postgres_programs() -> Path:
    """The folder of the newest PostgreSQL server programs, installed first if there are none.

    Raises StackFault when there are none and none may be installed.
    """
    found = _newest_postgres()
    if found is None:
        install("postgresql")
        found = _newest_postgres()
    if found is None:
        raise StackFault(f"The package postgresql is older than {POSTGRES_OLDEST}: install a newer PostgreSQL.")
    return found


def rabbit_programs() -> Path:
    """The folder with RabbitMQ's own scripts (not a distribution's wrappers), installed first if missing.

    Raises StackFault when there is none and none may be installed.
    """
    found = _rabbit_scripts()
    if found is None:
        install("rabbitmq-server")
        found = _rabbit_scripts()
    if found is None:
        raise StackFault("The package rabbitmq-server did not bring RabbitMQ's scripts: reinstall it.")
    return found


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
