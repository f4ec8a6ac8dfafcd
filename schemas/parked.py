"""Parked messages: the body and properties they came with, and these headers."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from schemas.absent import Absentable
from schemas.amounts import Number
from schemas.message import Told
from schemas.text import Moment


class ParkedHeader(StrEnum):
    """Names of the headers; moments are RFC 3339 text, attempts an integer, all others text."""

    REASON = "x-parked-reason"
    DETAIL = "x-parked-detail"
    TRACE = "x-parked-trace"
    EXCHANGE = "x-parked-exchange"
    ROUTING_KEY = "x-parked-routing-key"
    QUEUE = "x-parked-queue"
    ATTEMPTS = "x-parked-attempts"
    FIRST_AT = "x-parked-first-at"
    LAST_AT = "x-parked-last-at"
    HEADERS_DROPPED = "x-parked-headers-dropped"


def _header(field: str) -> str:
    return ParkedHeader[field.upper()].value


class ParkedReason(StrEnum):
    """Why a message was parked. The first ones say what made it unreadable."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NOT_AN_OBJECT = "not_an_object"
    NO_CLAIM_ID = "no_claim_id"
    NOT_A_BATCH = "not_a_batch"
    """It came as several claims in one message, and is no such list."""
    CLAIM_ID_REUSED = "claim_id_reused"
    """A known `claim_id` with another body."""
    POISON = "poison"
    """It keeps failing for reasons of our own."""


class ParkedHeaders(Told):
    """The headers of a parked message, beside those it came with; no trace where nothing was raised,
    `headers_dropped` where so many of the original ones had no room."""

    model_config = ConfigDict(alias_generator=_header)

    reason: Annotated[ParkedReason, Field(strict=False)]
    detail: str
    trace: Absentable[str] = None
    exchange: str
    routing_key: str
    queue: str
    attempts: Number
    first_at: Moment
    last_at: Moment
    headers_dropped: Absentable[Number] = None
