"""Signals that tests wait for instead of sleeping, and faults and gates at chosen points."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable

PATIENCE_S = 10.0
"""Real seconds after which a signal that never comes fails the test."""


class Watched:
    """Something that changes and can be waited for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def changed(self) -> None:
        """Wake those whose condition holds now."""
        for condition, woken in self._waiting:
            if not woken.done() and condition():
                woken.set_result(None)
        self._waiting = [one for one in self._waiting if not one[1].done()]

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until `condition` holds; fails the test when it never does."""
        if condition():
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((condition, woken))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await woken
        except TimeoutError:
            raise AssertionError(f"never happened: {what}") from None


class Gate:
    """Holds one passer-by until it is opened; `reached` says that somebody stands before it."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._opened = asyncio.Event()

    async def reached(self) -> None:
        """Wait until somebody stands before the gate."""
        async with asyncio.timeout(PATIENCE_S):
            await self._reached.wait()

    def open(self) -> None:
        """Let pass."""
        self._opened.set()

    async def passed(self) -> None:
        """Stand before the gate until it is opened."""
        self._reached.set()
        await self._opened.wait()


class Steps:
    """Named steps of a fake, each of which can be made to fail or to wait; `taken` is what has begun so far."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self._faults: defaultdict[str, deque[tuple[Exception, bool]]] = defaultdict(deque)
        self._gates: defaultdict[str, deque[Gate]] = defaultdict(deque)

    def fail_next(self, step: str, error: Exception, *, after_effect: bool = False, times: int = 1) -> None:
        """The next `times` times the step fails: before it has an effect, or once it has had it."""
        self._faults[step].extend([(error, after_effect)] * times)

    def hold_next(self, step: str) -> Gate:
        """The next time the step waits, before it begins, until the gate is opened."""
        gate = Gate()
        self._gates[step].append(gate)
        return gate

    def mend(self) -> None:
        """No step fails any more."""
        self._faults.clear()

    async def begin(self, step: str) -> BaseException | None:
        """Raises the fault that is due before the step's effect; the one due after it is returned."""
        self.taken.append(step)
        if self._gates[step]:
            await self._gates[step].popleft().passed()
        if not self._faults[step]:
            return None
        error, after_effect = self._faults[step].popleft()
        if after_effect:
            return error
        raise error
