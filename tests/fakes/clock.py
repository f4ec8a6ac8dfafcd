"""Time that stands still until a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.fakes.signals import Watched

BEGINNING = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class ManualClock(Watched):
    """`sleep` moves the time by itself, since nobody else can end it; `wait` lasts until `advance` or its event."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.waited: list[tuple[asyncio.Event, float]] = []
        self._passed_s = 0.0
        self._waiting_now: list[tuple[float, asyncio.Event, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._passed_s

    def moment(self) -> datetime:
        """The time as a database would tell it."""
        return BEGINNING + timedelta(seconds=self._passed_s)

    def now(self) -> str:
        return self.moment().isoformat().replace("+00:00", "Z")

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        begun = (self._passed_s + seconds, event, over)
        self._waiting_now.append(begun)
        self.waited.append((event, seconds))
        self.changed()
        told = asyncio.create_task(event.wait())
        try:
            await asyncio.wait((told, over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            self._waiting_now.remove(begun)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Move the time; whoever has waited long enough is woken."""
        self._passed_s += seconds
        for due, _, over in self._waiting_now:
            if due <= self._passed_s and not over.done():
                over.set_result(None)

    def waits_for(self, event: asyncio.Event) -> bool:
        """Whether somebody waits for `event` or the time."""
        return any(one is event and not over.done() for _, one, over in self._waiting_now)
