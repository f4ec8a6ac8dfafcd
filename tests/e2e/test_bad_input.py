"""Bad input on the real servers: each message is answered or parked, good ones go through, nothing acts on anybody."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiormq
import pytest
from aiormq.abc import AbstractChannel
from pamqp.commands import Basic
from typer.testing import CliRunner, Result

from tests.e2e.claims import Body, declare, new_id, take
from tests.e2e.nasty import (
    MIB,
    UNSTORABLE,
    Sent,
    hostile_in_every_text_field,
    in_every_key,
    in_every_number_field,
    in_every_text_field,
    misfits,
    unreadable,
)
from tests.e2e.publishing import Side, side
from tests.e2e.worker_process import WorkerProcess, worker
from tests.fuzz.said import assert_json_line, assert_plain_lines
from tests.fuzz.seeds import NASTY_TEXTS
from worker.cli.verbs import app

EVERY: Final = 12
GROWTH_KIB_MAX: Final = 150 * 1024
FAR: Final = 2**63 - 1
Dead = tuple[Basic.Properties, str, bytes]


@pytest.fixture
async def running(database_url: str, broker_url: str, prefix: str, tmp_path: Path) -> AsyncIterator[WorkerProcess]:
    """A worker that takes claims and queries."""
    role = {"ALLOCATION_ROLE": "both"}
    async with worker(database_url, broker_url, prefix, tmp_path / "worker.log", role) as process:
        yield process


@pytest.fixture
async def heard(running: WorkerProcess, broker_url: str, prefix: str) -> AsyncIterator[Side]:
    """A publisher and subscriber beside it."""
    async with side(broker_url, prefix) as both:
        yield both


@pytest.fixture
async def channel(running: WorkerProcess, broker_url: str) -> AsyncIterator[AbstractChannel]:
    """A channel that sends properties as they are given."""
    connection = await aiormq.connect(broker_url)
    yield await connection.channel()
    await connection.close()


def resident_kib(process: WorkerProcess) -> int:
    """The memory that the process has."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def assert_unharmed(process: WorkerProcess) -> None:
    """It still runs, on the channel that it began with, and its log is JSON line by line with no bug in it."""
    assert process.is_running
    lines = process.log().splitlines()
    for line in lines:
        assert_json_line(line)
    events = Counter(json.loads(line)["event"] for line in lines)
    assert events["consuming"] == 1
    assert not events.keys() & {"consuming_ended", "outage_began", "query_failed", "parked_in_a_row", "batch_halved"}


async def dead(channel: AbstractChannel, prefix: str) -> list[Dead]:
    """All letters, taken from the queue."""
    letters: list[Dead] = []
    while isinstance((got := await channel.basic_get(f"{prefix}.dead", no_ack=True)).delivery, Basic.GetOk):
        letters.append((got.header.properties, got.delivery.routing_key or "", got.body))
    return letters


async def mixed(heard: Side, bad: Sequence[Sent], provider: str) -> list[Body]:
    """All of it sent with good claims among it; those, decided, as is all that has an id."""
    good: list[Body] = []
    for start in range(0, len(bad), EVERY):
        good.append(take(provider))
        sending = [heard.send_raw(one.body, one.key) for one in bad[start : start + EVERY]]
        await asyncio.gather(*sending, heard.send(good[-1]))
    await heard.all_decided([claim["claim_id"] for claim in good])
    await heard.all_decided([one.claim for one in bad if one.claim is not None])
    return good


def parked_reasons(letters: Iterable[Dead]) -> dict[bytes, str]:
    """Why each body was parked; what the worker says about it is plain."""
    found = {}
    for properties, _, body in letters:
        headers = properties.headers or {}
        for name, value in headers.items():
            if name.startswith("x-parked-"):
                assert_plain_lines(str(value))
        found[body] = str(headers["x-parked-reason"])
    return found


@pytest.mark.timeout(300)
async def test_every_bad_message_has_its_fate_and_every_good_one_its_outcome(
    running: WorkerProcess, heard: Side, channel: AbstractChannel, prefix: str, audited: Callable[[], Awaitable[None]]
) -> None:
    provider = new_id()
    await heard.ask(declare(provider, 10_000))
    before = resident_kib(running)
    bad = [
        *unreadable(), *misfits(), *in_every_text_field(UNSTORABLE), *in_every_key(), *in_every_number_field(),
        *hostile_in_every_text_field(),
    ]  # fmt: skip
    good = [*await mixed(heard, bad, provider), whole := take(provider)]
    await heard.send_raw(json.dumps(whole).encode().ljust(MIB), "allocation.set")
    await heard.outcome(whole["claim_id"])
    assert len(bad) > 1_000
    assert {heard.outcomes[claim["claim_id"]]["type"] for claim in good} == {"allocation.granted"}
    codes = {one.what: told(heard.outcomes[one.claim]) for one in bad if one.claim is not None}
    assert {
        one.what: codes[one.what] for one in bad if one.fate == "invalid_message" and codes[one.what] != one.fate
    } == {}
    reasons = parked_reasons(await dead(channel, prefix))
    assert reasons == {one.body: one.fate for one in bad if one.claim is None}
    assert resident_kib(running) - before < GROWTH_KIB_MAX
    heard.assert_no_event_in_two_versions()
    assert_unharmed(running)
    await audited()


def told(outcome: Body) -> str:
    """The code of a refusal, else the type."""
    return str(outcome["data"].get("code", outcome["type"]))


class Marshalled(Basic.Properties):
    """Properties as somebody else's client may put them on the wire."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(message_id="raw")
        self._raw = raw

    def marshal(self) -> bytes:
        """Just that."""
        return self._raw


def nested(levels: int) -> dict[str, Any]:
    """Tables in tables."""
    inner: dict[str, Any] = {}
    for _ in range(levels):
        inner = {"a": inner}
    return inner


def odd_properties() -> dict[str, Basic.Properties]:
    """Each by what is odd about it; none of it is a reason to refuse a claim."""
    short = "\x1b[2J\n\u202e%s"
    forged = {f"x-parked-{name}": short for name in ("reason", "detail", "trace", "first-at", "queue")}
    return {
        "none": Basic.Properties(),
        "a wrong content type": Basic.Properties(content_type="text/html; charset=utf-16"),
        "an encoding that is not so": Basic.Properties(content_type="application/json", content_encoding="gzip"),
        "text that acts": Basic.Properties(
            content_type=short, correlation_id=short, message_id=short, app_id=short, message_type=short
        ),
        "NUL": Basic.Properties(correlation_id="a\x00b", message_id="\x00", reply_to="\x00"),
        "the longest texts": Basic.Properties(correlation_id="c" * 255, message_id="m" * 255, reply_to="r" * 255),
        "a reply to the worker's own queue": Basic.Properties(reply_to="allocation.claims"),
        "a reply to nobody": Basic.Properties(reply_to="amq.gen-nobody", correlation_id="x"),
        "the highest priority": Basic.Properties(priority=255),
        "an end that is far": Basic.Properties(expiration="4294967295"),
        "not to be kept": Basic.Properties(delivery_mode=1),
        "a timestamp beyond all years": Marshalled((0x0040).to_bytes(2) + FAR.to_bytes(8)),
        "an id that is no UTF-8": Marshalled((0x0080).to_bytes(2) + b"\x02\xff\xfe"),
        "a huge table": Basic.Properties(headers={"filler": "x" * 120_000}),
        "many headers": Basic.Properties(headers={f"h{n}": n for n in range(8_000)}),
        "tables 200 deep": Basic.Properties(headers=nested(200)),
        "all types": Basic.Properties(
            headers={"a": [None, True, -1, 2**62, 1.5, "t", bytearray(b"\xff"), datetime(2026, 1, 1, tzinfo=UTC), {}]}
        ),
        "traces that are none": Basic.Properties(
            headers={"traceparent": short, "tracestate": 7, "x-delivery-count": "z"}
        ),
        "headers of a letter": Basic.Properties(headers=dict(forged)),
    }


async def test_odd_properties_change_nothing_for_good_claims_and_come_along_with_bad_ones(
    running: WorkerProcess, heard: Side, channel: AbstractChannel, prefix: str
) -> None:
    provider, claims = new_id(), []
    await heard.ask(declare(provider, 1_000))
    bad: dict[bytes, str] = {}
    for number, (what, properties) in enumerate(odd_properties().items()):
        claims.append(take(provider))
        bad[b"not json %d" % number] = what
        for body in (json.dumps(claims[-1]).encode(), b"not json %d" % number):
            await channel.basic_publish(
                body, exchange=f"{prefix}.claims", routing_key="allocation.set", properties=properties
            )
    await heard.all_decided([claim["claim_id"] for claim in claims])
    assert {told(heard.outcomes[claim["claim_id"]]) for claim in claims} == {"allocation.granted"}
    await heard.ask(take(provider))
    letters = await dead(channel, prefix)
    assert parked_reasons(letters) == dict.fromkeys(bad, "not_json")
    by_body = {bad[body]: properties for properties, _, body in letters}
    assert by_body["the longest texts"].message_id == "m" * 255
    assert (by_body["an end that is far"].headers or {})["x-original-expiration"] == "4294967295"
    assert (by_body["many headers"].headers or {})["h7999"] == 7_999
    assert "x-parked-trace" not in (by_body["headers of a letter"].headers or {})
    assert by_body["a timestamp beyond all years"].timestamp is None
    assert_unharmed(running)


@pytest.fixture
def ran(broker_url: str, prefix: str) -> Callable[..., Awaitable[Result]]:
    """Runs a verb as on a terminal of 200 columns."""
    environment = {"ALLOCATION_BROKER_URL": broker_url, "ALLOCATION_PREFIX": prefix, "COLUMNS": "200"}

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)

    return run


async def test_hostile_text_is_kept_as_it_is_and_shown_spelled_out(
    running: WorkerProcess, heard: Side, ran: Callable[..., Awaitable[Result]]
) -> None:
    provider = new_id()
    await heard.ask(declare(provider, 1_000))
    for text in NASTY_TEXTS:
        named, consumer = new_id(), new_id()
        created = {"op": "provider.create", "claim_id": new_id(), "provider": named, "name": text}
        owned = {"id": consumer, "project": text, "user": text}
        held = {**take(provider, consumer=consumer), "consumer": owned}
        assert (await heard.ask(created))["data"]["provider"]["name"] == text
        (told_of,) = (await heard.ask(held))["data"]["consumers"]
        assert (told_of["project"], told_of["user"]) == (text, text)
        name, project = json.dumps(text), json.dumps(text)
        shown = {
            "name": await ran("query", "provider.list", f"name={name}", "--json"),
            "project": await ran("query", "allocation.get", f"consumers={consumer}", "--json"),
            "usage": await ran("query", "usage.project", f"project={project}", f"user={name}", "--json"),
        }
        assert [one.exit_code for one in shown.values()] == [0, 0, 0], [one.output for one in shown.values()]
        assert [one["name"] for one in json.loads(shown["name"].stdout)["providers"]] == [text]
        assert json.loads(shown["project"].stdout)["consumers"][consumer]["project"] == text
        assert json.loads(shown["usage"].stdout)["usages"]["unknown"]["consumer_count"] == 1
        for words in (
            ["query", "provider.get", f"provider={named}"],
            ["query", "allocation.get", f"consumers={consumer}"],
            ["query", "trait.get", f"name={name}"],
            ["claim", "trait.delete", f"name={name}"],
        ):
            assert_plain_lines((await ran(*words)).output)
    assert_unharmed(running)


async def test_letters_are_listed_and_shown_with_nothing_that_acts(
    running: WorkerProcess,
    heard: Side,
    channel: AbstractChannel,
    ran: Callable[..., Awaitable[Result]],
    prefix: str,
) -> None:
    provider = new_id()
    bodies = [text.encode() for text in NASTY_TEXTS] + [b"\xff\x1b[2J", b'{"claim_id":"\x1b[2J"}', b"\x00\x9b31m"]
    for number, body in enumerate(bodies):
        properties = list(odd_properties().values())[number % len(odd_properties())]
        key = "\x1b[31m\u202e" if number % 2 else "allocation.set"
        await channel.basic_publish(body, exchange=f"{prefix}.claims", routing_key=key, properties=properties)
    await heard.ask(declare(provider, 10))
    listed = await ran("dead", "list")
    assert listed.exit_code == 0
    assert_plain_lines(listed.output)
    letters = json.loads((await ran("dead", "list", "--json")).stdout)
    assert len(letters) == len(bodies)
    for letter in letters:
        shown = await ran("dead", "show", letter["letter"])
        assert shown.exit_code == 0, shown.exception
        assert_plain_lines(shown.output)
    assert_unharmed(running)
