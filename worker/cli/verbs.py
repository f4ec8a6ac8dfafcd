"""All verbs, each imported when it is first asked for: a health check must not load a database driver each time."""

import logging
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from worker.cli.endings import EXPECTED, exit_code, reason
from worker.cli.screen import complain

# In the order in which a newcomer needs them.
VERBS: Final = (
    "migrate",
    "topology",
    "run",
    "health",
    "claim",
    "query",
    "dead",
    "audit",
    "replay",
    "schemas",
    "demo",
)


class Verbs(TyperGroup):
    """Finds a verb in the module of its name, and ends an expected failure with one sentence on stderr."""

    def list_commands(self, _context: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, _context: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = get_command(import_module(f"worker.cli.{cmd_name}").app)
            self.commands[cmd_name].name = cmd_name
        return self.commands[cmd_name]

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # whoever read stdout has seen enough; typer ends quietly on it
            raise
        except EXPECTED as failure:
            complain(reason(failure))
            raise typer.Exit(exit_code(failure)) from None


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)


@app.callback()
def allocation_worker() -> None:
    """Hands out finite resources by message: claims in, transactions in PostgreSQL, outcomes out as events.

    A first run, with a database and a broker at hand:

    1. `export ALLOCATION_DATABASE_URL=postgresql://user:secret@localhost/allocation`
    2. `export ALLOCATION_BROKER_URL=amqp://user:secret@localhost/`
    3. `allocation-worker migrate` makes the tables
    4. `allocation-worker topology declare` makes exchanges and queues
    5. `allocation-worker run` works until stopped
    6. in another terminal: `allocation-worker claim provider.create name=rack-1`

    Every setting is an environment variable that begins with ALLOCATION_; the two addresses may also stand in files
    named by ALLOCATION_DATABASE_URL_FILE and ALLOCATION_BROKER_URL_FILE.

    Exit codes: 0 done, 1 failed, 2 wrong use, 3 claim rejected, 4 no answer in time.
    """
    # What the libraries would say on stderr is told by the verb's own sentence; `run` configures the log anew.
    logging.root.addHandler(logging.NullHandler())
