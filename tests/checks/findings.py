"""Bandit's findings, less those that a line accounts for: `python -m tests.checks.findings FOLDER...`.

Ruff has the same rules under S for B. A line that gives ruff its reason (`noqa: S603 - a fixed command`) has given it
to bandit; where bandit alone asks, the line says `nosec B404 - why`. An exception without a reason is a finding.
"""

import json
import re
import subprocess  # nosec B404 - bandit is a program
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

BANDIT_S: Final = 120.0
REASON: Final = re.compile(r"# (?:noqa: |nosec )((?:[SB]\d{3}(?:, )?|[A-Z]+\d+(?:, )?)+) - \S")


def excused(finding: Mapping[str, Any], lines: Sequence[str]) -> bool:
    """Whether one of the statement's lines names the rule and gives a reason."""
    number = str(finding["test_id"]).removeprefix("B")
    asked = {f"S{number}", f"B{number}"}
    here = (lines[at - 1] for at in finding["line_range"] if at <= len(lines))
    return any(asked & set(found.group(1).split(", ")) for line in here for found in REASON.finditer(line))


def unexcused(report: Mapping[str, Any], root: Path) -> Iterator[str]:
    """A sentence for each finding that no line accounts for, and for each file that could not be read."""
    for error in report["errors"]:
        yield f"{error['filename']}: {error['reason']}"
    for finding in report["results"]:
        lines = (root / finding["filename"]).read_text("utf-8").splitlines()
        if not excused(finding, lines):
            yield f"{finding['filename']}:{finding['line_number']}: {finding['test_id']} {finding['issue_text']}"


def main(folders: Sequence[str]) -> int:
    """Runs bandit with its settings of pyproject.toml; 1 where something is left to be accounted for."""
    command = [sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "--ignore-nosec", "-f", "json", "-r"]
    done = subprocess.run(  # noqa: S603 - a fixed command, folders from the Makefile
        [*command, *folders], capture_output=True, text=True, timeout=BANDIT_S, check=False
    )
    if done.returncode not in {0, 1}:
        sys.stderr.write(done.stderr)
        return done.returncode
    left = list(unexcused(json.loads(done.stdout), Path()))
    sys.stdout.write("".join(f"{one}\n" for one in left))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
