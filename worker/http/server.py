"""Listening, in the worker's own event loop: a loop that is stuck answers nobody, which is an answer too."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from worker.http.routes import application
from worker.http.verdict import Verdict

# Answers take microseconds; a reader that dawdles must not hold up a stop.
SHUTDOWN_TIMEOUT_S: Final = 1.0


@asynccontextmanager
async def serve(
    host: str, port: int, *, live: Callable[[], Verdict], ready: Callable[[], Verdict], metrics: Callable[[], bytes]
) -> AsyncIterator[int]:
    """Listens until left; gives the port, which for `port` 0 the system chose. OSError when it is taken."""
    runner = web.AppRunner(
        application(live, ready, metrics), access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
