"""What was published and what arrived, written down as it was: records of a few byte strings each, a file a region."""

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

LENGTH: Final = struct.Struct(">I")
PUBLISHED, EVENTS, LETTERS = "published", "events", "letters"
NOWHERE: Final = -1
"""The region of what names none: messages that cannot be read."""


class Journal:
    """Appends records to the files of a folder; all of them are on disk once it is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, int], IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()

    def add(self, what: str, region: int, *parts: bytes) -> None:
        """One record."""
        file = self._files.get((what, region))
        if file is None:
            file = self._files[what, region] = path_of(self._folder, what, region).open("ab")
        file.write(b"".join(LENGTH.pack(len(part)) + part for part in parts))


def path_of(folder: Path, what: str, region: int) -> Path:
    """Where the records of a region stand."""
    return folder / f"{what}.{region}"


def records(folder: Path, what: str, region: int, parts: int) -> Iterator[tuple[bytes, ...]]:
    """All records of so many parts each, in the order in which they were written; none where there is no file."""
    path = path_of(folder, what, region)
    if not path.exists():
        return
    with path.open("rb") as file:
        while first := file.read(LENGTH.size):
            read = [file.read(*LENGTH.unpack(first))]
            read += [file.read(*LENGTH.unpack(file.read(LENGTH.size))) for _ in range(parts - 1)]
            yield tuple(read)


def regions_of(folder: Path) -> list[int]:
    """The regions that any record is of."""
    return sorted({int(path.suffix[1:]) for path in folder.iterdir() if path.suffix[1:].lstrip("-").isdigit()})
