"""Small bars of text, for tables."""

from typing import Final

from rich.console import Console
from rich.text import Text

WIDTH: Final = 16


class Bars:
    """Bars as the terminal can show them."""

    def __init__(self, console: Console) -> None:
        wide = console.encoding.lower().startswith("utf")
        self._full, self._empty = ("━", "─") if wide else ("#", ".")
        self.yes, self.no = ("✓", "✗") if wide else ("ok", "!!")

    def bar(self, share: float, width: int = WIDTH, style: str = "") -> Text:
        """A share of 1, by default in the colour of how full it is; a share above 0 is never nothing."""
        cells = min(width, max(int(share > 0), round(share * width)))
        text = Text(self._full * cells, style=style or colour_of(share))
        return text.append(self._empty * (width - cells), style="dim")


def colour_of(share: float) -> str:
    return "red" if share >= 0.95 else "yellow" if share >= 0.75 else "green"


def percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def milliseconds(seconds: float) -> str:
    return f"{1_000 * seconds:,.0f} ms"
