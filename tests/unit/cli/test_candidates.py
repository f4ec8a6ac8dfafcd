"""Candidates and explanations as tables."""

from typing import Any

import pytest

from worker.cli.candidates import show_candidates, show_explanation

WIDE = "200"


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The cells of each row, those without any left out."""
    rows = (line.replace("┃", "│").split("│") for line in capsys.readouterr().out.splitlines())
    return [[cell.strip() for cell in (row[1:-1] or row)] for row in rows]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", WIDE)


def candidate(**allocations: dict[str, int]) -> dict[str, Any]:
    return {"allocations": allocations, "mappings": {"": ["host"], "_gpu": ["gpu"]}}


def test_a_candidate_says_who_would_give_what_for_which_group(capsys: pytest.CaptureFixture[str]) -> None:
    summary = {"resources": {"VCPU": {"capacity": 8, "used": 3}}, "traits": ["A"], "parent": None, "root": "host"}
    one = candidate(host={"VCPU": 4}, gpu={"PGPU": 1})
    show_candidates({"allocation_requests": [one], "provider_summaries": {"host": summary}, "truncated": True})
    rows = lines(capsys)
    assert ["1", "gpu", "_gpu", "PGPU: 1"] in rows
    assert ["", "host", "(unnamed)", "VCPU: 4"] in rows
    assert ["host", "-", "VCPU: 3 of 8", "A"] in rows
    assert ["there are more"] in rows


def test_no_candidate_points_to_the_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    show_candidates({"allocation_requests": [], "provider_summaries": {}, "truncated": False})
    assert ["none; candidates.explain says why"] in lines(capsys)


def test_an_explanation_has_a_column_for_each_group_and_a_row_for_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    miss = dict.fromkeys(("requested", "capacity", "used", "free", "lacking"), 7)
    show_explanation(
        {
            "groups": {
                "": [{"step": "all", "left": 9}, {"step": "capacity", "resource_class": "VCPU", "left": 0}],
                "_gpu": [{"step": "all", "left": 9}, {"step": "capacity", "resource_class": "PGPU", "left": 2}],
            },
            "trees": [{"step": "tree_merge", "left": 0}],
            "nearest": [{"group": "", "provider": "host", "resource_class": "VCPU", **miss}],
        }
    )
    rows = lines(capsys)
    assert ["after step", "of class", "(unnamed)", "_gpu"] in rows
    assert ["all", "", "9", "9"] in rows
    assert ["capacity", "VCPU", "0", "-"] in rows
    assert ["capacity", "PGPU", "-", "2"] in rows
    assert ["tree_merge", "0"] in rows
    assert ["(unnamed)", "host", "VCPU", "7", "7", "7", "7", "7"] in rows
