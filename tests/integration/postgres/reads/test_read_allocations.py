"""Queries about who holds what, what is used, and earlier claims."""

from decimal import Decimal

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.queries import ClaimGet, validate_query
from tests.contract.batches import (
    C1,
    C2,
    C3,
    DISK,
    P1,
    P2,
    P3,
    VCPU,
    claim_id,
)
from tests.integration.postgres.reads.asking import UNKNOWN, ask, refusal
from worker.postgres.reads import Reads


async def test_allocation_get_leaves_out_who_holds_nothing(reads: Reads) -> None:
    told = await ask(reads, "allocation.get", consumers=[C3, C1])
    held = {P1: {"generation": 1, "resources": {VCPU: 4}}, P2: {"generation": 1, "resources": {VCPU: 2}}}
    whole = {"project": "p1", "user": "u1", "type": "VM", "generation": 2, "allocations": held}
    assert told == {"consumers": {C1: whole}}


async def test_allocation_list_is_paged_by_provider(reads: Reads) -> None:
    first = await ask(reads, "allocation.list", providers=[P3, P2, P1], page_size=2)
    assert list(first["providers"]) == [P1, P2]
    assert first["providers"][P1] == {
        "generation": 1,
        "consumers": {
            C1: {"generation": 2, "resources": {VCPU: 4}},
            C2: {"generation": 1, "resources": {VCPU: 2}},
        },
    }
    assert first["next"] == P2
    second = await ask(reads, "allocation.list", providers=[P3, P2, P1], page_size=2, after=P2)
    assert second == {"providers": {P3: {"generation": 1, "consumers": {}}}, "next": None}
    assert (await refusal(reads, "allocation.list", providers=[P1, UNKNOWN]))[1] == {"providers": [UNKNOWN]}


async def test_usage_of_a_provider_has_zeros_too(reads: Reads) -> None:
    told = await ask(reads, "usage.provider", providers=[P3, P1])
    assert told == {
        "providers": {
            P1: {"generation": 1, "usages": {DISK: 0, VCPU: 6}},
            P3: {"generation": 1, "usages": {DISK: 0, VCPU: 0}},
        }
    }
    assert (await refusal(reads, "usage.provider", providers=[UNKNOWN]))[0] == "provider_not_found"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"VM": (1, 6), "unknown": (1, 2)}),
        ({"type": "all"}, {"all": (2, 8)}),
        ({"type": "VM"}, {"VM": (1, 6)}),
        ({"type": "unknown"}, {"unknown": (1, 2)}),
        ({"type": "OTHER"}, {}),
        ({"user": "u2"}, {}),
        ({"user": "u1", "type": "all"}, {"all": (2, 8)}),
    ],
)
async def test_usage_of_a_project_is_told_by_consumer_type(
    reads: Reads, filters: dict[str, str], expected: dict[str, tuple[int, int]]
) -> None:
    usages = (await ask(reads, "usage.project", project="p1", **filters))["usages"]
    assert usages == {
        kind: {"consumer_count": count, "resources": {VCPU: used}} for kind, (count, used) in expected.items()
    }


async def test_an_unknown_project_uses_nothing(reads: Reads) -> None:
    assert await ask(reads, "usage.project", project="none") == {"usages": {}}


async def test_claim_get_gives_the_outcome_and_not_its_consequences(reads: Reads) -> None:
    query = validate_query({"op": "claim.get", "claim_id": claim_id(1)})
    assert isinstance(query, ClaimGet)
    assert await reads.answer(query) == {"claimid": "x", "ratio": Decimal("1.50")}
    assert await refusal(reads, "claim.get", claim_id=claim_id(2)) == ("claim_not_found", {"claim_id": claim_id(2)})


async def test_every_statement_of_an_answer_sees_the_same_moment_and_can_write_nothing(
    reads: Reads, engine: AsyncEngine
) -> None:
    seen: list[object] = []

    def look(connection: Connection, *_: object) -> None:
        ask_server = connection.connection.cursor()
        ask_server.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
        seen.append(ask_server.fetchone())

    event.listen(engine.sync_engine, "after_cursor_execute", look)
    await ask(reads, "allocation.get", consumers=[C1])
    event.remove(engine.sync_engine, "after_cursor_execute", look)
    assert seen == [("repeatable read", "on")] * 2
