"""The private PostgreSQL server: a cluster made on first start, password login on loopback, default durability."""

import signal
import subprocess  # nosec B404 - it runs PostgreSQL's programs
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.ground import LOOPBACK, Ground
from deploy.local.server import Server

USER = "allocation"
DATABASE = "allocation"
SETTINGS = """
listen_addresses = '{address}'
unix_socket_directories = ''
dynamic_shared_memory_type = mmap  # in the data folder, so that a killed server leaves none behind
max_connections = 200
jit = off
"""
# The word for a server that takes writes, and the one for a standby that answers reads.
LETS_IN = ("ready", "standby")


class Postgres(Server):
    """A PostgreSQL server with one role and one database of its own."""

    name = "postgres"
    stop_signal = signal.SIGINT  # PostgreSQL's fast shutdown: open sessions are ended, the data is whole

    def __init__(self, ground: Ground, port: int, programs: Path) -> None:
        super().__init__(ground, port)
        self._programs = programs

    @property
    def url(self) -> str:
        """Where clients connect, as SQLAlchemy reads it."""
        return f"postgresql+asyncpg://{USER}:{self._ground.secret}@{LOOPBACK}:{self.port}/{DATABASE}"

    def command(self) -> list[str]:
        return [str(self._programs / "postgres"), "-D", str(self.folder), "-p", str(self.port)]

    def environment(self) -> dict[str, str]:
        return self._ground.environment({})

    def is_ready(self, pid: int) -> bool:
        """Whether the server has written its own process id into its lock file, and that it lets clients in."""
        lock = self.folder / "postmaster.pid"
        lines = lock.read_text(encoding="utf-8").splitlines() if lock.exists() else []
        return len(lines) >= 8 and int(lines[0]) == pid and lines[7].strip() in LETS_IN

    def prepare(self) -> None:
        """Make the cluster and its database, unless they are there already."""
        self._ground.make_folder(self.name)
        if (self.folder / "PG_VERSION").exists():
            return
        password = self._ground.write_private("password", self._ground.secret)
        self._run(
            *("initdb", "-D", str(self.folder), "-U", USER, "--pwfile", str(password)),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        password.unlink()
        with (self.folder / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.write(SETTINGS.format(address=LOOPBACK))
        self._run("postgres", "--single", "-D", str(self.folder), "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")

    def sql(self, statement: str, database: str = DATABASE) -> str:
        """What `statement` answers in psql, a row a line, without heads; raises StackFault when it fails."""
        options = ("-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", LOOPBACK, "-p", str(self.port))
        return self._run("psql", *options, "-U", USER, "-d", database, "-c", statement).strip()

    def _run(self, program: str, *arguments: str, stdin: str = "") -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # nosec B603 - no shell, arguments of our own
            **self._ground.child([str(self._programs / program), *arguments], self.folder),
            env={**self.environment(), "PGPASSWORD": self._ground.secret},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackFault(f"{program} failed: {done.stderr.strip()}")
        return done.stdout
