"""Bytes read as every kind of message: what is valid comes back the same, what is not is told or refused in one way."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.batch import ClaimsBatch, read_events
from schemas.decode import Unreadable, claim_id_of, fingerprint, read_object, validate
from schemas.events import read_event, read_exact_event
from schemas.json_schema import models
from schemas.queries import validate_query
from tests.fuzz.said import assert_told
from worker.engine.translate import to_core


def check_claim(body: bytes) -> None:
    """A claim, under the op that it says."""
    parsed = _read(body)
    if parsed is None:
        return
    assert len(fingerprint(parsed)) == 32
    try:
        claim_id_of(parsed)
    except Unreadable:
        return
    op = parsed.get("op")
    claim = validate(parsed, op if isinstance(op, str) else "provider.get")
    if isinstance(claim, tuple):
        assert_told([one.to_json() for one in claim], parsed)
        return
    to_core(claim)
    again = validate(read_object(claim.to_json()), claim.op)
    assert again == claim


def check_query(body: bytes) -> None:
    """A query."""
    parsed = _read(body)
    if parsed is None:
        return
    query = validate_query(parsed)
    if isinstance(query, tuple):
        assert_told([one.to_json() for one in query], parsed)
        return
    assert validate_query(read_object(query.to_json())) == query


def check_event(body: bytes) -> None:
    """An event, and several in one message, as a subscriber reads them."""
    for read in (read_event, read_exact_event, read_events):
        try:
            found = read(body)
        except (Unreadable, ValidationError):
            continue
        if isinstance(found, BaseModel):
            assert read_event(found.model_dump_json(exclude_unset=True).encode()) == found


def check_told(body: bytes) -> None:
    """Every reply and part of an event, the headers of parked messages, and a batch of claims."""
    parsed = _read(body)
    for adapter in _adapters().values() if parsed is not None else ():
        try:
            adapter.validate_python(parsed)
        except ValidationError:
            continue


@lru_cache(maxsize=1)
def _adapters() -> Mapping[str, TypeAdapter[Any]]:
    named = {name: model for name, model in models().items() if name.endswith((".reply", ".data", ".headers"))}
    return {name: TypeAdapter(model) for name, model in {**named, "claims.batch": ClaimsBatch}.items()}


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        parsed = read_object(body)
    except Unreadable as unreadable:
        assert unreadable.detail.isprintable()
        assert len(unreadable.detail) < 200
        return None
    json.dumps(parsed, default=str)
    return parsed
