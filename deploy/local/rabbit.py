"""The private RabbitMQ node: its own name server (epmd), cookie, ports and configuration, all on loopback."""

import secrets
import shutil
import socket
import subprocess  # nosec B404 - it runs RabbitMQ's programs
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.ground import LOOPBACK, Ground
from deploy.local.server import Server

USER = "allocation"
NODE = "allocation@localhost"
CTL_S = 60.0
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"
CONFIGURATION = """\
listeners.tcp.1 = {address}:{port}
default_user = {user}
default_pass = {secret}
default_user_tags.administrator = true
log.console = true
log.console.level = info
log.file = false
max_message_size = 2097152
"""
# Idle schedulers that spin would take the processor from PostgreSQL and the worker on a small machine.
VM_ARGUMENTS = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


class NameServer(Server):
    """Erlang's port mapper, in the foreground; one a stack, so that node names of two stacks never meet."""

    name = "epmd"

    def command(self) -> list[str]:
        return [shutil.which("epmd") or "epmd", "-port", str(self.port), "-address", LOOPBACK]

    def environment(self) -> dict[str, str]:
        return self._ground.environment({})

    def is_ready(self, pid: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


class Rabbit(Server):
    """A RabbitMQ node with one user, an administrator on the virtual host `/`."""

    name = "rabbit"

    def __init__(self, ground: Ground, ports: tuple[int, int, int], programs: Path) -> None:
        port, self._peer_port, names_port = ports
        super().__init__(ground, port)
        self._programs = programs
        self._names = NameServer(ground, names_port)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"amqp://{USER}:{self._ground.secret}@{LOOPBACK}:{self.port}/"

    def command(self) -> list[str]:
        return [str(self._programs / "rabbitmq-server")]

    def environment(self) -> dict[str, str]:
        folder = self.folder
        return self._ground.environment(
            {
                "HOME": str(folder),
                "ERL_EPMD_PORT": str(self._names.port),
                "ERL_EPMD_ADDRESS": LOOPBACK,
                "ERL_CRASH_DUMP_SECONDS": "0",
                "RABBITMQ_NODENAME": NODE,
                "RABBITMQ_DIST_PORT": str(self._peer_port),
                "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
                "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
                "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
                "RABBITMQ_MNESIA_BASE": str(folder / "data"),
                "RABBITMQ_LOG_BASE": str(folder / "log"),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": VM_ARGUMENTS,
                # the script then becomes the Erlang VM instead of waiting for it: signals reach the node itself
                "RUNNING_UNDER_SYSTEMD": "true",
            }
        )

    def is_ready(self, pid: int) -> bool:
        """Whether the node answers a client's greeting with its own; its listener is the last thing to start."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1.0) as probe:
                probe.sendall(PROTOCOL_HEADER)
                return probe.recv(1) == METHOD_FRAME
        except OSError:
            return False

    def spawn(self) -> None:
        """Start the name server if it is not up, and the node without waiting for it."""
        self._names.spawn()
        self._names.await_ready()
        super().spawn()

    def kill(self) -> None:
        """End the node at once and wait for the end.

        RabbitMQ 3.10 writes a new quorum queue's member to disk about a second late: a queue declared just before
        the kill never elects a leader again.
        """
        super().kill()

    def kill_all(self) -> None:
        """End the node and its name server at once."""
        self.kill()
        self._names.kill()

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl ARGUMENTS` says of this node; raises StackFault when it fails."""
        done: subprocess.CompletedProcess[str] = subprocess.run(  # nosec B603 - no shell, arguments of our own
            **self._ground.child([str(self._programs / "rabbitmqctl"), "--quiet", *arguments], self.folder),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CTL_S,
            check=False,
        )
        if done.returncode != 0:
            raise StackFault(f"rabbitmqctl {arguments[0]} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def prepare(self) -> None:
        """Write the node's configuration and cookie, and make its folders."""
        ground, name = self._ground, self.name
        for folder in (self._names.name, name, f"{name}/data", f"{name}/log"):
            ground.make_folder(folder)
        if not (self.folder / ".erlang.cookie").exists():
            ground.write_private(f"{name}/.erlang.cookie", secrets.token_hex(16), mode=0o400)
        configuration = CONFIGURATION.format(address=LOOPBACK, port=self.port, user=USER, secret=ground.secret)
        ground.write_private(f"{name}/rabbitmq.conf", configuration)
        ground.write_private(f"{name}/enabled_plugins", "[].\n")
