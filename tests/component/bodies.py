"""Claims as publishers write them, by small numbers."""

import json
from collections.abc import Mapping
from typing import Any

from tests.builders import claim_id, consumer_id, provider_id

Body = dict[str, Any]


def claim(number: int, op: str, **fields: Any) -> Body:
    """Any claim."""
    return {"op": op, "claim_id": claim_id(number), **fields}


def holder(number: int, **fields: Any) -> Body:
    """A consumer as a claim names it."""
    return {"id": consumer_id(number), "project": "project", "user": "user", **fields}


def amounts(held: Mapping[int, int]) -> dict[str, dict[str, int]]:
    """Units of VCPU by provider."""
    return {provider_id(provider): {"VCPU": units} for provider, units in held.items()}


def put(number: int, who: int, held: Mapping[int, int], **fields: Any) -> Body:
    """`allocation.set`."""
    whole = {"consumer": holder(who), "allocations": amounts(held), **fields}
    return claim(number, "allocation.set", **whole)


def place(number: int, who: int, resources: Mapping[str, int], **fields: Any) -> Body:
    """`allocation.place` of one unnamed group; `fields` are of the request."""
    request = {"groups": {"": {"resources": resources}}, **fields}
    return claim(number, "allocation.place", consumer=holder(who), request=request)


def puts(*numbers: int) -> list[Body]:
    """Claims of one unit each, of consumers of their own."""
    return [put(number, number, {1: 1}) for number in numbers]


def release(number: int, consumer: int) -> Body:
    """`allocation.release`."""
    return claim(number, "allocation.release", consumer={"id": consumer_id(consumer)})


def create(number: int, provider: int, **fields: Any) -> Body:
    """`provider.create`."""
    whole = {"name": f"provider-{provider}", "provider": provider_id(provider), **fields}
    return claim(number, "provider.create", **whole)


def declare(number: int, provider: int, total: int = 10, **fields: Any) -> Body:
    """`provider.declare` with some VCPU."""
    whole = {
        "provider": provider_id(provider), "name": f"provider-{provider}", "inventories": {"VCPU": {"total": total}},
        "traits": [], "aggregates": [],
    }  # fmt: skip
    return claim(number, "provider.declare", **{**whole, **fields})


def together(*claims: Any) -> Body:
    """`claims.batch` of these, in whatever state they are."""
    return {"op": "claims.batch", "claims": list(claims)}


def encoded(body: Body) -> bytes:
    """As it travels."""
    return json.dumps(body).encode()
