"""What is said of the packages' known vulnerabilities, and what fails."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checks.advisories import Ended, asked, main, verdict

GOOD = {"name": "good", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI and could not be audited: ours (1.0)"}
BAD = {"name": "bad", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]}


def said(*packages: dict[str, Any], code: int = 0) -> Ended:
    return Ended(code, json.dumps({"dependencies": packages, "fixes": []}), "")


def test_a_known_vulnerability_fails_and_is_named() -> None:
    assert verdict(said(GOOD, BAD, UNKNOWN, code=1)) == (1, "bad 2.0: PYSEC-1, fixed in 2.1")


def test_none_is_told_with_how_many_were_audited() -> None:
    assert verdict(said(GOOD)) == (0, "pip-audit: no known vulnerability in 1 packages")


def test_what_was_not_audited_is_never_passed_over() -> None:
    assert verdict(said(GOOD, UNKNOWN)) == (
        0, "pip-audit: no known vulnerability in 1 packages; NOT AUDITED, since not known there: ours",
    )  # fmt: skip
    assert verdict(said(UNKNOWN)) == (
        0, "pip-audit: NOT AUDITED, the source of advisories knows none of the 1 packages",
    )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed\nERROR:pip_audit._cli:Tip: your network",
        "requests.exceptions.ConnectionError: Failed to establish a new connection",
    ],
)
def test_a_source_out_of_reach_is_told_and_fails_nothing(error: str) -> None:
    code, line = verdict(Ended(1, "", error))
    assert code == 0
    assert line.startswith("pip-audit: NOT AUDITED, the source of advisories cannot be reached: ")
    assert "\n" not in line


def test_no_answer_in_time_is_told_and_fails_nothing() -> None:
    assert verdict(None) == (0, "pip-audit: NOT AUDITED, no answer within 12 s")


def test_an_audit_that_fails_for_another_reason_fails() -> None:
    assert verdict(Ended(1, "", "ERROR:pip_audit._cli:requirements.txt is no file")) == (
        1, "pip-audit failed: ERROR:pip_audit._cli:requirements.txt is no file",
    )  # fmt: skip


def test_the_lock_alone_is_asked_about_and_nothing_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    commands: list[list[str]] = []

    def run(command: Any) -> Ended:
        commands.append(list(command))
        return said(GOOD)

    assert main("requirements.runtime.lock", run) == 0
    (command,) = commands
    assert command[command.index("--requirement") + 1] == "requirements.runtime.lock"
    assert {"--disable-pip", "--require-hashes"} <= set(command)
    assert capsys.readouterr().out == "pip-audit: no known vulnerability in 1 packages\n"


def test_a_lock_that_is_not_there_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(str(tmp_path / "nowhere.lock")) != 0
    assert capsys.readouterr().out.startswith("pip-audit failed: ")


def test_what_a_command_says_and_ends_with_is_kept() -> None:
    assert asked([sys.executable, "-c", "import sys; print('a'); sys.exit('b')"]) == Ended(1, "a\n", "b\n")
