"""An event loop without a world: nothing happens but callbacks in order and timers, and time jumps to the next one.

Callbacks run first in, first out, as in any loop. What varies from seed to seed is how long each step of the world
takes, so every order of steps comes about that a real loop and real servers could bring about, and no other.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

TURNS_MAX = 3_000_000
"""Of the loop, in one run: something turns without time passing."""

Result = TypeVar("Result")


class Stuck(BaseException):
    """Nothing can happen any more, or nothing but turns of the loop."""


class _Clockwork:
    """In the place of a selector: nothing ever comes in, and waiting takes no time but the loop's own."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.turns = 0

    def select(self, timeout: float | None) -> list[Any]:
        self.turns += 1
        if timeout is None or self.turns > TURNS_MAX:
            raise Stuck("nothing is left to wait for" if timeout is None else "the loop turns on the spot")
        self.now_s += timeout
        return []

    def close(self) -> None:
        """Nothing is open."""


class VirtualLoop(asyncio.BaseEventLoop):
    """`time` is virtual and begins at 0. Raises `Stuck` where a real loop would wait for ever."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Clockwork()

    def time(self) -> float:
        return self._selector.now_s

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing ever comes in."""

    def _write_to_self(self) -> None:
        """Nobody sleeps that had to be woken."""


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """`asyncio.run` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
