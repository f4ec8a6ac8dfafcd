"""The users of docs/security.md on a real broker: what its permissions and the access policy let each of them do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import AMQPError, ChannelAccessRefused, ChannelPreconditionFailed
from typer.testing import CliRunner
from yarl import URL

from deploy.local import Rabbit
from schemas.parked import ParkedHeader
from tests.e2e.worker_process import worker
from tests.unit.docs.papers import blocks
from worker.cli.verbs import app
from worker.rabbit.definitions import definitions
from worker.rabbit.topology import topology

REPLY_S = 30.0
ROLES = ("allocation-worker", "nova", "billing", "operator")


@dataclass(frozen=True)
class Place:
    """A virtual host with the users of the document, each under a name of the test's own, and a policy."""

    rabbit: Rabbit
    mark: str
    policy: Path

    def user(self, role: str) -> str:
        return f"{role}-{self.mark}"

    def url(self, role: str) -> str:
        return str(
            URL(self.rabbit.url).with_user(self.user(role)).with_password("change me").with_path(f"/{self.mark}")
        )

    @asynccontextmanager
    async def channel(self, role: str) -> AsyncIterator[AbstractChannel]:
        async with await aio_pika.connect(self.url(role), timeout=REPLY_S) as connection:
            yield await connection.channel()

    async def ran(self, *words: str) -> str:
        """What the operator's command line printed."""
        environment = {
            "ALLOCATION_BROKER_URL": self.url("operator"),
            "ALLOCATION_POLICY_FILE": str(self.policy),
            "COLUMNS": "200",
        }
        # the verb has an event loop of its own
        done = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture(scope="module")
def place(rabbit_server: Rabbit, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """All of the document, imported as it stands."""
    mark = uuid4().hex[:12]
    policy = tmp_path_factory.mktemp("access") / "policy.toml"
    policy.write_text(marked(blocks("docs/security.md", "toml")[0], mark))
    (documented,) = blocks("docs/security.md", "json")
    merged = definitions(topology("allocation"), mark)
    for key, more in json.loads(marked(documented, mark)).items():
        merged[key] = [*merged.get(key, ()), *more]
    admin = {"user": URL(rabbit_server.url).user, "vhost": mark, "configure": ".*", "write": ".*", "read": ".*"}
    merged["permissions"].append(admin)
    file = rabbit_server.folder / "definitions.json"
    file.write_text(json.dumps(merged))
    file.chmod(0o644)
    rabbit_server.ctl("import_definitions", str(file))
    return Place(rabbit_server, mark, policy)


def marked(text: str, mark: str) -> str:
    """The document's users and virtual host under names of the test's own."""
    for role in ROLES:
        text = text.replace(f'"{role}"', f'"{role}-{mark}"')
    return text.replace('"vhost": "/"', f'"vhost": "{mark}"')


@pytest.fixture
async def at_work(place: Place, database_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A worker that goes by the policy, under the user that the document gives it."""
    settings = {
        "ALLOCATION_DECLARE_TOPOLOGY": "false",
        "ALLOCATION_ROLE": "both",
        "ALLOCATION_POLICY_FILE": str(place.policy),
    }
    async with worker(database_url, place.url("allocation-worker"), "allocation", tmp_path / "log", settings):
        yield place


@dataclass(frozen=True)
class Publisher:
    """`nova` with a reply queue of its own."""

    channel: AbstractChannel
    replies: AbstractQueue
    user: str

    async def send(self, body: bytes, routing_key: str, exchange: str = "allocation.claims") -> None:
        target = await self.channel.get_exchange(exchange, ensure=False)
        message = aio_pika.Message(body, reply_to=self.replies.name, user_id=self.user)
        await target.publish(message, routing_key)

    async def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """A claim, or a query, and what comes back."""
        claims = "claim_id" in body and body["op"] != "claim.get"
        where = (body["op"], "allocation.claims") if claims else ("allocation.queries", "allocation.asking")
        await self.send(json.dumps(body).encode(), *where)
        return await self.reply()

    async def reply(self) -> dict[str, Any]:
        async with asyncio.timeout(REPLY_S), self.replies.iterator() as messages:
            message = await anext(messages)
            await message.ack()
            told: dict[str, Any] = json.loads(message.body)
            return told


@asynccontextmanager
async def publishing(place: Place, role: str = "nova") -> AsyncIterator[Publisher]:
    async with place.channel(role) as channel:
        replies = await channel.declare_queue(f"allocation.replies.{role}.{place.mark}", exclusive=True)
        yield Publisher(channel, replies, place.user(role))


def taking(project: str, **fields: Any) -> dict[str, Any]:
    """A claim that takes nothing: who may send it is all that it shows."""
    consumer = {"id": str(uuid4()), "project": project, "user": "u"}
    return {"op": "allocation.set", "claim_id": str(uuid4()), "consumer": consumer, "allocations": {}, **fields}


async def test_a_user_does_what_broker_and_policy_give_it_and_is_told_of_the_rest(at_work: Place) -> None:
    blue, team, red = taking("blue"), taking("team-7"), taking("red")
    async with publishing(at_work) as nova:
        assert [(await nova.ask(claim))["type"] for claim in (blue, team)] == ["allocation.granted"] * 2
        refused = await nova.ask(red)
        assert (refused["data"]["code"], refused["data"]["details"]["user"]) == ("not_permitted", nova.user)
        assert await nova.ask(red) == refused
        seen = await nova.ask({"op": "claim.get", "claim_id": blue["claim_id"]})
        assert seen["data"]["claimid"] == blue["claim_id"]
        assert (await nova.ask({"op": "provider.list"}))["error"]["code"] == "not_permitted"


async def test_what_another_project_was_told_looks_as_if_it_had_not_been(at_work: Place) -> None:
    theirs = {"op": "trait.ensure", "claim_id": str(uuid4()), "name": "CUSTOM_THEIRS"}
    async with publishing(at_work, "operator") as operator, publishing(at_work) as nova:
        assert (await operator.ask(theirs))["type"] == "trait.created"
        hidden = await nova.ask({"op": "claim.get", "claim_id": theirs["claim_id"]})
        unknown = str(uuid4())
        missing = await nova.ask({"op": "claim.get", "claim_id": unknown})
    assert json.loads(json.dumps(hidden).replace(theirs["claim_id"], unknown)) == missing
    assert missing["error"]["code"] == "claim_not_found"


async def test_nobody_sends_under_the_name_of_another(place: Place) -> None:
    async with publishing(place) as nova:
        exchange = await nova.channel.get_exchange("allocation.claims", ensure=False)
        with pytest.raises(ChannelPreconditionFailed):
            await exchange.publish(aio_pika.Message(b"{}", user_id=place.user("operator")), "allocation.set")


@pytest.mark.parametrize(
    ("exchange", "routing_key"),
    [
        ("allocation.claims", "provider.create"),
        ("allocation.claims", "allocation"),
        ("allocation.events", "allocation.granted"),
        ("allocation.dead", "allocation.set"),
        ("", "allocation.dead"),
        ("", "allocation.claims"),
        ("", "allocation.replies.somebody"),
    ],
)
async def test_a_publisher_publishes_its_claims_and_nothing_else(place: Place, exchange: str, routing_key: str) -> None:
    async with place.channel("nova") as channel:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        with pytest.raises(ChannelAccessRefused):
            await target.publish(aio_pika.Message(b"{}"), routing_key)


Trying = Callable[[AbstractChannel], Any]


@pytest.mark.parametrize(
    ("role", "trying"),
    [
        ("nova", lambda channel: channel.declare_queue("allocation.replies.billing.x")),
        ("nova", lambda channel: channel.queue_delete("allocation.claims")),
        ("nova", lambda channel: _consume(channel, "allocation.claims")),
        ("nova", lambda channel: _consume(channel, "allocation.dead")),
        ("billing", lambda channel: _bind(channel, "billing.x", "allocation.events", "#")),
        ("billing", lambda channel: _bind(channel, "billing.x", "allocation.events", "provider.*")),
        ("billing", lambda channel: _bind(channel, "billing.x", "allocation.claims", "allocation.*")),
        ("billing", lambda channel: _publish(channel, "allocation.claims", "allocation.set")),
        ("allocation-worker", lambda channel: channel.declare_queue("allocation.more")),
        ("allocation-worker", lambda channel: _publish(channel, "allocation.claims", "allocation.set")),
    ],
)
async def test_what_the_document_gives_nobody_the_broker_refuses(place: Place, role: str, trying: Trying) -> None:
    async with place.channel(role) as channel:
        with pytest.raises(ChannelAccessRefused):
            await trying(channel)


async def _consume(channel: AbstractChannel, queue: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).consume(_drop)


async def _drop(_message: AbstractIncomingMessage) -> None:
    """What is not to come."""


async def _bind(channel: AbstractChannel, queue: str, exchange: str, routing_key: str) -> None:
    await (await channel.declare_queue(queue, exclusive=True)).bind(exchange, routing_key)


async def _publish(channel: AbstractChannel, exchange: str, routing_key: str) -> None:
    target = await channel.get_exchange(exchange, ensure=False)
    await target.publish(aio_pika.Message(b"{}"), routing_key)


async def test_a_subscriber_hears_of_what_it_may_bind_to(at_work: Place) -> None:
    async with at_work.channel("billing") as channel, publishing(at_work) as nova:
        queue = await channel.declare_queue(f"billing.{at_work.mark}", exclusive=True)
        await queue.bind("allocation.events", "allocation.*")
        claim = taking("blue")
        await nova.ask(claim)
        async with asyncio.timeout(REPLY_S), queue.iterator() as messages:
            assert json.loads((await anext(messages)).body)["claimid"] == claim["claim_id"]


async def test_a_letter_sent_back_is_decided_as_its_sender_s(at_work: Place) -> None:
    claims = [taking("red"), taking("blue"), taking("red")]
    async with publishing(at_work) as nova, at_work.channel("allocation-worker") as parking:
        dead = await parking.get_exchange("allocation.dead", ensure=False)
        for claim, sender in zip(claims, ("nova", "nova", "operator"), strict=True):
            headers = {
                ParkedHeader.REASON.value: "poison",
                ParkedHeader.ROUTING_KEY.value: "allocation.set",
                "x-original-user-id": at_work.user(sender),
            }
            message = aio_pika.Message(
                json.dumps(claim).encode(), headers=dict(headers), reply_to=nova.replies.name,
                user_id=at_work.user("allocation-worker"),
            )  # fmt: skip
            await dead.publish(message, "allocation.set")
        assert "3 messages sent back" in await at_work.ran("dead", "replay", "--all")
        told = [await nova.reply() for _ in claims]
    users = {one["claimid"]: one["data"].get("details", {}).get("user") for one in told}
    assert [users[claim["claim_id"]] for claim in claims] == [at_work.user("nova"), None, at_work.user("operator")]


async def test_what_the_worker_parks_keeps_its_sender_and_forged_ones_do_not_get_through(at_work: Place) -> None:
    async with publishing(at_work) as nova:
        await nova.send(b"no json", "allocation.set")
        claims = await nova.channel.get_exchange("allocation.claims", ensure=False)
        forged = {"x-original-user-id": at_work.user("operator")}
        await claims.publish(aio_pika.Message(b"nor this", headers=dict(forged)), "allocation.set")
        await nova.ask(taking("blue"))
    async with at_work.channel("operator") as channel:
        queue = await channel.get_queue("allocation.dead", ensure=False)
        letters = [await queue.get(timeout=REPLY_S, no_ack=True) for _ in range(2)]
    assert [letter.headers.get("x-original-user-id") for letter in letters] == [at_work.user("nova"), ""]
    assert {letter.user_id for letter in letters} == {at_work.user("allocation-worker")}


async def test_who_may_not_publish_is_no_trouble_to_who_may(at_work: Place) -> None:
    async with at_work.channel("nova") as channel, publishing(at_work) as nova:
        with pytest.raises(AMQPError):
            await _publish(channel, "allocation.dead", "x")
        assert (await nova.ask(taking("blue")))["type"] == "allocation.granted"
