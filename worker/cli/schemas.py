"""`schemas`: the contract as files."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.export import documents, write
from worker.cli.screen import tell

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")


@app.callback()
def schemas() -> None:
    """The message contract as files, for those who do not read Python."""


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made when missing; files in it are overwritten.")],
    prefix: Annotated[str, typer.Option(help="The prefix of exchanges and queues.")] = "allocation",
) -> None:
    """Write a JSON Schema for each message and the AsyncAPI document into DIR."""
    write(folder, prefix)
    tell(f"{len(documents(prefix))} files written to {folder}.")
