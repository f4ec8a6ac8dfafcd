"""The local stack: both servers on one ground, watched by a guard that ends them whatever happens to us."""

import contextlib
import subprocess  # nosec B404 - it runs its own watch
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local import guard
from deploy.local.faults import StackFault
from deploy.local.ground import Ground, free_ports, lay_ground
from deploy.local.postgres import Postgres
from deploy.local.programs import find_programs
from deploy.local.rabbit import Rabbit
from deploy.local.server import Server

GUARD_S = 30.0


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the worker finds its two servers."""

    database: str
    broker: str


class Stack:
    """A running stack; a server that was not asked for is absent, and asking for it raises StackFault."""

    def __init__(self, postgres: Postgres | None, rabbit: Rabbit | None) -> None:
        self._postgres = postgres
        self._rabbit = rabbit

    @property
    def postgres(self) -> Postgres:
        """The database server."""
        if self._postgres is None:
            raise StackFault("This stack was started without PostgreSQL.")
        return self._postgres

    @property
    def rabbit(self) -> Rabbit:
        """The broker."""
        if self._rabbit is None:
            raise StackFault("This stack was started without RabbitMQ.")
        return self._rabbit

    @property
    def urls(self) -> Urls:
        """The addresses of both servers, the same for the whole life of the stack."""
        return Urls(database=self.postgres.url, broker=self.rabbit.url)


@contextlib.contextmanager
def local_stack(folder: Path | None = None, postgres: bool = True, rabbit: bool = True) -> Iterator[Stack]:
    """A private PostgreSQL and RabbitMQ on loopback, for as long as the context lasts.

    Without `folder` nothing is left behind; a given folder keeps its data for the next time. The servers end
    with the context and with this program, also when it is killed. Raises StackFault when they cannot be had.
    """
    programs = find_programs(postgres, rabbit)
    ground = lay_ground(folder)
    with guarded(ground) as watch:
        port, broker_port, peer_port, names_port = free_ports(4)
        database = Postgres(ground, port, programs.postgres) if programs.postgres else None
        broker = Rabbit(ground, (broker_port, peer_port, names_port), programs.rabbit) if programs.rabbit else None
        try:
            _start(database, broker)
            yield Stack(database, broker)
        finally:
            end(watch, *(server for server in (database, broker) if server is not None))


def _start(database: Postgres | None, broker: Rabbit | None) -> None:
    """Start both side by side: the broker boots while the database cluster is made."""
    if broker is not None:
        broker.prepare()
        broker.spawn()
    if database is not None:
        database.prepare()
        database.start()
    if broker is not None:
        broker.await_ready()


@contextlib.contextmanager
def guarded(ground: Ground) -> Iterator[subprocess.Popen[bytes]]:
    """A guard over `ground`; it cleans up when its standard input is closed, by us or by our death."""
    account = ground.account
    keep = "keep" if ground.keep else "remove"
    command = [sys.executable, "-I", guard.__file__, str(ground.folder), str(account.uid), str(account.gid), keep]
    watch = subprocess.Popen(  # noqa: S603 - our own program
        command, cwd="/", stdin=subprocess.PIPE, start_new_session=True
    )
    with watch:
        yield watch


def end(watch: subprocess.Popen[bytes], *servers: Server) -> None:
    """Have the guard end the servers and remove the folder, then collect the children; kill what it left."""
    if watch.stdin is not None:
        watch.stdin.close()
    watch.wait(GUARD_S)
    for server in servers:
        server.kill_all()
