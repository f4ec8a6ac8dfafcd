"""A request as the search goes through it: taken apart once, whatever the number of trees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from worker.placement.ids import Amounts, ProviderId, ResourceClass
from worker.placement.request import Group, GroupName, Request
from worker.placement.search.fits import UNNAMED


@dataclass(frozen=True, slots=True)
class Wish:
    """What one provider is sought for: a class of the unnamed group, or all of a named one.

    `twin`: the number of the wish before it that asks for exactly the same, if there is one.
    """

    name: GroupName
    group: Group
    amounts: tuple[tuple[ResourceClass, int], ...]
    twin: int | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request's wishes in the order in which they are met: the unnamed group's classes, then named groups by size.

    `resourceless`: the groups that an ancestor stands for, by name.
    """

    request: Request
    wishes: tuple[Wish, ...]
    classes: tuple[ResourceClass, ...]
    resourceless: tuple[GroupName, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """For whom it is searched. `credit`: what the consumer holds, free for it. `among`: only these may give.

    `seed` is for the strategy `random`, where the request has none.
    """

    credit: Amounts
    seed: str = ""
    among: frozenset[ProviderId] | None = None


def ask_of(request: Request) -> Ask:
    """The request taken apart; each `in_tree` should be a root by now (`homed`)."""
    unnamed = request.groups.get(UNNAMED, Group())
    wishes = [Wish(UNNAMED, unnamed, (one,), None) for one in sorted(unnamed.resources.items())]
    latest: list[tuple[Group, frozenset[int], int]] = []
    for name in _hardest_first(request):
        group = request.groups[name]
        sets = frozenset(n for n, names in enumerate(request.same_subtree) if name in names)
        twin = next((n for twin, of, n in reversed(latest) if twin == group and of == sets), None)
        latest.append((group, sets, len(wishes)))
        wishes.append(Wish(name, group, tuple(sorted(group.resources.items())), twin))
    classes = tuple(sorted({asked for wish in wishes for asked, _ in wish.amounts}))
    resourceless = tuple(name for name in sorted(request.groups) if not request.groups[name].resources)
    return Ask(request, tuple(wishes), classes, resourceless)


def _hardest_first(request: Request) -> list[GroupName]:
    """Named groups with resources: those that ask for most first, as large things are packed before small ones."""
    named = {name: group.resources for name, group in request.groups.items() if name != UNNAMED and group.resources}
    most: dict[ResourceClass, int] = {}
    for resources in named.values():
        for asked, amount in resources.items():
            most[asked] = max(most.get(asked, 0), amount)
    size = {name: sum(amount / most[asked] for asked, amount in sorted(some.items())) for name, some in named.items()}
    return sorted(named, key=lambda name: (-size[name], name))


def homed(request: Request, root_of: Callable[[ProviderId], ProviderId | None]) -> Request:
    """The same request with each `in_tree` replaced by its root; one that `root_of` does not know stays."""
    groups: Mapping[GroupName, Group] = request.groups
    if all(group.in_tree is None for group in groups.values()):
        return request
    moved = {
        name: group if group.in_tree is None else replace(group, in_tree=root_of(group.in_tree) or group.in_tree)
        for name, group in groups.items()
    }
    return replace(request, groups=moved)
