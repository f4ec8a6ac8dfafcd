"""Messages drawn from their published JSON Schemas, so that every model has its strategy as soon as it has a schema."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st

from schemas.json_schema import json_schemas
from schemas.text import CANONICAL_UUID_PATTERN, UUID_PATTERN
from tests.fuzz.seeds import NASTY_TEXTS

ITEMS_MAX: Final = 3
LENGTH_MAX: Final = 300
TEXTS: Final = st.one_of(st.sampled_from(NASTY_TEXTS), st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
"""Any text that a database stores; what is hostile in it comes often."""

UUIDS: Final = st.integers(0, 2**128 - 1).map(lambda number: str(UUID(int=number)))
"""What the pattern says, in a tenth of the time."""

Schema = Mapping[str, Any]


_schemas: Final = lru_cache(maxsize=1)(json_schemas)


def drawn(name: str) -> st.SearchStrategy[Any]:
    """Messages of this name that keep to its schema."""
    whole = _schemas()[name]
    return _any(whole, whole.get("$defs", {}))


def _any(node: Schema, named: Schema) -> st.SearchStrategy[Any]:
    if "$ref" in node:
        target = named[str(node["$ref"]).rpartition("/")[2]]
        return st.deferred(lambda: _any(target, named))
    for choice in ("anyOf", "oneOf"):
        if choice in node and "properties" not in node:
            return st.one_of(*(_any(one, named) for one in node[choice]))
    if "const" in node:
        return st.just(node["const"])
    if "enum" in node:
        return st.sampled_from(node["enum"])
    return _typed(node, named)


def _typed(node: Schema, named: Schema) -> st.SearchStrategy[Any]:
    match node.get("type"):
        case "object":
            return _object(node, named)
        case "array":
            items = _any(node["items"], named)
            return st.lists(items, min_size=node.get("minItems", 0), max_size=max(ITEMS_MAX, node.get("minItems", 0)))
        case "string":
            return _text(node)
        case "integer":
            return st.integers(node.get("minimum", -(2**40)), node.get("maximum", 2**40))
        case "number":
            return st.integers(0, 4_000_000).map(lambda millionths: millionths / 4)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return st.one_of(st.none(), st.integers(), TEXTS)


def _object(node: Schema, named: Schema) -> st.SearchStrategy[Any]:
    properties, required = node.get("properties"), set(node.get("required", ()))
    for one in node.get("anyOf", ()):
        required |= set(one.get("required", ()))
    if properties is None:
        keys = _text(node.get("propertyNames", {}))
        values = _any(node.get("additionalProperties", {}), named)
        return st.dictionaries(keys, values, min_size=node.get("minProperties", 0), max_size=ITEMS_MAX)
    strategies = {key: _any(one, named) for key, one in properties.items()}
    return st.fixed_dictionaries(
        {key: one for key, one in strategies.items() if key in required},
        optional={key: one for key, one in strategies.items() if key not in required},
    )


def _text(node: Schema) -> st.SearchStrategy[str]:
    least, most = node.get("minLength", 0), node.get("maxLength", LENGTH_MAX)
    if node.get("format") == "date-time":
        return st.sampled_from(["2026-03-01T12:00:00Z", "0001-01-01t00:00:00.5+00:00", "9999-12-31T23:59:59-00:00"])
    if node.get("pattern") in {UUID_PATTERN, CANONICAL_UUID_PATTERN}:
        return UUIDS
    if "pattern" in node and "x00" not in node["pattern"]:
        pattern = node["pattern"].removesuffix("$") + r"\Z"
        return st.from_regex(pattern, alphabet=st.characters(codec="ascii")).filter(lambda t: least <= len(t) <= most)
    return TEXTS.map(lambda text: text[:most]).filter(lambda text: len(text) >= least)
