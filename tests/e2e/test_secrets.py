"""Passwords are shown nowhere: not by a worker that meets every trouble, not by a verb that fails, not by `ps`."""

import http.client
import json
import signal
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner
from yarl import URL

from deploy.local import Stack
from deploy.local.server import descendants
from tests.e2e.canary import ENCODED, PASSWORD, SONG, listening, sings, with_canary
from tests.e2e.claims import declare, new_id, take
from tests.e2e.publishing import side
from tests.e2e.worker_process import WorkerProcess, worker
from worker.cli.verbs import app
from worker.postgres.database import Limits, create_engine
from worker.rabbit.connection import Broker
from worker.settings import Settings, load

NOBODY = "11111111-1111-1111-1111-111111111111"
VERBS = (
    ("migrate",),
    ("audit",),
    ("topology", "declare"),
    ("topology", "check"),
    ("claim", "trait.ensure", "name=CUSTOM_A"),
    ("query", "trait.list"),
    ("dead", "list"),
    ("dead", "show", NOBODY),
    ("dead", "replay", "--all"),
    ("dead", "drop", "--all", "--yes"),
    ("replay", "--nodes", "nodes.csv", "--tasks", "tasks.csv"),
    ("demo", "--quick"),
)


@dataclass(frozen=True)
class Servers:
    """Both, by addresses with the canary in them."""

    database: str
    broker: str


@pytest.fixture
async def servers(stack: Stack, database_url: str) -> AsyncIterator[Servers]:
    """They know a user with that password, who may do anything."""
    literal = PASSWORD.replace("'", "''")
    stack.postgres.sql(f"CREATE ROLE canary LOGIN SUPERUSER PASSWORD '{literal}'")
    stack.rabbit.ctl("add_user", "canary", PASSWORD)
    stack.rabbit.ctl("set_permissions", "canary", ".*", ".*", ".*")
    yield Servers(with_canary(database_url), with_canary(stack.rabbit.url))
    stack.rabbit.ctl("delete_user", "canary")
    stack.postgres.sql("DROP ROLE canary")


async def test_the_password_of_the_canary_opens_both_servers_and_is_heard_where_it_is_shown(servers: Servers) -> None:
    assert URL(servers.broker).password == PASSWORD
    assert sings(repr(URL(servers.broker)))
    await (await Broker(servers.broker).connect("test")).close()
    engine = create_engine(servers.database, Limits(pool_size=1))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_user")) == "canary"
    await engine.dispose()


async def test_a_worker_shows_no_password_whatever_befalls_it(
    stack: Stack, servers: Servers, prefix: str, tmp_path: Path
) -> None:
    settings = {**from_files(servers, tmp_path), "ALLOCATION_ROLE": "both", "ALLOCATION_LOG_LEVEL": "debug"}
    settings |= {"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"}
    async with worker("", "", prefix, tmp_path / "log", settings) as running:
        provider = new_id()
        async with side(stack.rabbit.url, prefix) as heard:
            await heard.ask(declare(provider, 10))
            await heard.send_raw(b"no claim", "allocation.set")
        shown = [command_line(running.pid), environment(running.pid), *answers(running)]
        stack.rabbit.ctl("close_all_connections", "by an operator")
        await running.logged("outage_ended")
        stack.postgres.restart()
        stack.rabbit.stop()
        await running.said("Connection refused")
        shown += answers(running)
        stack.rabbit.start()
        stack.rabbit.ctl("change_password", "canary", "another")
        stack.rabbit.ctl("close_all_connections", "by an operator")
        await running.said("refuses the user name or password")
        stack.rabbit.ctl("change_password", "canary", PASSWORD)
        async with side(stack.rabbit.url, prefix) as heard:
            assert (await heard.ask(take(provider)))["type"] == "allocation.granted"
        running.signal(signal.SIGTERM)
        assert await running.ended() == 0
    assert "aiormq" in running.log()
    assert not any(map(sings, [running.log(), *shown]))


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
@pytest.mark.parametrize("trouble", ["away", "wrong password", "unknown host", "no TLS there", "wrong file"])
def test_a_verb_that_fails_shows_no_password(
    stack: Stack, words: tuple[str, ...], trouble: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broker, database = in_trouble(stack, trouble, tmp_path)
    output, heard = ran(words, broker, database, monkeypatch, tmp_path)
    assert "Error: " in output
    assert not sings(output)
    assert not any(map(sings, heard))


@pytest.mark.parametrize("words", [("run",), ("migrate",), ("topology", "check"), ("demo", "--quick")], ids=" ".join)
@pytest.mark.parametrize("password", [PASSWORD, *(f"1234{mark}{SONG}" for mark in "/#?@[] \n")], ids=ascii)
def test_an_address_that_cannot_be_read_rightly_shows_no_password(
    words: tuple[str, ...], password: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broker, database = (f"{scheme}://canary:{password}@localhost:1/" for scheme in ("amqp", "postgresql"))
    output, heard = ran(words, broker, database, monkeypatch, tmp_path)
    assert "must be percent-encoded" in output
    assert not sings(output)
    assert not any(map(sings, heard))


async def test_nothing_that_holds_an_address_shows_it(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOCATION_DATABASE_URL", servers.database)
    monkeypatch.setenv("ALLOCATION_BROKER_URL", servers.broker)
    settings, broker = load(Settings), Broker(servers.broker)
    engine = create_engine(servers.database, Limits(pool_size=1))
    link = await broker.connect("test")
    async with engine.connect() as connection:
        holders = (settings, broker, engine, engine.pool, engine.url, connection, link, link.connection)
        shown = [f"{holder!r} {holder}" for holder in holders]
        shown += [settings.model_dump_json(), str(settings.model_dump())]
    await link.close()
    await engine.dispose()
    assert not any(map(sings, shown))


def test_the_local_servers_are_started_without_the_password_on_a_command_line_or_in_an_environment(
    stack: Stack,
) -> None:
    secret = URL(stack.rabbit.url).password
    assert secret
    for server in (stack.postgres, stack.rabbit):
        assert server.pid is not None
        pids = [server.pid, *descendants(server.pid)]
        assert not [pid for pid in pids if secret in command_line(pid) + environment(pid)]


def from_files(servers: Servers, folder: Path) -> dict[str, str]:
    """Settings that name the addresses by files."""
    for name, url in (("database", servers.database), ("broker", servers.broker)):
        (folder / name).write_text(f"{url}\n")
    return {
        "ALLOCATION_DATABASE_URL_FILE": str(folder / "database"),
        "ALLOCATION_BROKER_URL_FILE": str(folder / "broker"),
    }


def in_trouble(stack: Stack, trouble: str, folder: Path) -> tuple[str, str]:
    """Addresses of a broker and a database that will not do, with the canary in them."""
    broker, database = with_canary(stack.rabbit.url), with_canary(stack.postgres.url)
    match trouble:
        case "away":
            return f"amqp://canary:{ENCODED}@127.0.0.1:1/", f"postgresql://canary:{ENCODED}@127.0.0.1:1/x"
        case "unknown host":
            return f"amqp://canary:{ENCODED}@nowhere.invalid/", f"postgresql://canary:{ENCODED}@nowhere.invalid/x"
        case "no TLS there":
            return broker.replace("amqp", "amqps"), f"{database}?sslmode=require"
        case "wrong file":
            missing = folder / "missing.pem"
            return f"{broker.replace('amqp', 'amqps')}?cafile={missing}", f"{database}?sslrootcert={missing}"
        case _:
            return broker, database


def ran(
    words: tuple[str, ...], broker: str, database: str, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[str, list[str]]:
    """What a verb said, with the stack trace of what it did not expect, and all that was logged meanwhile."""
    monkeypatch.chdir(folder)
    Path("nodes.csv").write_text("sn,cpu_milli,memory_mib,gpu,model\na,1000,1024,0,\n")
    Path("tasks.csv").write_text(
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time\nt,1,1,0,0,,0,1\n"
    )
    with listening() as heard:
        environment = {"ALLOCATION_BROKER_URL": broker, "ALLOCATION_DATABASE_URL": database}
        result = CliRunner().invoke(app, list(words), env=environment)
    error = result.exception
    trace = "" if error is None or isinstance(error, SystemExit) else "".join(traceback.format_exception(error))
    assert result.exit_code != 0
    return f"{result.output}{trace}", heard


def command_line(pid: int) -> str:
    """What `ps` shows of it."""
    return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")


def environment(pid: int) -> str:
    """What it was started with."""
    return Path(f"/proc/{pid}/environ").read_text("utf-8", "replace")


def answers(running: WorkerProcess) -> list[str]:
    """All that it serves."""
    (port,) = [json.loads(line)["port"] for line in running.log().splitlines() if '"http_listening"' in line]
    return [_got(port, path) for path in ("/live", "/ready", "/metrics", "/", "/ready?x=1")]


def _got(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return f"{answer.status} {answer.getheaders()} {answer.read().decode()}"
    finally:
        connection.close()
