"""The time of the virtual loop, for the worker and for the database."""

import asyncio
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class VirtualClock:
    """Satisfies the engine's clock; `moment` is the database's."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def moment(self) -> datetime:
        """The time as a database would tell it."""
        return BEGINNING + timedelta(seconds=self.monotonic())

    def now(self) -> str:
        return self.moment().isoformat().replace("+00:00", "Z")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True
