"""What is served: /live (is the worker turning), /ready (does it take work), /metrics (Prometheus); GET alone."""

from collections.abc import Callable

from aiohttp import web

from worker.http.verdict import Verdict

EXPOSITION = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


def application(
    live: Callable[[], Verdict], ready: Callable[[], Verdict], metrics: Callable[[], bytes]
) -> web.Application:
    """Verdicts come as JSON with 200, or 503 and the reasons why not."""

    async def answer_live(_request: web.Request) -> web.Response:
        return _told(live())

    async def answer_ready(_request: web.Request) -> web.Response:
        return _told(ready())

    async def answer_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers=EXPOSITION)

    served = web.Application()
    served.router.add_get("/live", answer_live, allow_head=False)
    served.router.add_get("/ready", answer_ready, allow_head=False)
    served.router.add_get("/metrics", answer_metrics, allow_head=False)
    return served


def _told(verdict: Verdict) -> web.Response:
    body = {**verdict.facts, "ok": verdict.ok, "reasons": list(verdict.reasons)}
    return web.json_response(body, status=200 if verdict.ok else 503)
