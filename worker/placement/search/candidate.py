"""A way to meet all wishes as a candidate: its amounts, its mappings, and the rows that it rests on."""

from collections.abc import Mapping

from worker.placement.ids import ProviderId, ResourceClass
from worker.placement.request import Candidate, GroupName
from worker.placement.search.board import Board
from worker.placement.search.fits import UNNAMED, obeys_units
from worker.placement.search.subtree import Subtrees
from worker.placement.search.tree import SHARES, attaches

Sums = dict[ProviderId, dict[ResourceClass, int]]


def sums(board: Board, chosen: tuple[int, ...]) -> Sums:
    """The amounts of all wishes together, sorted by provider and class."""
    total: Sums = {}
    for giver in sorted(set(chosen), key=lambda giver: board.givers[giver].id):
        total[board.givers[giver].id] = {}
    for wish, giver in zip(board.ask.wishes, chosen, strict=True):
        amounts = total[board.givers[giver].id]
        for name, amount in wish.amounts:
            amounts[name] = amounts.get(name, 0) + amount
    return {provider: dict(sorted(amounts.items())) for provider, amounts in total.items()}


def allowed(board: Board, chosen: tuple[int, ...], total: Sums) -> bool:
    """Whether what the consumer holds something of already is either held on as it is, or obeys the units."""
    for wish, giver in zip(board.ask.wishes, chosen, strict=True):
        row = board.givers[giver]
        for name, amount in wish.amounts:
            held, sum_ = board.held(row.id, name), total[row.id][name]
            stock = row.inventories[name]
            if held and sum_ != held and not (obeys_units(amount, stock) and sum_ <= stock.inventory.max_unit):
                return False
    return True


def as_candidate(
    board: Board,
    subtrees: Subtrees,
    chosen: tuple[int, ...],
    allocations: Sums,
    groups: Mapping[GroupName, ProviderId],
) -> Candidate:
    """The candidate; `groups`: who serves each named group, or stands for it."""
    spread = {board.givers[g].id for wish, g in zip(board.ask.wishes, chosen, strict=True) if wish.name == UNNAMED}
    mappings = {UNNAMED: tuple(sorted(spread))} if spread else {}
    mappings.update((name, (groups[name],)) for name in sorted(groups))
    known = _known(board, spread, allocations) | subtrees.between(groups) | set(groups.values())
    return Candidate(board.tree.root, allocations, mappings, frozenset(known.difference(allocations)))


def _known(board: Board, spread: set[ProviderId], allocations: Sums) -> set[ProviderId]:
    """Providers that give nothing, and yet it matters that they are as they are; those that give among them."""
    request, tree = board.ask.request, board.tree
    known: set[ProviderId] = set()
    if request.root_required or request.root_forbidden:
        known.add(tree.root)
    if spread and (request.groups[UNNAMED].member_of or request.groups[UNNAMED].not_member_of):
        known.update(tree.row(provider).root for provider in spread)
    for provider in allocations:
        if provider in tree.shared:
            known.update(_attached_by(board, provider, allocations))
    return known


def _attached_by(board: Board, sharing: ProviderId, allocations: Sums) -> set[ProviderId]:
    """The member by which a sharing provider is attached, one that gives if there is one."""
    row, members = board.tree.shared[sharing], board.tree.members
    assert SHARES in row.traits, sharing  # noqa: S101
    by = [name for name, member in members.items() if attaches(member, row)]
    return {next((name for name in by if name in allocations), by[0])}
