"""The local stack: several at once, restarts that keep the data, and nothing left behind however it ends."""

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import Postgres, Rabbit, StackFault, local_stack
from deploy.local.server import descendants
from tests.servers import create_database, drop_database

PROJECT = Path.cwd()
# Root's own Python may lie where nobody else can read it.
SYSTEM_PYTHON = next(
    (found for minor in (14, 13, 12, 11) if (found := shutil.which(f"python3.{minor}", path="/usr/bin"))), None
)
GONE_S = 20.0
START_S = 60.0
# Says where its stack is, then waits to be ended, by looks: a signal that comes right before a wait does not end it.
# It obeys SIGINT also where the tests run as a shell's background job, whose children are told to ignore it.
HOLDER = """
import signal, sys, time
from deploy.local import local_stack
signal.signal(signal.SIGINT, signal.default_int_handler)
with local_stack(rabbit=sys.argv[1] == "both") as stack:
    print(stack.postgres.folder.parent, flush=True)
    while True:
        time.sleep(0.1)
"""


class Held:
    """A program that holds a stack, and everything that it started: servers, guard and all."""

    def __init__(self, servers: str) -> None:
        self.child = subprocess.Popen(  # noqa: S603 - the program above
            [sys.executable, "-c", HOLDER, servers],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.child.stdout is not None
        self.folder = Path(self.child.stdout.readline().strip())
        self.ends = [os.pidfd_open(pid) for pid in descendants(self.child.pid)]

    def wait_until_gone(self) -> None:
        """Return once the holder and all that it started have ended."""
        self.child.wait(GONE_S)
        for end in self.ends:
            readable, _, _ = select.select([end], [], [], GONE_S)
            os.close(end)
            assert readable


@pytest.fixture
def second_postgres() -> Iterator[Postgres]:
    """A stack of its own next to the one that the other tests use."""
    with local_stack(rabbit=False) as stack:
        yield stack.postgres


async def test_two_stacks_are_strangers(database_server_url: str, second_postgres: Postgres) -> None:
    assert second_postgres.url != database_server_url
    await create_database(second_postgres.url, "same_name")
    await create_database(database_server_url, "same_name")
    await drop_database(database_server_url, "same_name")


def test_two_nodes_of_one_name_live_side_by_side(rabbit_server: Rabbit) -> None:
    with local_stack(postgres=False) as other:
        other.rabbit.ctl("add_vhost", "elsewhere")
        assert "elsewhere" not in rabbit_server.ctl("list_vhosts")


async def test_data_outlives_the_death_of_the_database_server(second_postgres: Postgres) -> None:
    await create_database(second_postgres.url, "kept")
    before = second_postgres.url
    second_postgres.kill()
    second_postgres.start()
    assert second_postgres.url == before
    with pytest.raises(Exception, match="already exists"):
        await create_database(second_postgres.url, "kept")


async def test_a_given_folder_keeps_its_data_and_its_password(open_folder: Path) -> None:
    folder = open_folder / "kept"
    with local_stack(folder, rabbit=False) as first:
        await create_database(first.postgres.url, "kept")
    with local_stack(folder, rabbit=False) as second, pytest.raises(Exception, match="already exists"):
        await create_database(second.postgres.url, "kept")


@pytest.mark.parametrize(
    ("number", "servers"),
    [(signal.SIGKILL, "both"), (signal.SIGTERM, "postgres"), (signal.SIGINT, "postgres")],
)
def test_nothing_is_left_when_the_holder_is_ended(number: signal.Signals, servers: str) -> None:
    held = Held(servers)
    held.child.send_signal(number)
    held.wait_until_gone()
    assert not held.folder.exists()


def test_a_frozen_stack_is_ended_too() -> None:
    with local_stack(rabbit=False) as stack:
        folder = stack.postgres.folder.parent
        stack.postgres.pause()
    assert not folder.exists()


def test_a_server_that_was_not_asked_for_is_named_in_the_fault() -> None:
    with local_stack(rabbit=False) as stack, pytest.raises(StackFault, match="without RabbitMQ"):
        _ = stack.rabbit


def test_an_ordinary_user_needs_no_rights(open_folder: Path) -> None:
    done = run_as_nobody(
        open_folder, "from deploy.local import *\nwith local_stack() as stack: print(stack.rabbit.ctl('status'))"
    )
    assert done.returncode == 0, done.stderr
    assert "allocation@localhost" in done.stdout


def test_an_ordinary_user_is_told_what_to_install(open_folder: Path) -> None:
    done = run_as_nobody(open_folder, "from deploy.local.install import install\ninstall(['rabbitmq-server'])")
    assert "run `sudo apt-get install -y --no-install-recommends rabbitmq-server" in done.stderr


def run_as_nobody(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` on a copy of the local stack as an ordinary user; skips where we cannot become one."""
    if os.geteuid() != 0 or SYSTEM_PYTHON is None:
        pytest.skip("only root can become somebody else, and the user needs a Python of the system")
    shutil.copytree(PROJECT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    nobody = pwd.getpwnam("nobody")
    return subprocess.run(  # noqa: S603 - the programs above
        [SYSTEM_PYTHON, "-c", code],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
