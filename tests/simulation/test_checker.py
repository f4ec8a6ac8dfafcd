"""What the checker finds in small histories told by hand."""

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.builders import claim_id, consumer_id, provider_id
from tests.simulation.checker import Parked, Published, Received, Report, check
from tests.simulation.deadlines import check_deadlines

P, C = provider_id(1), consumer_id(1)
FIELDS = {"total": 4, "reserved": 0, "min_unit": 1, "max_unit": 9, "step_size": 1, "allocation_ratio": 1}
HELD = {P: {"VCPU": 3}}
BODIES = [
    {"op": "provider.declare", "claim_id": claim_id(1)},
    {"op": "allocation.set", "claim_id": claim_id(2)},
]
SHOWN = {"provider": P, "incarnation": 7, "generation": 0, "name": "p", "parent": None, "root": P, "state": "enabled"}


def event(number: int, kind: str, ordinal: int = 0, **data: Any) -> dict[str, Any]:
    cause = {"causeid" if ordinal else "claimid": claim_id(number)}
    return {"id": f"{number}.{ordinal}", "type": kind, **cause, "data": data}


def history() -> list[dict[str, Any]]:
    """A provider of four, three of which a consumer takes."""
    stock = {"VCPU": FIELDS}
    taken = {
        "id": C,
        "project": "p",
        "user": "u",
        "type": None,
        "generation": 1,
        "before": {},
        "after": {P: {"VCPU": 3}},
    }
    levels = {P: {"generation": 1, "incarnation": 7, "inventories": {"VCPU": {"capacity": 4, "used": 3}}}}
    about = {"provider": P, "generation": 0, "incarnation": 7}
    fill = {"VCPU": {"capacity": 4, "used": 0}}
    return [
        event(1, "provider.created", changed=True, provider=SHOWN),
        event(1, "inventory.changed", 1, **about, before={}, after=stock, inventories=fill, over_capacity=[]),
        event(2, "allocation.granted", changed=True, consumers=[taken], providers=levels),
    ]


def tables() -> dict[str, Any]:
    row = {name: value for name, value in SHOWN.items() if name != "provider"}
    inventories = {"VCPU": {**FIELDS, "used": 3}}
    holder = {"project": "p", "user": "u", "type": None, "generation": 1, "allocations": HELD}
    provider = {**row, "generation": 1, "traits": [], "aggregates": [], "inventories": inventories}
    return {"providers": {P: provider}, "consumers": {C: holder}, "resource_classes": [], "traits": []}


def received(*events: dict[str, Any]) -> list[Received]:
    return [Received(one["id"], one["type"], json.dumps(one).encode()) for one in events]


def checked(events: list[dict[str, Any]], ends: dict[str, Any] | None = None, *parked: Parked) -> Report:
    published = [Published(json.dumps(body).encode()) for body in BODIES]
    return check(published, received(*events), parked, ends or tables())


def test_a_sound_history_has_no_findings_in_whatever_order_and_however_often_it_is_told() -> None:
    report = checked([*reversed(history()), history()[2]])
    assert report.findings == []
    assert (report.attempts, report.granted, report.recovered) == (2, 2, 1)


def test_a_claim_without_an_outcome_is_lost() -> None:
    assert checked(history()[:2]).lost == 1


def test_a_claim_with_two_outcomes_is_doubled() -> None:
    second = {**history()[2], "id": "2.9"}
    assert checked([*history(), second]).doubled == 1


def test_an_event_that_differs_the_second_time_is_doubled() -> None:
    assert checked([*history(), {**history()[2], "time": "later"}]).doubled == 1


def test_more_than_there_is_is_over_allocated() -> None:
    events, ends = history(), tables()
    events[2]["data"]["consumers"][0]["after"] = {P: {"VCPU": 5}}
    events[2]["data"]["providers"][P]["inventories"]["VCPU"]["used"] = 5
    ends["providers"][P]["inventories"]["VCPU"]["used"] = 5
    ends["consumers"][C]["allocations"] = {P: {"VCPU": 5}}
    report = checked(events, ends)
    assert (report.over_allocated, len(report.findings)) == (1, 1)


def test_a_gap_between_generations_is_found() -> None:
    events, ends = history(), tables()
    events[2]["data"]["providers"][P]["generation"] = ends["providers"][P]["generation"] = 2
    assert any("generation 1 by 0 claims" in what for what in checked(events, ends).findings)


@pytest.mark.parametrize(
    ("table", "key", "part", "value"),
    [
        ("providers", P, "name", "other"), ("providers", P, "generation", 2), ("providers", P, "traits", ["CUSTOM_X"]),
        ("consumers", C, "generation", 2), ("consumers", C, "project", "q"), ("consumers", C, "allocations", {}),
    ],
)  # fmt: skip
def test_tables_that_the_events_do_not_tell_are_found(table: str, key: str, part: str, value: object) -> None:
    ends = deepcopy(tables())
    ends[table][key][part] = value
    assert checked(history(), ends).unexpected > 0


def test_a_counter_that_is_not_the_sum_is_found() -> None:
    ends = tables()
    ends["providers"][P]["inventories"]["VCPU"]["used"] = 2
    assert checked(history(), ends).unexpected == 1


def test_what_is_set_aside_is_not_lost_but_needs_a_reason() -> None:
    ends = tables()
    ends["consumers"] = {}
    ends["providers"][P]["generation"] = 0
    ends["providers"][P]["inventories"]["VCPU"]["used"] = 0
    report = checked(history()[:2], ends, Parked(json.dumps(BODIES[1]).encode(), "poison"))
    assert (report.lost, report.parked, report.unexpected) == (0, 1, 1)


def batch(*claims: Any) -> Published:
    return Published(json.dumps({"op": "claims.batch", "claims": claims}).encode())


def test_the_claims_of_one_message_have_an_outcome_each() -> None:
    report = check([batch(*BODIES)], received(*history()), [], tables())
    assert (report.findings, report.attempts) == ([], 2)
    assert check(
        [batch(*BODIES), batch({**BODIES[1], "claim_id": claim_id(3)})], received(*history()), [], tables()
    ).lost


def test_what_cannot_be_read_is_set_aside_whole_or_as_one_of_several() -> None:
    published = [batch(*BODIES, 7), Published(b"nonsense"), Published(b'{"op": "claims.batch", "claims": 7}')]
    parked = [Parked(b"7", "unreadable"), *(Parked(one.body, "unreadable") for one in published[1:])]
    assert check(published, received(*history()), parked, tables()).findings == []
    assert check(published, received(*history()), parked[1:], tables()).lost == 1


def test_a_claim_that_breaks_the_worker_may_be_set_aside_for_that_alone() -> None:
    published = [*(Published(json.dumps(body).encode()) for body in BODIES), batch({"claim_id": claim_id(3)})]
    for reason, found in (("poison", 0), ("claim_id_reused", 1)):
        parked = [Parked(json.dumps({"claim_id": claim_id(3)}).encode(), reason)]
        report = check(published, received(*history()), parked, tables(), poisoned=[claim_id(3)])
        assert (report.lost, report.unexpected) == (0, found)


@pytest.mark.parametrize(
    ("told", "due", "found"),
    [
        ({"type": "allocation.granted", "time": "2026-01-01T00:00:01Z"}, "2026-01-01T00:00:01Z", False),
        ({"type": "allocation.granted", "time": "2026-01-01T00:00:02Z"}, "2026-01-01T00:00:01Z", True),
        ({"code": "deadline_passed", "begun_at": "2026-01-01T00:00:02Z"}, "2026-01-01T00:00:01Z", False),
        ({"code": "deadline_passed", "begun_at": "2026-01-01T00:00:02Z"}, "2026-01-01T00:00:03Z", True),
        ({"code": "deadline_passed", "begun_at": "2026-01-01T00:00:02Z"}, None, True),
    ],
)
def test_deadlines_are_kept_neither_too_early_nor_too_late(told: dict[str, str], due: str | None, found: bool) -> None:
    found_out: list[tuple[str, str]] = []
    outcome = {"type": "claim.rejected", "data": {"code": told.get("code"), "details": told}, **told}
    check_deadlines({"1": [{"deadline": due} if due else {}]}, {"1": outcome}, lambda *what: found_out.append(what))
    assert bool(found_out) is found
