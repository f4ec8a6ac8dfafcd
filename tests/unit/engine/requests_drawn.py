"""Strategy: requests that keep every rule of their form, as publishers write them."""

from typing import Any

from hypothesis import strategies as st

from tests.builders import aggregate_id, provider_id
from tests.unit.schemas.examples import Body

_NAMES = st.sampled_from(["VCPU", "PGPU", "CUSTOM_A", "HW_GPU", "ü"])
_REQUIRED = st.sampled_from(["CUSTOM_R1", "CUSTOM_R2", "CUSTOM_R3"])
_FORBIDDEN = st.sampled_from(["CUSTOM_F1", "CUSTOM_F2", "CUSTOM_R1"])
_AMOUNTS = st.integers(1, 2**31 - 1)
_RESOURCES = st.dictionaries(_NAMES, _AMOUNTS, min_size=1, max_size=3)
_IDS = st.integers(1, 5).map(aggregate_id)
_GROUP_NAMES = st.sampled_from(["_a", "_b", "_1", "_long-name_2"])


def _any_of(items: st.SearchStrategy[str]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(items, st.lists(items, min_size=1, max_size=3)), max_size=3)


@st.composite
def _groups(draw: st.DrawFn) -> Body:
    forbidden = draw(st.lists(_FORBIDDEN, max_size=2))
    required = draw(_any_of(_REQUIRED))
    kept = [item for item in required if not {*([item] if isinstance(item, str) else item)}.issubset(forbidden)]
    return draw(
        st.fixed_dictionaries(
            {"resources": _RESOURCES},
            optional={
                "required": st.just(kept),
                "forbidden": st.just(forbidden),
                "member_of": _any_of(_IDS),
                "not_member_of": st.lists(_IDS, max_size=2),
                "in_tree": st.one_of(st.none(), st.just(provider_id(1))),
            },
        )
    )


@st.composite
def valid_requests(draw: st.DrawFn) -> Body:
    """Without a limit."""
    named = draw(st.lists(_GROUP_NAMES, unique=True, max_size=3))
    unnamed = [""] if not named or draw(st.booleans()) else []
    groups = {name: draw(_groups()) for name in (*unnamed, *named)}
    subtrees = draw(st.lists(st.lists(st.sampled_from(named), min_size=1), max_size=2)) if named else []
    bare = [name for name in named[1:] if any(name in names for names in subtrees)]
    for name in bare:
        if draw(st.booleans()):
            del groups[name]["resources"]
    body: Body = {"groups": groups, "same_subtree": subtrees}
    if len(named) > 1 or draw(st.booleans()):
        body["group_policy"] = draw(st.sampled_from(["none", "isolate"]))
    rest = st.fixed_dictionaries(
        {},
        optional={
            "root_required": st.lists(st.just("CUSTOM_ROOT")),
            "root_forbidden": st.lists(_FORBIDDEN),
            "strategy": st.sampled_from(["first", "pack", "spread", "random"]),
            "preferred": st.dictionaries(_NAMES, st.integers(-1_000_000, 1_000_000)),
            "seed": st.one_of(st.text("ab1", min_size=1), st.integers(0, 2**31 - 1)),
        },
    )
    return {**body, **draw(rest)}
