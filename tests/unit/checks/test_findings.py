"""Which of bandit's findings a line accounts for."""

from pathlib import Path
from typing import Any

import pytest

from tests.checks.findings import excused, main, unexcused

LINES = [
    "import subprocess  # nosec B404 - it runs a program",
    "import subprocess  # nosec B404",
    "run(  # noqa: S603 - a fixed command",
    "    command",
    ")",
    "assert one  # noqa: S101",
    "draw()  # noqa: S311, PLR2004 - jitter, no secret",
    "draw()  # nosec",
    "import subprocess",
]


def finding(test: str, *lines: int) -> dict[str, Any]:
    return {
        "test_id": test, "line_range": list(lines), "line_number": lines[0], "filename": "a.py", "issue_text": "Bad.",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("test", "lines", "expected"),
    [
        ("B404", [1], True),
        ("B404", [2], False),
        ("B603", [3, 4, 5], True),
        ("B602", [3, 4, 5], False),
        ("B101", [6], False),
        ("B311", [7], True),
        ("B311", [8], False),
        ("B404", [9], False),
    ],
)
def test_an_exception_names_its_rule_and_has_a_reason(test: str, lines: list[int], expected: bool) -> None:
    assert excused(finding(test, *lines), LINES) is expected


def test_what_is_left_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("\n".join(LINES))
    report = {
        "errors": [{"filename": "b.py", "reason": "syntax error"}],
        "results": [finding("B404", 9), finding("B404", 1)],
    }
    assert list(unexcused(report, tmp_path)) == ["b.py: syntax error", "a.py:9: B404 Bad."]


def test_a_weakness_that_nobody_gave_a_reason_for_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import subprocess  # nosec\nsubprocess.run('ls ' + input(), shell=True)\n")
    assert main([str(tmp_path)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in told] == ["B404", "B602"]
