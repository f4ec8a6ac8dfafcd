"""Whether the worker still turns: loops report their turns here, and the event loop's own lag is measured."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from worker.http.verdict import Verdict

INTERVAL_S: Final = 1.0


class Watchdog:
    """Loops that promised to turn must not be silent for longer than `stalled_after_s`.

    `clock` is monotonic, in seconds. `stalled` is called with a lag, in seconds, that exceeded `lag_max_s`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        stalled_after_s: float,
        lag_max_s: float = 1.0,
        stalled: Callable[[float], None] = lambda _lag_s: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._stalled_after_s = stalled_after_s
        self._lag_max_s = lag_max_s
        self._stalled = stalled
        self._beats: dict[str, float] = {}
        self._lag_s = 0.0

    def beat(self, loop: str) -> None:
        """`loop` has turned; from now on it is expected to turn again."""
        self._beats[loop] = self._clock()

    def dismiss(self, loop: str) -> None:
        """`loop` has ended or waits for something that may take long: expect nothing of it."""
        self._beats.pop(loop, None)

    def verdict(self) -> Verdict:
        now = self._clock()
        silent = {loop: now - beat for loop, beat in self._beats.items() if now - beat > self._stalled_after_s}
        reasons = tuple(f"The {loop} loop has not turned for {age:.0f} s." for loop, age in sorted(silent.items()))
        return Verdict(reasons, {"loops": len(self._beats), "lag_ms": round(self._lag_s * 1000, 1)})

    async def measure(self) -> None:
        """Measure the event loop's lag for as long as the task lives."""
        while True:
            begun = self._clock()
            await self._sleep(INTERVAL_S)
            self._lag_s = max(0.0, self._clock() - begun - INTERVAL_S)
            if self._lag_s > self._lag_max_s:
                self._stalled(self._lag_s)
