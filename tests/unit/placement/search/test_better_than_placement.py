"""Rows 11 to 14 of the table of what is better here than in OpenStack Placement, one test each and by its number."""

from tests.builders import GOLD, VCPU, provider_id, provider_row
from tests.unit.placement.search.asking import explained, found
from worker.placement.explanation import Step
from worker.placement.ids import ProviderId
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request, Strategy
from worker.placement.search.rows import Rows
from worker.placement.search.tree import Tree
from worker.placement.snapshot import ProviderRow


class Watched(Rows):
    """Rows that tell which trees were looked at."""

    def __init__(self, rows: list[ProviderRow]) -> None:
        super().__init__(rows)
        self.looked_at: list[ProviderId] = []

    def tree(self, root: ProviderId) -> Tree:
        self.looked_at.append(root)
        return super().tree(root)


def gpu_host(first: int, *used: int) -> list[ProviderRow]:
    """A host numbered `first`, with a GPU of two units for each number, of which so many are used."""
    gpus = [{GOLD: Stock(Inventory(2), some)} for some in used]
    return [provider_row(first), *[provider_row(first + n, gpu, parent=first) for n, gpu in enumerate(gpus, start=1)]]


def asking(groups: int, limit: int | None = None) -> Request:
    gpus = {f"_{number}": Group(resources={GOLD: 2}) for number in range(groups)}
    return Request(groups=gpus, group_policy="isolate", limit=limit)


def test_11_a_search_with_a_limit_stops_at_the_limit() -> None:
    fleet = Watched([row for first in range(1, 300, 10) for row in gpu_host(first, *[0] * 8)])
    assert fleet.choose(asking(8), {}, "", None) is not None
    assert fleet.looked_at == [provider_id(1)]


def test_12_what_is_used_already_is_never_offered() -> None:
    rows = [*gpu_host(1, 2, 1, 2), *gpu_host(11, 0, 2, 0)]
    for limit in (None, 1, 5):
        assert {one.anchor for one in found(rows, asking(2, limit))} == {provider_id(11)}
        assert found(rows, asking(3, limit)) == []


def test_13_an_empty_result_has_its_reason() -> None:
    told = explained(gpu_host(1, 1, 1), asking(1))
    assert [one.left for one in told.groups["_0"] if one.step in {Step.UNITS, Step.CAPACITY}] == [2, 0]
    assert [(one.provider, one.free, one.lacking) for one in told.nearest] == [
        (provider_id(2), 1, 1),
        (provider_id(3), 1, 1),
    ]


def test_14_a_few_candidates_are_not_all_on_one_host() -> None:
    rows = [*gpu_host(1, *[0] * 8), *gpu_host(11, *[0] * 8), *gpu_host(21, *[0] * 8)]
    for strategy in Strategy:
        few = Request(groups={"": Group(resources={GOLD: 1})}, strategy=strategy, limit=3)
        assert {one.anchor for one in found(rows, few)} == {provider_id(1), provider_id(11), provider_id(21)}
    assert found(rows, Request(groups={"": Group(resources={VCPU: 1})}, limit=3)) == []
