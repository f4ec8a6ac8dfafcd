"""`dead`: messages that were parked."""

from typing import Annotated, Final

import typer

from worker.cli.broker import broker_of
from worker.cli.endings import FAILED, Complaint, WrongUse
from worker.cli.letters import as_document, chosen, show_letters, show_whole
from worker.cli.loop import run_in_loop
from worker.cli.screen import tell, write_json
from worker.policy import load_policy
from worker.rabbit import dead as queue
from worker.rabbit.dead import DeadLetter
from worker.settings import BrokerSettings, PolicySettings, load

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")

# Looked-at letters are out of the queue, and in memory, until the verb ends; a letter has at most 1 MiB.
LIMIT: Final = 100

Names = Annotated[list[str] | None, typer.Argument(metavar="LETTER|CLAIM_ID", help="As `dead list` shows them.")]
Reason = Annotated[str | None, typer.Option(help="Only those parked for this reason.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="Look at so many letters, from the oldest.")]
Every = Annotated[bool, typer.Option("--all", help="Take all of them.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print them as JSON.")]


@app.callback()
def dead() -> None:
    """Parked messages: list them, show one, send them back to be decided, or drop them."""


@app.command("list")
def list_(reason: Reason = None, limit: Limit = LIMIT, as_json: AsJson = False) -> None:
    """List parked messages, the oldest first; they stay where they are."""
    select = chosen((), reason)
    letters = [letter for letter in _peeked(limit) if select(letter)]
    if as_json:
        write_json([as_document(letter) for letter in letters])
    elif letters:
        show_letters(letters)
    else:
        tell("No message is parked.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="LETTER|CLAIM_ID", help="As `dead list` shows them.")],
    limit: Limit = LIMIT,
    as_json: AsJson = False,
) -> None:
    """Show all of a parked message: headers, stack trace, body."""
    select = chosen([name], None)
    letters = [letter for letter in _peeked(limit) if select(letter)]
    if not letters:
        raise Complaint(f"None of the first {limit} parked messages is {name}.")
    if as_json:
        write_json([as_document(letter) for letter in letters])
        return
    for letter in letters:
        show_whole(letter)


@app.command()
def replay(names: Names = None, reason: Reason = None, every: Every = False, limit: Limit = LIMIT) -> None:
    """Send parked messages to be decided again; harmless to repeat, since a claim takes effect once.

    Where workers go by an access policy, name it here too (ALLOCATION_POLICY_FILE): it says who may say on whose behalf
    a message was sent.
    """
    _require_a_choice(names, reason, every)
    settings = load(BrokerSettings)
    policy = load(PolicySettings).policy_file
    speakers = load_policy(policy).speakers if policy else frozenset()
    broker, select = broker_of(settings, "dead"), chosen(names or (), reason)
    _say("sent back", run_in_loop(queue.replay(broker, settings.prefix, select, limit, speakers)))


@app.command()
def drop(
    names: Names = None,
    reason: Reason = None,
    every: Every = False,
    limit: Limit = LIMIT,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete parked messages for good."""
    _require_a_choice(names, reason, every)
    settings = load(BrokerSettings)
    if not yes:
        typer.confirm("Delete them for good?", abort=True, err=True)
    select = chosen(names or (), reason)
    _say("dropped", run_in_loop(queue.drop(broker_of(settings, "dead"), settings.prefix, select, limit)))


def _peeked(limit: int) -> list[DeadLetter]:
    settings = load(BrokerSettings)
    return run_in_loop(queue.peek(broker_of(settings, "dead"), settings.prefix, limit))


def _require_a_choice(names: list[str] | None, reason: str | None, every: bool) -> None:
    if not (names or reason or every):
        raise WrongUse("Say which: letters, claim ids, --reason or --all.")


def _say(what: str, letters: int) -> None:
    tell(f"{letters} {'message' if letters == 1 else 'messages'} {what}.")
    if not letters:
        raise typer.Exit(FAILED)
