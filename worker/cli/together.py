"""Several claims in one message (`claims.batch`): sent together, the outcome of each awaited by its own id."""

import asyncio
import uuid
from typing import Any

import typer

from schemas.batch import BATCH_OP
from schemas.members import split
from worker.cli.checked import awaited_id, encoded, is_right
from worker.cli.client import Sent, client
from worker.cli.compose import Fields
from worker.cli.endings import REJECTED, TIMED_OUT, WRONG_USE
from worker.cli.loop import run_in_loop
from worker.cli.outcome import show_outcome
from worker.cli.screen import complain, tell_aside, write_json
from worker.settings import BrokerSettings, load

Told = dict[str, Any]


def is_together(fields: Fields) -> bool:
    """Whether it says that it is several claims."""
    return fields.get("op") == BATCH_OP


def send_together(body: bytes, fields: Fields, timeout_s: float | None, *, check: bool, as_json: bool) -> None:
    """Send it as it stands, but for ids that members lack; print each outcome. Raises Unreadable for what is none."""
    body = _with_ids(body, fields)
    claims = [
        Sent(str(claim.get("op", "")), awaited_id(claim), encoded(claim))
        for claim in fields["claims"]
        if isinstance(claim, dict)
    ]
    # every claim is looked through, so that all mistakes are told at once
    if check and not all([is_right(claim, f"claim {claim.claim_id}: ") for claim in claims]):  # noqa: C419
        raise typer.Exit(WRONG_USE)
    ids = [claim.claim_id for claim in claims]
    for claim_id in ids:
        tell_aside(f"claim {claim_id}")
    outcomes = run_in_loop(_published(load(BrokerSettings), body, ids, timeout_s))
    if timeout_s is not None:
        _show(ids, outcomes, timeout_s, as_json=as_json)


def _with_ids(body: bytes, fields: Fields) -> bytes:
    split(body)
    without = [claim for claim in fields["claims"] if isinstance(claim, dict) and "claim_id" not in claim]
    for claim in without:
        claim["claim_id"] = str(uuid.uuid4())
    return encoded(fields) if without else body


def _show(ids: list[str], outcomes: list[Told], timeout_s: float, *, as_json: bool) -> None:
    if as_json:
        write_json(outcomes)
    else:
        for outcome in outcomes:
            tell_aside(f"claim {outcome.get('claimid')}")
            show_outcome(outcome)
    if len(outcomes) < len(ids):
        complain(f"{len(ids) - len(outcomes)} of {len(ids)} claims have no outcome within {timeout_s:g} s.")
        raise typer.Exit(TIMED_OUT)
    if any(outcome.get("type") == "claim.rejected" for outcome in outcomes):
        raise typer.Exit(REJECTED)


async def _published(settings: BrokerSettings, body: bytes, ids: list[str], timeout_s: float | None) -> list[Told]:
    """The outcomes that came in time, in the order of the claims."""
    async with client(settings, "claim") as publisher:
        expected = await publisher.publish_together(body, ids)
        if timeout_s is None or not expected:
            return []
        await asyncio.wait(expected, timeout=timeout_s)
        return [outcome.result() for outcome in expected if outcome.done()]
