"""What came of claims."""

from typing import Any

import pytest

from worker.cli.workload.tally import Tally, percentile


def outcome(claim_id: str, code: str = "") -> dict[str, Any]:
    kind = "claim.rejected" if code else "allocation.granted"
    return {"type": kind, "claimid": claim_id, "data": {"code": code} if code else {}}


def test_latency_is_from_the_first_sending_to_the_first_outcome() -> None:
    moments = iter([10.0, 12.5])
    tally = Tally(lambda: next(moments))
    tally.send("a", lambda _event: None)
    tally.send_again("a")
    tally.hear(outcome("a"), b"words")
    assert tally.latencies_s == [2.5]


def test_outcomes_are_counted_by_code_or_type() -> None:
    tally = Tally(lambda: 0.0)
    for claim_id, code in (("a", ""), ("b", "capacity_exceeded")):
        tally.send(claim_id, lambda _event: None)
        tally.hear(outcome(claim_id, code), b"words")
    assert tally.outcomes == {"allocation.granted": 1, "capacity_exceeded": 1}
    assert tally.unanswered == 0


def test_a_claim_is_acted_on_once_however_often_it_is_answered() -> None:
    acted: list[object] = []
    tally = Tally(lambda: 0.0)
    tally.send("a", acted.append)
    for _ in range(3):
        tally.hear(outcome("a"), b"words")
    assert len(acted) == 1
    assert tally.answered_again == 2
    assert not tally.other_words


def test_an_answer_in_other_words_is_noted() -> None:
    tally = Tally(lambda: 0.0)
    tally.send("a", lambda _event: None)
    tally.hear(outcome("a"), b"words")
    tally.hear(outcome("a"), b"other words")
    assert tally.other_words == {"a"}


def test_a_settled_claim_that_is_sent_again_is_owed_an_answer() -> None:
    tally = Tally(lambda: 0.0)
    tally.send("a", lambda _event: None)
    tally.send_again("a")
    tally.hear(outcome("a"), b"words")
    assert tally.repeats_unanswered() == 0
    tally.send_again("a")
    assert tally.repeats_unanswered() == 1
    tally.hear(outcome("a"), b"words")
    assert tally.repeats_unanswered() == 0


def test_claims_of_others_are_not_counted() -> None:
    tally = Tally(lambda: 0.0)
    assert not tally.hear(outcome("somebody's"), b"words")
    assert not tally.outcomes


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_the_smallest_value_that_so_many_are_not_above(share: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], share) == expected


def test_of_nothing_every_percentile_is_zero() -> None:
    assert percentile([], 0.5) == 0.0
