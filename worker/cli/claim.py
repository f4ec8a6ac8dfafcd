"""`claim`: publish one claim, wait for its outcome, print it."""

import asyncio
import sys
import uuid
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.claims import CLAIM_BY_OP
from schemas.decode import read_object
from schemas.queries import QUERY_BY_OP
from worker.cli.checked import awaited_id, encoded, is_right
from worker.cli.client import Sent, client
from worker.cli.compose import Fields, amounts_from, consumer_from, fields_from
from worker.cli.endings import REJECTED, TIMED_OUT, WRONG_USE, WrongUse
from worker.cli.loop import run_in_loop
from worker.cli.outcome import show_outcome
from worker.cli.requests import Asked, Forbid, Policy, Require, Resources, Strategy, request_from
from worker.cli.screen import complain, tell_aside, write_json
from worker.cli.together import is_together, send_together
from worker.settings import BrokerSettings, load

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
STDIN = "-"
Amounts = Annotated[list[str], typer.Option(metavar="PROVIDER:CLASS=AMOUNT,...", help="Repeat it for each provider.")]


@app.command(no_args_is_help=True)
def claim(  # noqa: PLR0913, PLR0917 - every flag of a command line is a parameter
    what: Annotated[str, typer.Argument(metavar="OP|FILE|-", help="An op, a file with a claim, or - for stdin.")],
    pairs: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Fields; a value is JSON, else text. a.b=1 sets b inside of a."),
    ] = None,
    consumer: Annotated[str | None, typer.Option(help="The consumer's UUID.")] = None,
    project: Annotated[str | None, typer.Option(help="The consumer's project.")] = None,
    user: Annotated[str | None, typer.Option(help="The consumer's user.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="The consumer's type.")] = None,
    allocate: Amounts = [],  # noqa: B006 - typer copies it
    add: Amounts = [],  # noqa: B006 - typer copies it
    remove: Amounts = [],  # noqa: B006 - typer copies it
    resources: Resources = [],  # noqa: B006 - typer copies it
    require: Require = [],  # noqa: B006 - typer copies it
    forbid: Forbid = [],  # noqa: B006 - typer copies it
    policy: Policy = None,
    strategy: Strategy = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.0, help="Seconds to wait for the outcome.")] = 10.0,
    wait: Annotated[bool, typer.Option(help="Wait for the outcome.")] = True,
    check: Annotated[bool, typer.Option(help="Look for mistakes before sending.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome event as JSON.")] = False,
) -> None:
    """Publish one claim, wait for its outcome and print it; of a file with a claims.batch, those of all its claims.

    Exit codes: 0 granted, 3 rejected, 4 no outcome in time.

    - `allocation-worker claim provider.create name=rack-1-node-1`
    - `allocation-worker claim inventory.create provider=UUID resource_class=VCPU total=64`
    - `allocation-worker claim allocation.set --consumer UUID --project p --user u --allocate UUID:VCPU=4,DISK_GB=9`
    - `allocation-worker claim allocation.place --consumer UUID --project p --user u --resources VCPU=4,MEMORY_MB=8192`
      `--resources _gpu:PGPU=1 --require '_gpu:CUSTOM_GPU_A|CUSTOM_GPU_B' --strategy pack`
    - `allocation-worker claim provider.set_state provider=UUID state=draining`
    - `allocation-worker claim reshape.json`
    """
    body, fields = _read(what)
    held = consumer_from({"id": consumer, "project": project, "user": user, "type": kind})
    amounts = {"allocations": amounts_from(allocate), "add": amounts_from(add), "remove": amounts_from(remove)}
    request = request_from(Asked(resources, require, forbid, policy, strategy))
    given = {"consumer": held, "request": request} | amounts
    added = fields_from(pairs or (), {name: value for name, value in given.items() if value})
    if is_together(fields):
        if added:
            raise WrongUse("A message of several claims is sent as it stands: write what is to be in it into the file.")
        send_together(body, fields, timeout_s if wait else None, check=check, as_json=as_json)
        return
    if "claim_id" not in fields | added:
        added["claim_id"] = str(uuid.uuid4())
    fields |= added
    sent = Sent(str(fields.get("op", "")), awaited_id(fields), encoded(fields) if added else body)
    if check and not is_right(sent):
        raise typer.Exit(WRONG_USE)
    _send(sent, timeout_s if wait else None, as_json=as_json)


def _read(what: str) -> tuple[bytes, Fields]:
    """The claim as it stands, and its fields."""
    if what in CLAIM_BY_OP:
        return b"", {"op": what}
    if what == STDIN:
        body = sys.stdin.buffer.read()
    elif Path(what).exists():
        body = Path(what).read_bytes()
    else:
        raise WrongUse(f"'{what}' is neither an op nor a file; {_meant(what)}")
    return body, read_object(body)


def _meant(what: str) -> str:
    if what in QUERY_BY_OP:
        return f"it is a query: allocation-worker query {what}."
    near = get_close_matches(what, CLAIM_BY_OP)
    return f"did you mean {' or '.join(near)}?" if near else f"the ops are {', '.join(CLAIM_BY_OP)}."


def _send(sent: Sent, timeout_s: float | None, *, as_json: bool) -> None:
    settings = load(BrokerSettings)
    tell_aside(f"claim {sent.claim_id}")
    try:
        outcome = run_in_loop(_published(settings, sent, timeout_s))
    except TimeoutError:
        later = f"allocation-worker query claim.get claim_id={sent.claim_id}"
        complain(f"No outcome within {timeout_s:g} s; ask later: {later}")
        raise typer.Exit(TIMED_OUT) from None
    if outcome is None:
        return
    if as_json:
        write_json(outcome)
    else:
        show_outcome(outcome)
    if outcome.get("type") == "claim.rejected":
        raise typer.Exit(REJECTED)


async def _published(settings: BrokerSettings, sent: Sent, timeout_s: float | None) -> dict[str, Any] | None:
    async with client(settings, "claim") as publisher:
        (outcome,) = await publisher.publish_claims([sent])
        if timeout_s is None:
            return None
        async with asyncio.timeout(timeout_s):
            return await outcome
