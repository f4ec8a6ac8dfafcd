"""Queries go to where they are answered; searches look for names first and list no more than they may."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from schemas.queries import AnyQuery, ClaimGet, StoredQuery, validate_query
from schemas.replies import REPLY_BY_OP
from tests.builders import AVX2, FAST, VCPU, claim_id, provider_id, provider_row
from tests.unit.schemas.examples import Body
from worker.engine.searches import Answers
from worker.faults import ReadRefused
from worker.placement.inventory import Inventory, Stock
from worker.placement.search.fleet import Fleet
from worker.placement.search.rows import Rows

HOSTS = 5
CLASSES: frozenset[str] = frozenset({VCPU})
TRAITS: frozenset[str] = frozenset({AVX2, FAST})


class Known:
    """Stored names, and one stored answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], list[str]]] = []

    async def answer(self, query: StoredQuery) -> Mapping[str, object]:
        assert isinstance(query, ClaimGet)
        return {"stored": query.claim_id}

    async def require(self, classes: Collection[str], traits: Collection[str]) -> None:
        self.asked.append(([*classes], [*traits]))
        if unknown := sorted(set(classes) - CLASSES):
            raise ReadRefused("resource_class_not_found", "No.", {"resource_classes": unknown})
        if unknown := sorted(set(traits) - TRAITS):
            raise ReadRefused("trait_not_found", "No.", {"traits": unknown})


class Kept:
    """A fleet of hosts with some VCPU each; every other one is fast, the last one is full."""

    def __init__(self) -> None:
        self.taken = 0

    async def fleet(self) -> Fleet:
        self.taken += 1
        return Rows(
            provider_row(
                number,
                {VCPU: Stock(Inventory(8), 8 if number == HOSTS else number)},
                traits=(FAST,) if number % 2 else (),
            )
            for number in range(1, HOSTS + 1)
        )


class Desk:
    def __init__(self, candidates_max: int = 100) -> None:
        self.known = Known()
        self.kept = Kept()
        self.answers = Answers(self.known, self.kept, candidates_max)

    async def ask(self, op: str, **fields: Any) -> Mapping[str, Any]:
        found = await self.answers.answer(read({"op": op, **fields}))
        if op in REPLY_BY_OP and "stored" not in found:
            REPLY_BY_OP[op].model_validate({"ok": True, "data": found}, extra="forbid")
        return found

    async def hosts(self, **fields: Any) -> tuple[list[str], bool]:
        """The providers listed, and whether there are more."""
        found = await self.ask("candidates.list", request=wanting(**fields))
        return [*(one for each in found["allocation_requests"] for one in each["allocations"])], found["truncated"]


def read(body: Body) -> AnyQuery:
    query = validate_query(body)
    assert not isinstance(query, tuple), query
    return query


def wanting(units: int = 1, **fields: Any) -> Body:
    return {"groups": {"": {"resources": {"VCPU": units}}}, **fields}


def ids(*numbers: int) -> list[str]:
    return [provider_id(number) for number in numbers]


async def test_what_is_stored_is_read_where_it_is_stored() -> None:
    desk = Desk()
    assert await desk.ask("claim.get", claim_id=claim_id(1)) == {"stored": claim_id(1)}
    assert desk.kept.taken == 0


async def test_all_candidates_are_listed_without_a_limit() -> None:
    assert await Desk().hosts() == (ids(1, 2, 3, 4), False)


async def test_no_more_are_listed_than_a_reply_may_hold_and_it_says_so() -> None:
    assert await Desk(candidates_max=3).hosts() == (ids(1, 2, 3), True)
    assert await Desk(candidates_max=4).hosts() == (ids(1, 2, 3, 4), False)
    assert await Desk(candidates_max=3).hosts(limit=4) == (ids(1, 2, 3), True)


async def test_a_limit_that_is_met_leaves_nothing_out() -> None:
    assert await Desk(candidates_max=3).hosts(limit=2) == (ids(1, 2), False)


async def test_candidates_come_in_the_order_of_the_strategy() -> None:
    assert await Desk().hosts(strategy="pack") == (ids(4, 3, 2, 1), False)
    assert await Desk().hosts(strategy="spread") == (ids(1, 2, 3, 4), False)


async def test_a_draw_without_a_seed_is_the_same_each_time() -> None:
    first = await Desk().hosts(strategy="random")
    assert await Desk().hosts(strategy="random") == first
    drawn = [(await Desk().hosts(strategy="random", seed=seed))[0] for seed in range(10)]
    assert any(hosts != first[0] for hosts in drawn)


@pytest.mark.parametrize("op", ["candidates.list", "candidates.explain"])
async def test_every_class_and_trait_of_a_request_must_exist(op: str) -> None:
    desk = Desk()
    group = {"resources": {"VCPU": 1}, "required": ["T1", ["T2", "T3"]], "forbidden": ["T4"]}
    request = {
        "groups": {"": group, "_a": {"resources": {"CUSTOM_B": 1}}},
        "root_required": ["T5"],
        "root_forbidden": ["T6"],
        "preferred": {"T7": 1},
    }
    with pytest.raises(ReadRefused) as refused:
        await desk.ask(op, request=request)
    assert refused.value.code == "resource_class_not_found"
    assert desk.known.asked == [(["CUSTOM_B", "VCPU"], ["T1", "T2", "T3", "T4", "T5", "T6", "T7"])]
    with pytest.raises(ReadRefused) as refused:
        await desk.ask(op, request=wanting(preferred={"T7": 1}))
    assert (refused.value.code, refused.value.details) == ("trait_not_found", {"traits": ["T7"]})


async def test_an_explanation_says_how_many_were_left_after_each_step() -> None:
    found = await Desk().ask("candidates.explain", request=wanting(units=7))
    left = {step["step"]: step["left"] for step in found["groups"][""]}
    assert (left["all"], left["inventory"], left["units"], left["capacity"]) == (HOSTS, HOSTS, HOSTS, 1)
    assert found["trees"][-1] == {"step": "same_subtree", "left": 1}
    nearest = found["nearest"][0]
    assert (nearest["provider"], nearest["free"], nearest["lacking"]) == (provider_id(2), 6, 1)
