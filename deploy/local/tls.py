"""The private servers with TLS alone: whoever comes without it is turned away, and what they show can be exchanged."""

import contextlib
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.ground import LOOPBACK, Ground, free_ports, lay_ground
from deploy.local.postgres import Postgres
from deploy.local.programs import find_programs
from deploy.local.rabbit import METHOD_FRAME, PROTOCOL_HEADER, Rabbit
from deploy.local.stack import end, guarded

# What certificates are to be made for; clients that come by the address itself meet a wrong name.
NAME = "localhost"
POSTGRES_SETTINGS = """
ssl = on
ssl_cert_file = '{certificate}'
ssl_key_file = '{key}'
ssl_ca_file = '{authority}'
"""
POSTGRES_ACCESS = "hostssl all all {address}/32 scram-sha-256 {asking}\n"
RABBIT_SETTINGS = """\
listeners.tcp = none
listeners.ssl.1 = {address}:{port}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.cacertfile = {authority}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = {asking}
"""


@dataclass(frozen=True, slots=True)
class Papers:
    """What a server shows and whom it believes, as PEM; `asking` refuses clients without a certificate."""

    certificate: str
    key: str
    authority: str
    asking: bool = False

    def lay_out(self, ground: Ground, folder: str) -> dict[str, str]:
        """Write them to files in `folder` of the ground, for the account alone; their paths by field."""
        texts = {"certificate": self.certificate, "key": self.key, "authority": self.authority}
        return {name: str(ground.write_private(f"{folder}/{name}.pem", text)) for name, text in texts.items()}


class TlsPostgres(Postgres):
    """PostgreSQL, over TLS alone."""

    def __init__(self, ground: Ground, port: int, programs: Path, papers: Papers) -> None:
        super().__init__(ground, port, programs)
        self._papers = papers

    @property
    def url(self) -> str:
        """Where clients connect, by the name in the certificate, without a word on TLS."""
        return super().url.replace(f"@{LOOPBACK}:", f"@{NAME}:")

    def prepare(self) -> None:
        """Make the cluster, and have it show the papers."""
        super().prepare()
        paths = self._papers.lay_out(self._ground, self.name)
        with (self.folder / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.write(POSTGRES_SETTINGS.format(**paths))
        self._write_access()

    def show(self, papers: Papers) -> None:
        """Show these from the next connection on."""
        self._papers = papers
        papers.lay_out(self._ground, self.name)
        self._write_access()
        self._signal_tree(signal.SIGHUP)

    def _write_access(self) -> None:
        asking = "clientcert=verify-ca" if self._papers.asking else ""
        self._ground.write_private(f"{self.name}/pg_hba.conf", POSTGRES_ACCESS.format(address=LOOPBACK, asking=asking))


class TlsRabbit(Rabbit):
    """RabbitMQ, over TLS alone."""

    def __init__(self, ground: Ground, ports: tuple[int, int, int], programs: Path, papers: Papers) -> None:
        super().__init__(ground, ports, programs)
        self._papers = papers

    @property
    def url(self) -> str:
        """Where clients connect, by the name in the certificate."""
        return super().url.replace("amqp://", "amqps://").replace(f"@{LOOPBACK}:", f"@{NAME}:")

    def is_ready(self, pid: int) -> bool:
        """Whether the node answers a client's greeting, or asks it for a certificate."""
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection((LOOPBACK, self.port), timeout=1.0) as probe,
                trusting.wrap_socket(probe) as secured,
            ):
                secured.sendall(PROTOCOL_HEADER)
                return secured.recv(1) == METHOD_FRAME
        except ssl.SSLError:
            return self._papers.asking
        except OSError:
            return False

    def prepare(self) -> None:
        """Write the node's configuration, with the papers it shows."""
        super().prepare()
        plain = (self.folder / "rabbitmq.conf").read_text("utf-8")
        kept = "".join(line for line in plain.splitlines(keepends=True) if not line.startswith("listeners."))
        paths = self._papers.lay_out(self._ground, self.name)
        asking = str(self._papers.asking).lower()
        tls = RABBIT_SETTINGS.format(address=LOOPBACK, port=self.port, asking=asking, **paths)
        self._ground.write_private(f"{self.name}/rabbitmq.conf", kept + tls)

    def show(self, papers: Papers) -> None:
        """Show these from the next connection on; whether clients are asked changes at the next start alone."""
        self._papers = papers
        papers.lay_out(self._ground, self.name)
        self.ctl("eval", "ssl:clear_pem_cache().")


@dataclass(frozen=True, slots=True)
class TlsStack:
    """Both servers."""

    postgres: TlsPostgres
    rabbit: TlsRabbit


@contextlib.contextmanager
def tls_stack(papers: Papers) -> Iterator[TlsStack]:
    """Both servers, on loopback, for as long as the context lasts; nothing is left behind.

    Raises StackFault when they cannot be had.
    """
    programs = find_programs(postgres=True, rabbit=True)
    if programs.postgres is None or programs.rabbit is None:
        raise StackFault("The servers cannot be had.")
    ground = lay_ground(None)
    with guarded(ground) as watch:
        port, broker_port, peer_port, names_port = free_ports(4)
        broker = TlsRabbit(ground, (broker_port, peer_port, names_port), programs.rabbit, papers)
        database = TlsPostgres(ground, port, programs.postgres, papers)
        try:
            broker.prepare()
            broker.spawn()
            database.prepare()
            database.start()
            broker.await_ready()
            yield TlsStack(database, broker)
        finally:
            end(watch, database, broker)
