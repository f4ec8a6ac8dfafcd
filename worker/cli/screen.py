"""What people and programs see: tables and sentences, or JSON. Text from messages is never trusted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.telemetry import printable

# Deeper than any message of the contract; headers of a parked one may go so deep that showing them all fails.
DEPTH_MAX: Final = 32


def complain(sentence: str) -> None:
    """To stderr, in one line."""
    Console(stderr=True, soft_wrap=True).print(Text(f"Error: {printable(sentence)}", style="red"))


def tell(sentence: str, style: str = "") -> None:
    Console(soft_wrap=True).print(Text(printable(sentence), style=style))


def tell_aside(sentence: str) -> None:
    """To stderr, so that stdout stays what a program reads."""
    Console(stderr=True, soft_wrap=True).print(Text(printable(sentence), style="dim"))


def write_json(value: object) -> None:
    """One document to stdout, indented and in ASCII, so that no control character comes through."""
    Console(soft_wrap=True, highlight=False).out(json.dumps(_writable(value), indent=2, default=_json), highlight=False)


def _writable(value: Any, depth: int = 0) -> Any:
    """Without what a header may be and JSON has not: numbers that are none become their text, the deepest is cut."""
    match value:
        case float() if not isfinite(value):
            return str(value)
        case dict() | list() | tuple() if value and depth > DEPTH_MAX:
            return "..."
        case dict():
            return {key: _writable(one, depth + 1) for key, one in value.items()}
        case list() | tuple():
            return [_writable(one, depth + 1) for one in value]
        case _:
            return value


def _json(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(title=Text(printable(title)), title_justify="left")
    for column in columns:
        table.add_column(cell(column), overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    Console().print(table)


def show_records(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """One table where the screen is wide enough for it, else a table of names and values for each row."""
    width = sum(max(len(cell(value)) for value in column) + 3 for column in zip(columns, *rows, strict=True))
    if width < Console().width:
        show_table(title, columns, rows)
        return
    for row in rows:
        show_table(title, ["field", "value"], zip(columns, row, strict=True))


def cell(value: object) -> Text:
    """A value as people read it: nested ones as `name: value` pairs."""
    return Text(printable(_short(value)))


def _short(value: object, depth: int = 0) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case Mapping() | list() | tuple() if value and depth > DEPTH_MAX:
            return "..."
        case Mapping():
            return ", ".join(f"{key}: {_nested(one, depth)}" for key, one in value.items()) or "-"
        case list() | tuple():
            return ", ".join(_nested(one, depth) for one in value) or "-"
        case _:
            return str(value)


def _nested(value: object, depth: int) -> str:
    inner = _short(value, depth + 1)
    return f"({inner})" if isinstance(value, Mapping | list | tuple) and value else inner
