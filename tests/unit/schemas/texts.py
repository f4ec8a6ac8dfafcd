"""Strategies: JSON of any kind, and valid messages with something changed in them."""

import copy
from typing import Any

from hypothesis import strategies as st

from tests.unit.schemas.examples import OTHER, PROVIDER, Body

_TEXTS = st.one_of(
    st.text("aA_1ü🦊\x00\ud800 [", max_size=4),
    st.sampled_from(
        ["", "VCPU", "CUSTOM_A", "_gpu1", PROVIDER, OTHER, PROVIDER.upper(), "a\x00", "n" * 256, "[key]", "op", "id"]
    ),
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-2, max_value=3),
    st.sampled_from([2**31 - 1, 2**31, 2**53 - 1, 2**53, 10**30, 1_000_001, 0.5, 1.5, -0.5, 1e300, 1e-6]),
    _TEXTS,
)


_PARTS = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=2), st.dictionaries(_TEXTS, _SCALARS, max_size=2))
JSON_VALUES: st.SearchStrategy[Any] = st.one_of(
    _SCALARS, st.lists(_PARTS, max_size=2), st.dictionaries(_TEXTS, _PARTS, max_size=2)
)
"""Any JSON value, not deep, lone surrogates and NUL among its text."""


@st.composite
def mutated(draw: st.DrawFn, bodies: st.SearchStrategy[Body]) -> Body:
    """A valid message in which up to three things are replaced, removed or added."""
    body = copy.deepcopy(draw(bodies))
    for _ in range(draw(st.integers(0, 3))):
        _mutate(draw, body)
    return body


def _either(draw: st.DrawFn) -> bool:
    return draw(st.booleans())


def _mutate(draw: st.DrawFn, node: Any) -> None:
    keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
    deeper = [key for key in keys if isinstance(node[key], dict | list)]
    if deeper and _either(draw):
        _mutate(draw, node[draw(st.sampled_from(deeper))])
    elif keys and _either(draw):
        node[draw(st.sampled_from(keys))] = draw(JSON_VALUES)
    elif keys and _either(draw):
        del node[draw(st.sampled_from(keys))]
    elif isinstance(node, dict):
        node[draw(_TEXTS)] = draw(JSON_VALUES)
    else:
        node.append(draw(JSON_VALUES))
