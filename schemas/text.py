"""Text on the wire: ids, names and moments, with the pattern and length of each.

Text that PostgreSQL cannot store is refused everywhere: NUL by pattern, lone surrogates by the validator itself.
"""

import re
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

UUID_PATTERN = "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})$"
CANONICAL_UUID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
STORABLE_PATTERN = r"^[^\x00]*$"
CUSTOM_PATTERN = "^CUSTOM_[A-Z0-9_]+$"

_is_canonical = re.compile(CANONICAL_UUID_PATTERN.strip("^$")).fullmatch
_is_uuid = re.compile(UUID_PATTERN.strip("^$")).fullmatch
_is_moment = re.compile(MOMENT_PATTERN.strip("^$")).fullmatch


def canonical_uuid(text: str) -> str:
    """The UUID dashed and in lower case, from any accepted spelling; else a custom error of rule `format`."""
    if _is_canonical(text):
        return text
    if _is_uuid(text):
        return str(UUID(text))
    raise PydanticCustomError("format", "not a UUID", {"limit": "uuid"})


def is_moment(text: str) -> bool:
    """Whether it is an RFC 3339 date and time with its offset."""
    try:
        _moment(text)
    except PydanticCustomError:
        return False
    return True


def _moment(value: object) -> datetime:
    if isinstance(value, str) and _is_moment(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # a day or an hour that no calendar has: the error below says so
    elif isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    elif not isinstance(value, str):
        raise PydanticCustomError("type", "not a string", {"limit": "string"})
    raise PydanticCustomError("format", "not an RFC 3339 date and time with offset", {"limit": "date-time"})


Uuid = Annotated[str, AfterValidator(canonical_uuid), WithJsonSchema({"type": "string", "pattern": UUID_PATTERN})]
"""A UUID, kept as dashed lower-case text; accepted with or without dashes, in either case."""

Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": MOMENT_PATTERN}),
]
"""An RFC 3339 date and time with its offset, kept in UTC."""

ProviderName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=STORABLE_PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=STORABLE_PATTERN)]
"""A resource class, trait, project or user as anybody may spell it; whether it exists is asked later."""

CustomName = Annotated[str, StringConstraints(max_length=255, pattern=CUSTOM_PATTERN)]
"""A resource class or trait that may be created."""

ConsumerType = Annotated[str, StringConstraints(max_length=255, pattern="^[A-Z0-9_]+$")]
GroupName = Annotated[str, StringConstraints(pattern="^(_[a-zA-Z0-9_-]{1,64})?$")]

Id = Annotated[str, StringConstraints(pattern=CANONICAL_UUID_PATTERN)]
"""A UUID as the worker tells it: dashed, in lower case."""

Traceparent = Annotated[str, StringConstraints(pattern="^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
"""A W3C trace context."""
