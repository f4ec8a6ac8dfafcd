"""Asks the core about one claim and takes the answer apart."""

from collections.abc import Mapping
from typing import Any

from worker.placement.claims import Claim
from worker.placement.decide import decide
from worker.placement.outcomes import Accepted, AllocationsGranted, Code, Rejected
from worker.placement.plan import Writes
from worker.placement.snapshot import Snapshot


def accepted(claim: Claim, snapshot: Snapshot) -> Accepted:
    """The outcome of a claim that must be accepted."""
    (outcome,) = decide([claim], snapshot).outcomes
    assert isinstance(outcome, Accepted), outcome
    return outcome


def granted(claim: Claim, snapshot: Snapshot) -> AllocationsGranted:
    """What a granted allocation claim tells."""
    outcome = accepted(claim, snapshot).outcome
    assert isinstance(outcome, AllocationsGranted)
    return outcome


def refused(claim: Claim, snapshot: Snapshot) -> tuple[Code, Mapping[str, Any]]:
    """Code and details of a claim that must be refused, and leaves nothing to lock or write."""
    plan = decide([claim], snapshot)
    (outcome,) = plan.outcomes
    assert isinstance(outcome, Rejected), outcome
    assert (plan.writes, plan.providers, plan.consumers) == (Writes(), {}, {})
    assert "{" not in outcome.message
    return outcome.code, outcome.details
