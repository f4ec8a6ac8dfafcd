"""What the access policy lets a user see: outcomes of claims that were sent before, answers to queries."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.codes import Code
from schemas.queries import AllocationGet, AnyQuery, ClaimGet, UsageProject
from worker.engine.access import Access
from worker.engine.intake import read
from worker.faults import ReadRefused
from worker.messages import Delivery
from worker.placement.permissions import Permit, projects_of


def may_be_told(access: Access, delivery: Delivery, outcome: bytes) -> bool:
    """Whether who sent a known claim again, to the letter, may have its outcome.

    Who was refused is told so again. Of others the op and every project that the claim names must be permitted; of a
    release, which names none, those that the outcome names.
    """
    (incoming,), _ = read([delivery])
    claim = incoming.check()
    told: dict[str, Any] = json.loads(outcome)
    if isinstance(claim, tuple):
        # nothing stands in such a refusal but what stands in the body
        return bool(told["data"].get("code") == Code.INVALID_MESSAGE)
    permit = access.permit(delivery, str(incoming.parsed["op"]))
    if _is_refusal_of(told, permit.user):
        return True
    owners: Sequence[str | None] = projects_of(claim) or list(_owners(told))
    if not owners and told["data"].get("code") == Code.NOT_PERMITTED:
        return permit.granted and permit.projects is None  # it names somebody else
    return _covers(permit, owners)


def require_permit(query: AnyQuery, permit: Permit) -> None:
    """Raises `ReadRefused` where a query, or the project it is about, is not permitted."""
    project = query.project if isinstance(query, UsageProject) else None
    if not permit.granted or (project is not None and not permit.covers(project)):
        details = {"user": permit.user, "op": permit.op, "project": project}
        raise ReadRefused(Code.NOT_PERMITTED.value, f"The access policy does not permit {permit.op}.", details)


def seen_of(found: Mapping[str, Any], query: AnyQuery, permit: Permit) -> Mapping[str, object]:
    """`found` without what belongs to other projects, as if that did not exist. Raises `ReadRefused`."""
    if permit.projects is None:
        return found
    match query:
        case AllocationGet():
            consumers = found["consumers"].items()
            return {**found, "consumers": {name: one for name, one in consumers if permit.covers(one["project"])}}
        case ClaimGet(claim_id=claim_id):
            owners = list(_owners(found))
            if _is_refusal_of(found, permit.user) or (owners and _covers(permit, owners)):
                return found
            raise no_outcome(claim_id)
        case _:
            return found


def no_outcome(claim_id: str) -> ReadRefused:
    """What is said of a claim that is not known, or not to be seen."""
    return ReadRefused("claim_not_found", f"No outcome of claim {claim_id} is kept.", {"claim_id": claim_id})


def _is_refusal_of(told: Mapping[str, Any], user: str | None) -> bool:
    data = told["data"]
    return bool(data.get("code") == Code.NOT_PERMITTED and data["details"].get("user") == user)


def _covers(permit: Permit, projects: Sequence[str | None]) -> bool:
    """None: a project that is not told, since the event would have been too large."""
    if permit.projects is None:
        return permit.granted
    return permit.granted and all(project is not None and permit.covers(project) for project in projects)


def _owners(told: Mapping[str, Any]) -> Iterator[str | None]:
    """The projects of the consumers that an outcome is about."""
    data = told["data"]
    if data.get("truncated"):
        yield None
    for consumer in data.get("consumers", ()):
        yield consumer["project"]
