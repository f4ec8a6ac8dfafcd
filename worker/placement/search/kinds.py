"""Which providers are interchangeable: swapping two of a kind in a candidate gives a candidate as good."""

from collections.abc import Hashable

from worker.placement.ids import ProviderId
from worker.placement.search.board import Board
from worker.placement.search.score import weight
from worker.placement.snapshot import ProviderRow


def kinds(board: Board) -> tuple[int, ...]:
    """By provider, the number of the first provider of its kind."""
    first: dict[Hashable, int] = {}
    parents = {row.parent for row in board.givers}
    able = [0] * len(board.givers)
    for bit, options in enumerate(board.options):
        for giver in options:
            able[giver] |= 1 << bit
    return tuple(first.setdefault(_kind(board, giver, able[giver], parents), giver) for giver in range(len(able)))


def _kind(board: Board, giver: int, able: int, parents: set[ProviderId | None]) -> Hashable:
    row = board.givers[giver]
    stocks = tuple(_stock(board, row, giver, number) for number in range(len(board.ask.classes)))
    kind = (able, board.brings[giver], weight(board.ask.request.preferred, row), stocks)
    return (*kind, _position(board, row, parents)) if board.ask.request.same_subtree else kind


def _stock(board: Board, row: ProviderRow, giver: int, number: int) -> Hashable:
    name = board.ask.classes[number]
    stock = row.inventories.get(name)
    if stock is None:
        return None
    inventory = stock.inventory
    units = (inventory.min_unit, inventory.max_unit, inventory.step_size)
    return inventory.capacity, stock.used, *units, board.held(row.id, name)


def _position(board: Board, row: ProviderRow, parents: set[ProviderId | None]) -> Hashable:
    """Leaves below one parent are alike; what has something below it is like nothing else."""
    stands = tuple(row.id in stand for stand in board.standing.values())
    return (row.id,) if row.id in parents else (row.parent, stands)
