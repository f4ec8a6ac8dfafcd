"""Row 10: how many statements a batch takes, counted on the real database as the worker's route runs it."""

import time
from dataclasses import dataclass
from typing import Final

from pamqp.commands import Basic
from sqlalchemy import event

from schemas.cloudevents import encode
from tests.bench.figures import Line, Target
from tests.bench.ground import Ground, Place
from tests.bench.workload import spread
from worker.engine.ahead import InHand
from worker.engine.apply import Route
from worker.engine.intake import read
from worker.engine.render import Renderer
from worker.messages import Delivery
from worker.postgres.database import Limits, Store, create_engine
from worker.telemetry import Telemetry

SIZES: Final = (1, 64, 256)
CARRIES_MAX: Final = 8


async def measure(ground: Ground) -> list[Line]:
    """One line a size, compared with a batch of one."""
    async with ground.place(heard=None) as place:
        counts = await _counted(place)
    return [
        Line("10", f"statements, batch of {size}", "statements", (count,), "batch of 1", (counts[0],), _EQUAL)
        for size, count in zip(SIZES, counts, strict=True)
    ]


_EQUAL: Final = Target("at most", 1.0)


async def _counted(place: Place) -> list[int]:
    engine = create_engine(place.database_url, Limits())
    statements = _Count()
    event.listen(engine.sync_engine, "before_cursor_execute", statements.add)
    route = Route(Store(engine), Renderer("/benchmark", place.names.events), Telemetry(), CARRIES_MAX, time.monotonic)
    counts = []
    for size in SIZES:
        statements.seen = 0
        incoming, _ = read([_delivery(encode(claim)) for claim in spread(size)])
        await route.apply(incoming, [], InHand())
        counts.append(statements.seen)
    await engine.dispose()
    return counts


@dataclass(slots=True)
class _Count:
    seen: int = 0

    def add(self, *_: object) -> None:
        self.seen += 1


def _delivery(body: bytes) -> Delivery:
    return Delivery(body, "allocation.set", Basic.Properties(), tag=1, epoch=1, redelivered=False, attempts=0)
