"""A provider that 7,000 claims a second have changed for four days, on the real servers."""

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import text

from schemas.events import read_exact_event
from tests.e2e.claims import declare, new_id, take
from tests.e2e.publishing import Side
from worker.postgres.database import Limits, create_engine

FAR: Final = 2**31 + 5


async def all_come_far(database_url: str) -> None:
    """Every provider and consumer there is, without its 2^31 changes."""
    engine = create_engine(database_url, Limits())
    async with engine.begin() as connection:
        for table in ("providers", "consumers"):
            await connection.execute(text(f"UPDATE {table} SET generation = :far"), {"far": FAR})  # noqa: S608 - our own word
    await engine.dispose()


async def test_providers_and_consumers_are_claimed_on_by_generations_beyond_32_bits(
    heard: Side, database_url: str, audited: Callable[[], Awaitable[None]]
) -> None:
    provider, consumer = new_id(), new_id()
    await heard.ask(declare(provider, 10))
    await heard.ask(take(provider, 1, consumer))
    await all_come_far(database_url)
    owner = {"id": consumer, "project": "project", "user": "user", "generation": FAR}
    again = {**take(provider, 2), "consumer": owner, "provider_generations": {provider: FAR}}
    placed = {
        "op": "allocation.place",
        "claim_id": new_id(),
        "consumer": {"id": new_id(), "project": "project", "user": "user"},
        "request": {"groups": {"": {"resources": {"VCPU": 1}}}},
    }
    named = {"op": "provider.update", "claim_id": new_id(), "provider": provider, "name": "old", "generation": FAR + 2}
    told = [await heard.ask(claim) for claim in (again, placed, named)]
    assert [one["type"] for one in told] == ["allocation.granted", "allocation.granted", "provider.updated"]
    assert told[0]["data"]["consumers"][0]["generation"] == FAR + 1
    assert [one["data"]["providers"][provider]["generation"] for one in told[:2]] == [FAR + 1, FAR + 2]
    assert told[2]["data"]["provider"]["generation"] == FAR + 3
    for versions in heard.bodies.values():
        read_exact_event(versions[0])
    await audited()
