"""A private PostgreSQL with a synchronous standby: the primary can be lost, the standby promoted, the lost replaced.

The primary answers no commit before the standby has it on its disk, so whatever a client was told outlives the primary.
"""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.local.faults import StackFault
from deploy.local.ground import LOOPBACK, Ground, free_ports, lay_ground
from deploy.local.guard import give_back
from deploy.local.postgres import DATABASE, USER, Postgres
from deploy.local.programs import find_programs
from deploy.local.stack import end, guarded

# Neither is a keyword of `synchronous_standby_names`, as "first" would be.
NAMES = ("left", "right")
FOLLOW_S = 30.0
POLL_S = 0.02
# What a standby that was away needs to catch up must still be there.
KEPT_WAL = "256MB"


class Member(Postgres):
    """One of the pair; which of them is the primary changes."""

    def __init__(self, ground: Ground, port: int, programs: Path, name: str) -> None:
        super().__init__(ground, port, programs)
        self.name = name

    def copy(self, primary: Postgres) -> None:
        """Become a copy of a running primary that will follow it once started; what was here before is dropped."""
        lock = self.folder / "postmaster.pid"
        if lock.exists():
            give_back(lock)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._ground.make_folder(self.name)
        source = f"host={LOOPBACK} port={primary.port} user={USER} application_name={self.name}"
        self._run(
            *("pg_basebackup", "-d", source, "-D", str(self.folder)),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"),
        )
        with (self.folder / "postgresql.auto.conf").open("a", encoding="utf-8") as stream:
            # the copy has the primary's settings: once promoted it would wait for itself
            stream.write("synchronous_standby_names = ''\n")

    def await_standby(self, name: str, timeout_s: float = FOLLOW_S) -> None:
        """Return once no commit is answered before standby `name` has it."""
        # its checkpointer has sessions wait, and takes up a changed setting before a checkpoint that is asked of it
        self.sql("CHECKPOINT")
        self._await("SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync'", name, timeout_s)

    def set(self, setting: str, value: str) -> None:
        """Change a setting that needs no restart."""
        self.sql(f"ALTER SYSTEM SET {setting} = '{value}'")
        self.sql("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """End the standing by: from now on it takes writes."""
        if self.sql("SELECT pg_promote()") != "t":
            raise StackFault(f"{self.name} cannot be promoted: see {self.log}.")

    def await_received(self, position: str, timeout_s: float = FOLLOW_S) -> None:
        """Return once this standby has, and shows to readers, what the primary had sent up to `position`."""
        self._await(f"SELECT pg_last_wal_replay_lsn() >= '{position}'", "t", timeout_s)

    def _await(self, question: str, answer: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while self.sql(question) != answer:
            if time.monotonic() > deadline:
                raise StackFault(f"{self.name} did not answer {answer} within {timeout_s:.0f} s to: {question}")
            time.sleep(POLL_S)


class Pair:
    """A primary and its standby, which change places when the primary is lost."""

    def __init__(self, primary: Member, standby: Member, secret: str) -> None:
        self.primary = primary
        self.standby = standby
        self._secret = secret
        self._ports = (primary.port, standby.port)

    @property
    def url(self) -> str:
        """Both addresses in one, the same for the life of the pair: connections go to the one that takes writes."""
        hosts, ports = ",".join([LOOPBACK] * len(self._ports)), ",".join(str(port) for port in self._ports)
        return (
            f"postgresql+asyncpg://{USER}:{self._secret}@/{DATABASE}"
            f"?host={hosts}&port={ports}&target_session_attrs=read-write"
        )

    def start(self) -> None:
        """Start a primary that is alone so far, and its standby."""
        self.primary.prepare()
        self.primary.start()
        self.primary.set("wal_keep_size", KEPT_WAL)
        self.stand_by()

    def stand_by(self) -> None:
        """Make the standby anew from the primary, and have commits wait for it from now on."""
        self.standby.kill()
        self.standby.copy(self.primary)
        self.standby.start()
        self.primary.set("synchronous_standby_names", self.standby.name)
        self.primary.await_standby(self.standby.name)

    def level(self) -> None:
        """Return once the standby shows to readers all that the primary has."""
        self.standby.await_received(self.primary.sql("SELECT pg_current_wal_flush_lsn()"))

    def promote(self) -> None:
        """Have the standby take the place of a primary that is gone; commits wait for nobody until `stand_by`."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def fail_over(self) -> None:
        """End the primary at once, as a power cut would, and promote the standby."""
        self.primary.kill()
        self.promote()


@contextlib.contextmanager
def local_pair() -> Iterator[Pair]:
    """A PostgreSQL and its synchronous standby on loopback, for as long as the context lasts; nothing is left behind.

    Raises StackFault when they cannot be had.
    """
    programs = find_programs(postgres=True, rabbit=False).postgres
    if programs is None:
        raise StackFault("PostgreSQL cannot be had.")
    ground = lay_ground(None)
    with guarded(ground) as watch:
        primary, standby = (
            Member(ground, port, programs, name) for port, name in zip(free_ports(2), NAMES, strict=True)
        )
        pair = Pair(primary, standby, ground.secret)
        try:
            pair.start()
            yield pair
        finally:
            end(watch, primary, standby)
