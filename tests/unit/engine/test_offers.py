"""Candidates as a reply tells them, with the trees they rest on."""

from schemas.replies import REPLY_BY_OP
from tests.builders import AVX2, FAST, GOLD, VCPU, aggregate_id, provider_id, provider_row
from worker.engine.offers import offered
from worker.placement.ids import ProviderId
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Candidate, Group, Request
from worker.placement.search.order import candidates
from worker.placement.search.rows import Rows
from worker.placement.search.tree import SHARES

FLEET = Rows(
    [
        provider_row(1, {VCPU: Stock(Inventory(8, reserved=2), 3)}, traits=(FAST, AVX2)),
        provider_row(2, {GOLD: Inventory(1)}, parent=1),
        provider_row(3, {VCPU: Inventory(1)}, aggregates=(aggregate_id(1),)),
        provider_row(4),
        provider_row(5, {GOLD: Inventory(4)}, parent=4, traits=(SHARES,), aggregates=(aggregate_id(1),)),
        provider_row(6, {GOLD: Inventory(4)}),
    ]
)


def asked(**amounts: int) -> Request:
    names = {"vcpu": VCPU, "gold": GOLD}
    return Request(groups={"": Group(resources={names[name]: amount for name, amount in amounts.items()})})


def told(request: Request) -> dict[str, object]:
    shown = offered(list(candidates(request, FLEET, {})), False, FLEET)
    REPLY_BY_OP["candidates.list"].model_validate({"ok": True, "data": shown}, extra="forbid")
    return shown


def summarised(shown: dict[str, object]) -> list[ProviderId]:
    summaries = shown["provider_summaries"]
    assert isinstance(summaries, dict)
    return list(summaries)


def test_a_candidate_is_told_with_its_amounts_and_who_stands_for_each_group() -> None:
    request = Request(groups={"": Group(resources={VCPU: 2}), "_card": Group(resources={GOLD: 1})})
    first, *_ = candidates(request, FLEET, {})
    assert offered([first], True, FLEET)["allocation_requests"] == [
        {
            "allocations": {provider_id(1): {"VCPU": 2}, provider_id(2): {"CUSTOM_GOLD": 1}},
            "mappings": {"": [provider_id(1)], "_card": [provider_id(2)]},
        }
    ]


def test_the_whole_tree_of_a_candidate_is_summarised_and_no_other() -> None:
    shown = told(asked(vcpu=2))
    assert shown["provider_summaries"] == {
        provider_id(1): {
            "resources": {"VCPU": {"capacity": 6, "used": 3}},
            "traits": [FAST, AVX2],
            "parent": None,
            "root": provider_id(1),
        },
        provider_id(2): {
            "resources": {"CUSTOM_GOLD": {"capacity": 1, "used": 0}},
            "traits": [],
            "parent": provider_id(1),
            "root": provider_id(1),
        },
    }


def test_the_tree_of_a_sharing_provider_that_gives_is_summarised_too() -> None:
    assert summarised(told(asked(vcpu=1, gold=2))) == [provider_id(3), provider_id(4), provider_id(5)]


def test_an_anchor_that_gives_nothing_is_summarised_too() -> None:
    shared = Candidate(provider_id(3), {provider_id(5): {GOLD: 2}}, {"": (provider_id(5),)})
    assert summarised(offered([shared], False, FLEET)) == [provider_id(3), provider_id(4), provider_id(5)]


def test_summaries_are_sorted_whatever_the_order_of_candidates() -> None:
    shown = told(asked(gold=1))
    assert summarised(shown) == sorted(summarised(shown))


def test_without_candidates_there_is_nothing_to_tell() -> None:
    assert told(asked(vcpu=100)) == {"allocation_requests": [], "provider_summaries": {}, "truncated": False}
