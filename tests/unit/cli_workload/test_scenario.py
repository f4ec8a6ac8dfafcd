"""The demonstration's claims, against a worker that grants everything or refuses everything."""

from random import Random
from typing import Any

import pytest

from schemas.decode import Unreadable, claim_id_of, fingerprint, parse, validate
from worker.cli.client import Sent
from worker.cli.workload.fleet import fleet
from worker.cli.workload.malformed import REASONS, malformed
from worker.cli.workload.scenario import Scenario
from worker.cli.workload.sending import Letter
from worker.cli.workload.steps import STEPS, Step
from worker.cli.workload.view import Picture

MACHINE = fleet(150)[0].provider


def scenario(seed: int = 1) -> Scenario:
    """On a fleet of which some events were heard."""
    picture = Picture(fleet(150))
    picture.version = dict.fromkeys(picture.names, (1, 5))
    return Scenario(picture, Random(seed))  # noqa: S311 - repeatable, no secret


def granted(letter: Letter) -> None:
    """The outcome that a worker would give that has one machine and knows no limits."""
    claim = parse(letter.sent.body)
    parts = claim["claims"] if claim["op"] == "allocation.set_many" else [claim]
    after = {MACHINE: {"CUSTOM_MILLICPU": 8_000, "MEMORY_MB": 8_192}}
    consumers: list[dict[str, Any]] = [
        {"id": part.get("consumer", {}).get("id"), "generation": 1, "after": after} for part in parts
    ]
    event = "allocation.released" if claim["op"] == "allocation.release" else "allocation.granted"
    letter.then({"type": event, "data": {"consumers": consumers}})


def refused(letter: Letter, code: str = "no_candidates") -> None:
    details = {"groups": {"": [{"step": "all", "left": 0}]}, "trees": [], "nearest": []}
    letter.then({"type": "claim.rejected", "data": {"code": code, "message": "no", "details": details}})


def is_placing(letter: Letter) -> bool:
    return letter.sent.op == "allocation.place"


def played(seed: int, claims: int = 3_000) -> tuple[Scenario, list[Letter]]:
    """Each tenth task finds no place."""
    one, letters = scenario(seed), []
    for number in range(claims):
        letters.append(one.next())
        if is_placing(letters[-1]) and number % 10 == 0:
            refused(letters[-1])
        else:
            granted(letters[-1])
    return one, letters


def without_id(letter: Letter) -> dict[str, Any]:
    return {name: value for name, value in parse(letter.sent.body).items() if name != "claim_id"}


def test_every_step_happens() -> None:
    one, letters = played(1)
    assert set(one.made) == set(STEPS)
    assert one.made.total() == len(letters)


def test_the_same_seed_is_the_same_day() -> None:
    assert list(map(without_id, played(3)[1])) == list(map(without_id, played(3)[1]))
    assert list(map(without_id, played(3)[1])) != list(map(without_id, played(4)[1]))


def test_only_those_that_are_to_be_invalid_break_the_schema() -> None:
    one, letters = played(1)
    broken = [letter for letter in letters if isinstance(validate(parse(letter.sent.body), letter.sent.op), tuple)]
    assert len(broken) == one.made[Step.NOTHING_ASKED] + one.made[Step.AT_ODDS]


def test_an_outcome_that_a_step_may_not_have_is_noted() -> None:
    one = scenario()
    refused(one.next(), "provider_in_use")
    assert len(one.wrong) == 1


def test_a_task_that_found_no_place_waits_and_tries_again_until_it_has_one() -> None:
    one = scenario()
    first = next(letter for letter in iter(one.next, None) if one.made[Step.ARRIVE])
    refused(first)
    (task,) = one.waiting.tasks.values()
    again = next(letter for letter in iter(one.next, None) if one.made[Step.TRY_AGAIN])
    assert parse(again.sent.body)["consumer"]["id"] == task.consumer
    granted(again)
    assert not one.waiting.tasks
    assert (one.placed, len(one.holders)) == (1, 1)


def test_what_is_handed_over_is_held_by_the_next() -> None:
    one = scenario()
    while not one.made[Step.HAND_OVER]:
        last = one.next()
        if is_placing(last):
            granted(last)
    before = len(one.holders)
    old, new = parse(last.sent.body)["claims"]
    granted(last)
    assert (old["allocations"], new["consumer"]["generation"]) == ({}, None)
    assert list(new["allocations"]) == [MACHINE]
    assert len(one.holders) == before + 1


@pytest.mark.parametrize("turn", range(len(REASONS)))
def test_a_malformed_message_is_what_it_is_said_to_be(turn: int) -> None:
    known = Sent.of({"op": "allocation.release", "claim_id": "01234567-89ab-4def-8123-456789abcdef", "consumer": {}})
    reason, message = malformed(turn, known)
    assert reason is REASONS[turn]
    if reason.value == "claim_id_reused":
        assert message.claim_id == known.claim_id
        assert fingerprint(parse(message.body)) != fingerprint(parse(known.body))
    else:
        with pytest.raises(Unreadable) as caught:
            claim_id_of(parse(message.body))
        assert caught.value.reason.value == reason.value
