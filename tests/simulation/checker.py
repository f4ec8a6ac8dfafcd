"""What must hold of any run, told from outside alone: what was published, what was received, and the tables at the end.

Nothing here knows the worker; the rules are those of the message contract. `Tables` are plain dictionaries:

- `providers`: by id, each `incarnation`, `generation`, `name`, `state`, `parent`, `root`, `traits`, `aggregates`, and
  `inventories`, by class the fields of an inventory and `used`;
- `consumers`: by id, each `project`, `user`, `type`, `generation`, and `allocations` {provider: {class: amount}};
- `resource_classes`, `traits`: the names that are not standard ones.

Events alone do not order the renaming of a class against a grant of it, so that classes that somebody holds are not to
be renamed in a run that is checked.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from tests.simulation.consumers import check_consumers
from tests.simulation.deadlines import check_deadlines
from tests.simulation.history import check_providers
from tests.simulation.names import check_names

Tables = Mapping[str, Any]
Event = dict[str, Any]

REJECTED = "claim.rejected"
SEVERAL = "claims.batch"
SEVERAL_MAX = 256
POISON, REUSED = "poison", "claim_id_reused"
ACCEPTED = {
    "allocation.set": {"allocation.granted"},
    "allocation.set_many": {"allocation.granted"},
    "allocation.adjust": {"allocation.granted"},
    "allocation.place": {"allocation.granted"},
    "allocation.release": {"allocation.released"},
    "provider.create": {"provider.created"},
    "provider.update": {"provider.updated"},
    "provider.delete": {"provider.deleted"},
    "provider.declare": {"provider.created", "provider.updated"},
    "provider.set_state": {"provider.state_changed"},
    "provider.reshape": {"provider.reshaped"},
    "inventory.create": {"inventory.changed"},
    "inventory.update": {"inventory.changed"},
    "inventory.replace": {"inventory.changed"},
    "inventory.delete": {"inventory.changed"},
    "inventory.clear": {"inventory.changed"},
    "resource_class.create": {"resource_class.created"},
    "resource_class.ensure": {"resource_class.created"},
    "resource_class.rename": {"resource_class.renamed"},
    "resource_class.delete": {"resource_class.deleted"},
    "trait.ensure": {"trait.created"},
    "trait.delete": {"trait.deleted"},
    "provider_traits.replace": {"provider_traits.changed"},
    "provider_traits.clear": {"provider_traits.changed"},
    "provider_aggregates.replace": {"provider_aggregates.changed"},
}
"""The types that the outcome of an op may have when it is no rejection."""


class Published(NamedTuple):
    """A message that was sent to the claims' exchange, as often as it was sent; it may hold several claims."""

    body: bytes


class Received(NamedTuple):
    """An event as often as it arrived: its message id, routing key and body."""

    id: str
    type: str
    body: bytes


class Parked(NamedTuple):
    """A dead letter, and the reason in its header."""

    body: bytes
    reason: str


@dataclass(slots=True)
class Report:
    """How many claims were made and what became of them; `findings` says in words what is wrong, and is empty if
    nothing is.

    `lost`: neither an outcome nor set aside. `doubled`: more than one outcome, or events that differ from one time to
    the next. `recovered`: claims of which an event arrived more than once. `over_allocated`: places where more was
    handed out than there was. `unexpected`: everything else that should not be.
    """

    attempts: int = 0
    granted: int = 0
    rejected: int = 0
    parked: int = 0
    lost: int = 0
    doubled: int = 0
    recovered: int = 0
    over_allocated: int = 0
    unexpected: int = 0
    findings: list[str] = field(default_factory=list)

    def find(self, kind: str, what: str) -> None:
        """One more of `kind`."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.findings.append(f"{kind}: {what}")


def check(
    published: Sequence[Published],
    received: Sequence[Received],
    parked: Sequence[Parked],
    tables: Tables,
    beside: Sequence[str] = (),
    poisoned: Collection[str] = (),
) -> Report:
    """What became of a run at whose end every message was settled.

    `beside`: what else was seen to be wrong. `poisoned`: the ids of claims that the world was made to break on, which
    may be set aside for that, and then have no outcome.
    """
    report = Report()
    published = [Published(claim) for one in published for claim in members(one.body)]
    for what in beside:
        report.find("unexpected", what)
    events = _once_each(received, report)
    outcomes = _outcomes(events, report)
    claims = _claims(published)
    _settled(published, claims, outcomes, parked, poisoned, report)
    check_deadlines({name: bodies.values() for name, bodies in claims.items()}, outcomes, report.find)
    _as_asked(claims, outcomes, events, report)
    check_providers(events, tables["providers"], report.find)
    check_consumers(events, tables["consumers"], report.find)
    check_names(events, tables, report.find)
    return report


def members(body: bytes) -> list[bytes]:
    """The claims of a message, each as if it had come alone; the message itself where it is one or cannot be read."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return [body]
    claims = said.get("claims") if isinstance(said, dict) and said.get("op") == SEVERAL else None
    if not isinstance(claims, list) or not 1 <= len(claims) <= SEVERAL_MAX or said.keys() != {"op", "claims"}:
        return [body]
    return [json.dumps(claim).encode() for claim in claims]


def _once_each(received: Sequence[Received], report: Report) -> list[Event]:
    """Each event once, those of a claim side by side; that it was the same each time is checked."""
    first: dict[str, Received] = {}
    again: set[str] = set()
    differing: set[str] = set()
    for one in received:
        known = first.setdefault(one.id, one)
        if known is not one:
            again.add(one.id)
        if known != one:
            differing.add(one.id)
    events = [_parsed(one, report) for one in first.values()]
    for event_id in sorted(differing):
        report.find("doubled", f"event {event_id} was not the same each time")
    report.recovered = len({_cause(event) for event in events if event["id"] in again})
    return events


def _parsed(one: Received, report: Report) -> Event:
    event: Event = json.loads(one.body, parse_float=Decimal)
    if (event["id"], event["type"]) != (one.id, one.type):
        report.find("unexpected", f"event {one.id} is another inside than outside")
    return event


def _cause(event: Event) -> str:
    return str(event.get("claimid") or event.get("causeid"))


def _outcomes(events: Sequence[Event], report: Report) -> dict[str, Event]:
    """The outcome of each claim that has one."""
    outcomes: dict[str, Event] = {}
    for event in events:
        if "claimid" in event and outcomes.setdefault(event["claimid"], event) is not event:
            report.find("doubled", f"claim {event['claimid']} has two outcomes")
    for event in events:
        if "claimid" not in event and event.get("causeid") not in outcomes:
            report.find("unexpected", f"event {event['id']} is a consequence of nothing")
    report.rejected = sum(event["type"] == REJECTED for event in outcomes.values())
    report.granted = len(outcomes) - report.rejected
    return outcomes


def _claims(published: Sequence[Published]) -> dict[str, dict[str, Any]]:
    """By claim id, the bodies that came under it, by their content."""
    claims: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for one in published:
        claim_id, content, body = _read(one.body)
        if claim_id is not None:
            claims[claim_id][content] = body
    return claims


def _read(body: bytes) -> tuple[str | None, str, Any]:
    """The id of a claim, its content whatever the order of its fields, and what it says; no id if it has none."""
    try:
        claim = json.loads(body)
        content = json.dumps(claim, sort_keys=True)
    except (ValueError, RecursionError):
        return None, body.decode(errors="replace"), None
    try:
        return str(UUID(claim["claim_id"])), content, claim
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, content, claim


def _settled(
    published: Sequence[Published],
    claims: Mapping[str, Mapping[str, Any]],
    outcomes: Mapping[str, Event],
    parked: Sequence[Parked],
    poisoned: Collection[str],
    report: Report,
) -> None:
    """Each claim has an outcome, and all that has none is set aside, for a reason that there is."""
    aside = {_read(one.body)[1]: one.reason for one in parked}
    report.parked = len(aside)
    report.attempts = len(claims)
    for claim_id, bodies in claims.items():
        unsettled = bodies.keys() - aside.keys()
        if len(unsettled) > (claim_id in outcomes):
            report.find("lost", f"claim {claim_id}: {len(unsettled)} bodies without an outcome of their own")
        for content in bodies.keys() & aside.keys():
            due = aside[content] == REUSED and len(bodies) > 1
            if not due and (aside[content] != POISON or claim_id not in poisoned):
                report.find("unexpected", f"claim {claim_id} was set aside: {aside[content]}")
    for one in published:
        known, content, _ = _read(one.body)
        if known is None and content not in aside:
            report.find("lost", f"unreadable message {content[:60]}")
    sent = {_read(one.body)[1] for one in published}
    for content in aside.keys() - sent:
        report.find("unexpected", f"nobody sent what was set aside: {content[:60]}")


def _as_asked(
    claims: Mapping[str, Mapping[str, Any]], outcomes: Mapping[str, Event], events: Sequence[Event], report: Report
) -> None:
    """Outcomes are of claims that were made, and of the type that their op has."""
    for claim_id, event in outcomes.items():
        ops = {body.get("op") for body in claims.get(claim_id, {}).values()}
        allowed = {kind for op in ops for kind in ACCEPTED.get(op, ())}
        if not ops or (event["type"] != REJECTED and event["type"] not in allowed):
            report.find("unexpected", f"{event['type']} is no outcome of claim {claim_id} ({ops})")
    refused = {claim_id for claim_id, event in outcomes.items() if event["type"] == REJECTED}
    for event in events:
        if event.get("causeid") in refused:
            report.find("unexpected", f"event {event['id']} is a consequence of a refusal")
