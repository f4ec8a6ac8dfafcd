"""A run of libFuzzer on each target: seeds in, executions, coverage and finds out."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.seeds import words, write

CHILD: Final = "tests.fuzz.child"
INPUT_SECONDS_MAX: Final = 5
MEMORY_MIB_MAX: Final = 1_024
INPUT_BYTES_MAX: Final = 16_384
START_SECONDS_MAX: Final = 60
_FIND: Final = re.compile(r"Test unit written to (\S+)")
_COVERED: Final = re.compile(r"#\d+\s+(?:INITED|NEW|REDUCE|RELOAD|pulse|DONE).*?cov: (\d+) ft: (\d+) corp: (\d+)")
_EXECUTED: Final = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_PEAK: Final = re.compile(r"stat::peak_rss_mb:\s+(\d+)")


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one target; `branches` of the code followed, `features` as libFuzzer counts them, `find` a file."""

    target: str
    seeds: int
    executions: int
    branches: int
    features: int
    corpus: int
    peak_mib: int
    find: Path | None
    said: str

    @property
    def is_sound(self) -> bool:
        """Nothing found, and really run."""
        return self.find is None and self.executions > 0


def run(target: str, seconds: int, finds: Path, seed: int, child: str = CHILD) -> Ran:
    """`target` for so long, its failing input kept in `finds`."""
    finds.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus, dictionary = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        seeded = write(target, corpus)
        dictionary.write_text("".join(f"{_quoted(word)}\n" for word in words()), "ascii")
        said = _said(child, target, _flags(seconds, finds / f"{target}-", dictionary, seed), corpus, seconds)
    covered = _COVERED.findall(said) or [("0", "0", "0")]
    branches, features, kept = map(int, covered[-1])
    found = _FIND.search(said)
    executed, peak = _EXECUTED.search(said), _PEAK.search(said)
    return Ran(
        target,
        seeded,
        int(executed[1]) if executed else 0,
        branches,
        features,
        kept,
        int(peak[1]) if peak else 0,
        Path(found[1]) if found else None,
        said,
    )


def _said(child: str, target: str, flags: Sequence[str], corpus: Path, seconds: int) -> str:
    command = [sys.executable, "-m", child, target, *flags, str(corpus)]
    ended = subprocess.run(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=seconds + START_SECONDS_MAX
    )
    return ended.stdout.decode("utf-8", "replace")


def _flags(seconds: int, finds: Path, dictionary: Path, seed: int) -> list[str]:
    return [
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS_MAX}",
        f"-rss_limit_mb={MEMORY_MIB_MAX}",
        f"-max_len={INPUT_BYTES_MAX}",
        f"-artifact_prefix={finds}",
        f"-dict={dictionary}",
        f"-seed={seed}",
        "-print_final_stats=1",
    ]


def _quoted(word: bytes) -> str:
    text = word.decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
