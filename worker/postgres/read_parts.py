"""What several queries share: how a moment is told, and the refusals for what does not exist."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import ReadRefused

GENERATIONS = text("""
    SELECT uuid::text, generation, id FROM providers WHERE uuid = ANY (CAST(:ids AS uuid[])) ORDER BY uuid
""")


def moment(value: datetime) -> str:
    """RFC 3339 in UTC, with `Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def providers_found(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """{provider: (generation, row id)} by id, all of them or `provider_not_found`."""
    asked = set(ids)
    rows = await connection.execute(GENERATIONS, {"ids": sorted(asked)})
    found = {uuid: (generation, row) for uuid, generation, row in rows}
    missing = sorted(asked - found.keys())
    if missing:
        raise not_found("provider_not_found", "providers", missing)
    return found


def not_found(code: str, kind: str, missing: Sequence[str]) -> ReadRefused:
    """The refusal for names or ids that do not exist; `kind` is the field of the details that lists them."""
    what = kind.replace("_", " ")
    return ReadRefused(code, f"There are no such {what}: {', '.join(missing)}.", {kind: list(missing)})


def nested(rows: Iterable[tuple[Any, ...]]) -> dict[Any, Any]:
    """Rows (a, b, ..., value) as {a: {b: ... value}}, in the order of the rows."""
    tree: dict[Any, Any] = {}
    for *keys, last, value in rows:
        level = tree
        for key in keys:
            level = level.setdefault(key, {})
        level[last] = value
    return tree


def members(tree: Mapping[Any, Any], key: Any) -> dict[Any, Any]:
    """The part of a nested mapping under `key`, empty where there is none."""
    return dict(tree.get(key, {}))
