"""What an outage of the database says of itself."""

import asyncpg
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.faults import Outage
from worker.postgres.errors import translate


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError(), "ConnectionRefusedError"),
        (ConnectionRefusedError(111, "refused"), "[Errno 111] refused"),
        (PoolTimeout("pool limit reached"), "pool limit reached"),
        (asyncpg.TargetServerAttributeNotMatched("none takes writes"), "none takes writes"),
    ],
)
def test_an_outage_has_a_reason_though_the_driver_gives_none(error: Exception, reason: str) -> None:
    fault = translate(error)
    assert isinstance(fault, Outage)
    assert str(fault) == f"database out of reach: {reason}"
