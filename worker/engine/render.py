"""Outcomes as the inbox keeps them and the broker carries them: CloudEvents, encoded once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.cloudevents import encode_plain, event_id, schema_uri
from schemas.codes import Code
from schemas.violations import Violation, sentence, shown_text
from schemas.wire import BODY_BYTES_MAX
from worker.engine.intake import Incoming, traceparent_of
from worker.engine.shapes import moment, shape
from worker.engine.shorten import shortened
from worker.messages import Outgoing, Record, Recorded
from worker.placement.claims import (
    AdjustAllocations,
    CreateClass,
    DeleteClass,
    DeleteTrait,
    EnsureTrait,
    PlaceAllocations,
    ReleaseAllocations,
    RenameClass,
    ReshapeProviders,
    SetAllocations,
)
from worker.placement.outcomes import Accepted, Outcome, Rejected
from worker.telemetry import printable


@dataclass(frozen=True, slots=True)
class Renderer:
    """`source` stands in every event; `exchange` is where events go."""

    source: str
    exchange: str

    def record(self, incoming: Incoming, outcome: Outcome | tuple[Violation, ...], now: datetime) -> Record:
        """The outcome of a claim with its consequences, to be kept."""
        envelopes = self._envelopes(incoming, outcome, moment(now))
        return Record(
            claim=incoming.claim,
            fingerprint=incoming.fingerprint,
            types=tuple(envelope["type"] for envelope in envelopes),
            bodies=tuple(_bounded(envelope) for envelope in envelopes),
            correlation_id=_storable(incoming.delivery.properties.correlation_id),
        )

    def events(self, record: Record | Recorded) -> list[Outgoing]:
        """The events to publish, the same ones each time."""
        correlation_id = record.correlation_id or record.claim
        return [
            Outgoing(self.exchange, event_type, body, event_id(record.claim, ordinal), correlation_id)
            for ordinal, (event_type, body) in enumerate(zip(record.types, record.bodies, strict=True))
        ]

    def _envelopes(
        self, incoming: Incoming, outcome: Outcome | tuple[Violation, ...], time: str
    ) -> list[dict[str, Any]]:
        traceparent = traceparent_of(incoming.delivery)
        envelopes = []
        for ordinal, (event_type, subject, data) in enumerate(_parts(incoming, outcome)):
            envelope: dict[str, Any] = {
                "specversion": "1.0",
                "id": event_id(incoming.claim, ordinal),
                "source": self.source,
                "type": event_type,
                "subject": subject,
                "time": time,
                "causeid" if ordinal else "claimid": incoming.claim,
                "dataschema": schema_uri(event_type),
                "data": data,
            }
            if traceparent is not None:
                envelope["traceparent"] = traceparent
            envelopes.append(envelope)
        return envelopes


def _storable(text: str | None) -> str | None:
    """None for what no text column takes; the claim's own id then stands in its place."""
    return None if text is None or "\x00" in text else text


def _parts(incoming: Incoming, outcome: Outcome | tuple[Violation, ...]) -> Sequence[tuple[str, str, dict[str, Any]]]:
    match outcome:
        case Accepted():
            event_type, subject, data = shape(outcome.outcome)
            return [
                (event_type, subject, {"changed": outcome.changed, **data}),
                *(shape(change) for change in outcome.consequences),
            ]
        case Rejected():
            return [_rejection(incoming, Code(outcome.code.value), outcome.message, _details(outcome.details))]
        case _:
            said = sentence("message", outcome)
            return [_rejection(incoming, Code.INVALID_MESSAGE, said, [one.to_json() for one in outcome])]


def _rejection(incoming: Incoming, code: Code, message: str, details: object) -> tuple[str, str, dict[str, Any]]:
    op = incoming.parsed.get("op")
    data = {
        "op": shown_text(op) if isinstance(op, str) else None,
        "code": code.value,
        "message": printable(message),
        "transient": code.transient,
        "details": details,
    }
    return "claim.rejected", _subject(incoming), data


def _subject(incoming: Incoming) -> str:
    """Whom a refused claim was about; a claim that broke the contract is its own subject."""
    match incoming.check():
        case SetAllocations(holdings=holdings):
            return holdings[0].consumer.id
        case AdjustAllocations(consumer=consumer) | PlaceAllocations(consumer=consumer):
            return consumer.id
        case ReleaseAllocations(consumer=consumer_id):
            return consumer_id
        case ReshapeProviders(inventories=inventories):
            return min(inventories)
        case CreateClass(name=name) | RenameClass(name=name) | DeleteClass(name=name):
            return name
        case EnsureTrait(name=trait) | DeleteTrait(name=trait):
            return trait
        case tuple():
            return incoming.claim
        case about:
            return about.provider


def _details(details: Mapping[str, object]) -> dict[str, object]:
    return {name: moment(value) if isinstance(value, datetime) else value for name, value in details.items()}


def _bounded(envelope: dict[str, Any]) -> bytes:
    body = encode_plain(envelope)
    if len(body) <= BODY_BYTES_MAX:
        return body
    return encode_plain({**envelope, "data": shortened(envelope["data"])})
