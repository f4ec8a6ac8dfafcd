"""Dead letters say why, where from and since when."""

from datetime import datetime
from itertools import islice
from random import Random
from typing import Any

import pytest

from schemas.parked import ParkedHeaders, ParkedReason
from tests.fakes.broker import FakeProperties
from worker.engine.intake import Parked
from worker.engine.parking import DETAIL_CHARACTERS_MAX, TRACE_CHARACTERS_MAX, Parking
from worker.engine.retry import backoff
from worker.messages import Delivery, Outgoing

PARKING = Parking("dead", "claims exchange", "claims queue")
NOW, EARLIER = "2026-01-02T03:04:05Z", "2026-01-01T00:00:00Z"


def _parked(detail: str = "why", trace: str | None = None, **headers: object) -> Outgoing:
    delivery = Delivery(b"body", "some.key", FakeProperties(headers=headers), 1, 1, True, 2)
    (message,) = PARKING.messages([Parked(delivery, ParkedReason.POISON, detail, trace)], NOW)
    return message


def test_the_headers_are_those_of_the_contract() -> None:
    message = _parked(trace="line 1\nline 2")
    headers = ParkedHeaders.model_validate(dict(message.headers or {}))
    assert (headers.reason, headers.detail, headers.trace) == (ParkedReason.POISON, "why", "line 1\nline 2")
    assert (headers.exchange, headers.routing_key, headers.queue) == ("claims exchange", "some.key", "claims queue")
    assert headers.attempts == 3
    assert headers.first_at == headers.last_at == datetime.fromisoformat(NOW)
    assert (message.exchange, message.routing_key, message.body) == ("dead", "some.key", b"body")


def test_a_message_parked_again_keeps_its_first_moment() -> None:
    headers = _parked(**{"x-parked-first-at": EARLIER}).headers or {}
    assert (headers["x-parked-first-at"], headers["x-parked-last-at"]) == (EARLIER, NOW)


@pytest.mark.parametrize("forged", ["\x1b[2J", "yesterday", "", "2026-01-01T00:00:00", 7])
def test_a_first_moment_that_is_none_is_not_taken_over(forged: object) -> None:
    headers: dict[str, Any] = {"x-parked-first-at": forged}
    assert (_parked(**headers).headers or {})["x-parked-first-at"] == NOW


def test_what_goes_into_headers_is_bounded_and_printable() -> None:
    headers = _parked("\x1b[31m" + "x" * 5_000, "first\n" + "y" * 20_000 + "\nlast\x07").headers or {}
    assert len(str(headers["x-parked-detail"])) <= DETAIL_CHARACTERS_MAX + 10
    assert "\x1b" not in str(headers["x-parked-detail"])
    trace = str(headers["x-parked-trace"])
    assert len(trace) <= TRACE_CHARACTERS_MAX + 10
    assert trace.endswith("last\\x07")


def test_waits_double_up_to_their_bound_and_are_shortened_by_chance() -> None:
    waits = list(islice(backoff(Random(1), 0.1, 1.0), 8))  # noqa: S311 - jitter
    bounds = [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert len(set(waits)) == len(waits)
