"""The demonstration's claims, against a worker that grants everything or refuses everything."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from schemas.decode import Unreadable, claim_id_of, fingerprint, parse, validate
from worker.cli.client import Sent
from worker.cli.workload.fleet import fleet
from worker.cli.workload.malformed import REASONS, malformed
from worker.cli.workload.scenario import TRIES_MAX, Scenario
from worker.cli.workload.sending import Letter
from worker.cli.workload.steps import STEPS, Step
from worker.cli.workload.view import Picture


def scenario(seed: int = 1) -> Scenario:
    """On a fleet of which some events were heard."""
    picture = Picture(fleet(150))
    for known in picture.known:
        known.version = (1, 5)
    return Scenario(picture, Random(seed))  # noqa: S311 - repeatable, no secret


def granted(letter: Letter) -> None:
    """The outcome that a worker would give that knows no limits."""
    claim = parse(letter.sent.body)
    parts = claim["claims"] if claim["op"] == "allocation.set_many" else [claim]
    consumers: list[dict[str, Any]] = [{"id": part.get("consumer", {}).get("id"), "generation": 1} for part in parts]
    letter.then({"type": "allocation.granted", "data": {"consumers": consumers}})


def refused(letter: Letter, code: str) -> None:
    letter.then({"type": "claim.rejected", "data": {"code": code, "message": "no"}})


def played(seed: int, claims: int = 2_000) -> tuple[Scenario, list[Letter]]:
    one, letters = scenario(seed), []
    for _ in range(claims):
        letters.append(one.next())
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


def test_only_those_that_ask_for_nothing_break_the_schema() -> None:
    one, letters = played(1)
    broken = [letter for letter in letters if isinstance(validate(parse(letter.sent.body), letter.sent.op), tuple)]
    assert len(broken) == one.made[Step.NOTHING_ASKED]


def test_an_outcome_that_a_step_may_not_have_is_noted() -> None:
    one = scenario()
    refused(one.next(), "provider_in_use")
    assert len(one.wrong) == 1


def test_a_refused_task_is_tried_again_and_then_given_up() -> None:
    one = scenario()
    first = one.next()
    while parse(first.sent.body)["op"] != "allocation.set" or one.made[Step.ARRIVE] != 1:
        first = one.next()
    tries = Counter([parse(first.sent.body)["consumer"]["id"]])
    refused(first, "capacity_exceeded")
    for _ in range(TRIES_MAX):
        letter = one.next()
        tries[parse(letter.sent.body).get("consumer", {}).get("id")] += 1
        refused(letter, "capacity_exceeded")
    assert tries[parse(first.sent.body)["consumer"]["id"]] == TRIES_MAX


def test_what_was_refused_is_free_again_in_the_view() -> None:
    one = scenario()
    for _ in range(300):
        letter = one.next()
        refused(letter, "capacity_exceeded")
    fresh = scenario()
    assert [[view.free(place) for place in range(150)] for view in one.views] == [
        [view.free(place) for place in range(150)] for view in fresh.views
    ]


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
