"""`python -m tests.fuzz`: every target for a share of the time; `--input FILE` runs what was found again."""

import argparse
import importlib.util
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.fuzz.running import Ran, run
from tests.fuzz.targets import TARGETS

FINDS = Path("fuzz-finds")
COLUMNS = ("target", "seeds", "runs", "branches", "features", "corpus", "peak MiB", "found")


def main() -> int:
    """0: nothing found; 1: a find, whose file is told."""
    asked = _asked()
    if asked.input is not None:
        TARGETS[asked.target or asked.input.name.partition("-")[0]](asked.input.read_bytes())
        sys.stdout.write(f"{asked.input} goes through.\n")
        return 0
    if importlib.util.find_spec("atheris") is None:
        sys.stdout.write("Fuzzing is skipped: atheris is not there for this Python or system; the tests still draw.\n")
        return 0
    names = [asked.target] if asked.target else list(TARGETS)
    each = max(2, asked.seconds // len(names))
    ran = [run(name, each, asked.finds, asked.seed) for name in names]
    _show(ran)
    return int(not all(map(_is_sound, ran)))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument("--input", type=Path, help="a file to run through its target, which its name begins with")
    parser.add_argument("--finds", type=Path, default=FINDS, help="where failing inputs are kept")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _is_sound(one: Ran) -> bool:
    if one.is_sound:
        return True
    sys.stderr.write(one.said[-6_000:])
    if one.find is None:
        sys.stderr.write(f"\n{one.target} did not run.\n")
    else:
        sys.stderr.write(f"\nFound: {one.find}\nAgain: python -m tests.fuzz --input {one.find}\n")
    return False


def _show(ran: list[Ran]) -> None:
    table = Table(title="fuzzing", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in {"target", "found"} else "right")
    for one in ran:
        numbers = (one.seeds, one.executions, one.branches, one.features, one.corpus, one.peak_mib)
        table.add_row(one.target, *(f"{number:,}" for number in numbers), str(one.find or "-"))
    table.add_row("all", "", f"{sum(one.executions for one in ran):,}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
