"""CloudEvents 1.0, structured mode: ids, schema names and bytes."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5

from schemas.amounts import json_number

CONTENT_TYPE: Final = "application/cloudevents+json"
SPEC_VERSION: Final = "1.0"
SCHEMA_VERSION: Final = 1


def event_id(claim_id: str, ordinal: int) -> str:
    """The id of a claim's event, the same on every publication; the outcome is ordinal 0."""
    return str(uuid5(UUID(claim_id), str(ordinal)))


@lru_cache(maxsize=64)
def schema_uri(event_type: str) -> str:
    """The stable name of the schema of an event type's `data`."""
    return f"urn:allocation:schema:{event_type}:{SCHEMA_VERSION}"


def _number(value: object) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in an event")
    return json_number(value)


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=_number
)


def encode(event: Mapping[str, Any]) -> bytes:
    """The event, or a reply, as compact UTF-8 JSON; a Decimal becomes a JSON number of exactly its value.

    Raises ValueError for text that is not Unicode and for numbers that cannot be written exactly.
    """
    return _ENCODER.encode(event).encode()
