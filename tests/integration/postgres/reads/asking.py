"""Asking a query and looking at its answer or refusal."""

from typing import Any

import pytest

from schemas.queries import StoredQuery, validate_query
from schemas.replies import REPLY_BY_OP
from tests.contract.batches import (
    provider_id,
)
from worker.faults import ReadRefused
from worker.placement.ids import ResourceClass
from worker.postgres.reads import Reads

UNKNOWN = provider_id(999)
SILVER = ResourceClass("CUSTOM_SILVER")


async def ask(reads: Reads, op: str, **fields: object) -> Any:
    """The answer, which must be one that the contract's model of the reply accepts."""
    query = validate_query({"op": op, **fields})
    assert isinstance(query, StoredQuery), query
    told = await reads.answer(query)
    REPLY_BY_OP[op].model_validate({"ok": True, "data": told})
    return told


async def refusal(reads: Reads, op: str, **fields: object) -> tuple[str, object]:
    """The code and details with which it is refused."""
    with pytest.raises(ReadRefused) as caught:
        await ask(reads, op, **fields)
    return caught.value.code, caught.value.details


async def listed(reads: Reads, **filters: object) -> list[str]:
    """The ids that pass these filters."""
    told = await ask(reads, "provider.list", **filters)
    assert told["next"] is None
    return [one["provider"] for one in told["providers"]]
