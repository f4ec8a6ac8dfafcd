"""`query`: ask the worker what it knows."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final

import typer

from schemas.queries import QUERY_BY_OP
from worker.cli.candidates import show_candidates, show_explanation
from worker.cli.checked import encoded
from worker.cli.client import client
from worker.cli.compose import Fields, fields_from
from worker.cli.endings import TIMED_OUT, WrongUse
from worker.cli.loop import run_in_loop
from worker.cli.outcome import show_outcome
from worker.cli.requests import Asked, Forbid, Policy, Require, Resources, Strategy, request_from
from worker.cli.screen import complain, show_records, show_table, tell, write_json
from worker.settings import BrokerSettings, load

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command(no_args_is_help=True)
def query(  # noqa: PLR0913, PLR0917 - every flag of a command line is a parameter
    op: Annotated[str, typer.Argument(metavar="OP", help=f"One of {', '.join(QUERY_BY_OP)}.")],
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Fields; a value is JSON, else text, or a,b,c.")
    ] = None,
    resources: Resources = [],  # noqa: B006 - typer copies it
    require: Require = [],  # noqa: B006 - typer copies it
    forbid: Forbid = [],  # noqa: B006 - typer copies it
    policy: Policy = None,
    strategy: Strategy = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.0, help="Seconds to wait for the answer.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Ask the worker what it knows: what is there, who holds what, what became of a claim.

    - `allocation-worker query provider.list name=rack-1-node-1`
    - `allocation-worker query allocation.get consumers=UUID,UUID`
    - `allocation-worker query claim.get claim_id=UUID`
    - `allocation-worker query candidates.list --resources VCPU=4,MEMORY_MB=8192 --strategy spread request.limit=3`
    - `allocation-worker query candidates.explain --resources VCPU=4 --require HW_CPU_X86_AVX2`
    """
    if op not in QUERY_BY_OP:
        raise WrongUse(f"There is no query '{op}'; there are {', '.join(QUERY_BY_OP)}.")
    request = request_from(Asked(resources, require, forbid, policy, strategy))
    fields = fields_from(pairs or (), {"request": request} if request else {})
    encoded(fields)  # what no message can hold is told before anything is connected
    try:
        answer = run_in_loop(_asked(load(BrokerSettings), op, fields, timeout_s))
    except TimeoutError:
        complain(f"No answer within {timeout_s:g} s; does a worker run with the role queries or both?")
        raise typer.Exit(TIMED_OUT) from None
    if as_json:
        write_json(answer)
    else:
        SHOWN.get(op, partial(show_answer, op))(answer)


SHOWN: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    "claim.get": show_outcome,
    "candidates.list": show_candidates,
    "candidates.explain": show_explanation,
}


async def _asked(settings: BrokerSettings, op: str, fields: Fields, timeout_s: float) -> Any:
    async with client(settings, "query") as asker:
        return await asker.ask(op, fields, timeout_s)


def show_answer(op: str, answer: Mapping[str, Any]) -> None:
    """Collections in it as tables, the rest as one table of names and values."""
    single = {name: value for name, value in answer.items() if not isinstance(value, Mapping | list)}
    if single.get("next", "") is None:
        del single["next"]
    for name, value in answer.items():
        if isinstance(value, list):
            _show_list(name, value)
        elif isinstance(value, Mapping):
            _show_mapping(name, value)
    if single:
        show_table(op, ["field", "value"], single.items())


def _show_list(name: str, items: list[Any]) -> None:
    if items and all(isinstance(item, Mapping) for item in items):
        columns = list(dict.fromkeys(column for item in items for column in item))
        show_records(name, columns, [[item.get(column) for column in columns] for item in items])
    else:
        show_table(name, [name], ([item] for item in items))
    if not items:
        tell("none", "dim")


def _show_mapping(name: str, entries: Mapping[str, Any]) -> None:
    if entries and all(isinstance(entry, Mapping) for entry in entries.values()):
        columns = list(dict.fromkeys(column for entry in entries.values() for column in entry))
        rows = [[key, *(entry.get(column) for column in columns)] for key, entry in entries.items()]
        show_records(name, ["key", *columns], rows)
    else:
        show_table(name, ["name", "value"], entries.items())
