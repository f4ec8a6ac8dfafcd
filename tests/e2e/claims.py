"""Claims as a publisher writes them: JSON, ids of their own."""

from typing import Any
from uuid import uuid4

Body = dict[str, Any]


def new_id() -> str:
    """A UUID."""
    return str(uuid4())


def declare(provider: str, total: int, name: str | None = None) -> Body:
    """A provider with so much of three classes."""
    return {
        "op": "provider.declare",
        "claim_id": new_id(),
        "provider": provider,
        "name": name or provider,
        "inventories": {name: {"total": total} for name in ("VCPU", "MEMORY_MB", "DISK_GB")},
        "traits": [],
        "aggregates": [],
    }


def take(provider: str, amount: int = 1, consumer: str | None = None) -> Body:
    """So much of each of the three classes, for a consumer."""
    return {
        "op": "allocation.set",
        "claim_id": new_id(),
        "consumer": {"id": consumer or new_id(), "project": "project", "user": "user"},
        "allocations": {provider: {"VCPU": amount, "MEMORY_MB": amount, "DISK_GB": amount}},
    }


def release(consumer: str) -> Body:
    """Let go of everything."""
    return {"op": "allocation.release", "claim_id": new_id(), "consumer": {"id": consumer}}
