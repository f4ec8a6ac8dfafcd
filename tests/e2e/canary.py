"""A password that sings wherever it is shown, in whatever form; it has every character that means something in URLs."""

import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote, quote_plus

SONG: Final = "kanarienvogel"
PASSWORD: Final = f"{SONG}/@:%#?&=+ [ü]'\"\\{SONG}"
ENCODED: Final = quote(PASSWORD, safe="")
FORMS: Final = (SONG, PASSWORD, ENCODED, quote_plus(PASSWORD), b64encode(PASSWORD.encode()).decode().rstrip("="))


def sings(said: str | bytes) -> bool:
    """Whether any of the password is in what was said, in whatever form."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return any(form.lower() in text.lower() for form in FORMS)


def with_canary(url: str, user: str = "canary") -> str:
    """The same server, for a user with that password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{ENCODED}@{rest.rpartition('@')[2]}"


class Heard(logging.Handler):
    """All that anybody logged, as text."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s %(args)r"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[list[str]]:
    """All that is logged within, by whomever, at whatever level."""
    heard, root = Heard(), logging.root
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    try:
        yield heard.lines
    finally:
        root.removeHandler(heard)
        root.setLevel(level)
