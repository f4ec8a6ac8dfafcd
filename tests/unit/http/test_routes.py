"""What the worker answers over HTTP."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from worker.http.routes import application
from worker.http.server import serve
from worker.http.verdict import Verdict
from worker.telemetry import Telemetry

Browser = TestClient[Any, web.Application]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    app = application(
        live=lambda: Verdict(facts={"lag_ms": 1.5}),
        ready=lambda: Verdict(("The broker is away.",)),
        metrics=Telemetry().exposition,
    )
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_live_worker_says_so_with_its_numbers(browser: Browser) -> None:
    answer = await browser.get("/live")
    assert answer.status == 200
    assert await answer.json() == {"ok": True, "reasons": [], "lag_ms": 1.5}


async def test_a_worker_that_is_not_ready_says_why(browser: Browser) -> None:
    answer = await browser.get("/ready")
    assert answer.status == 503
    assert await answer.json() == {"ok": False, "reasons": ["The broker is away."]}


async def test_metrics_come_as_prometheus_text(browser: Browser) -> None:
    answer = await browser.get("/metrics")
    assert answer.content_type == "text/plain"
    assert "# TYPE allocation_claims_total counter" in await answer.text()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_only_get_is_answered(browser: Browser, method: str) -> None:
    answer = await browser.request(method, "/live")
    assert answer.status == 405


async def test_unknown_paths_are_not_found(browser: Browser) -> None:
    answer = await browser.get("/../etc/passwd")
    assert answer.status == 404
    assert len(await answer.read()) < 100


async def test_it_listens_until_left() -> None:
    verdict = Verdict()
    async with aiohttp.ClientSession() as session:
        async with serve("127.0.0.1", 0, live=lambda: verdict, ready=lambda: verdict, metrics=bytes) as port:
            answer = await session.get(f"http://127.0.0.1:{port}/ready")
            assert (await answer.json())["ok"] is True
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"http://127.0.0.1:{port}/ready")


async def test_a_port_that_is_taken_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listening = serve("127.0.0.1", taken.getsockname()[1], live=Verdict, ready=Verdict, metrics=bytes)
        with pytest.raises(OSError, match="in use"):
            await listening.__aenter__()
