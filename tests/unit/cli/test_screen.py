"""What reaches the terminal."""

import json

import pytest

from worker.cli.outcome import show_outcome
from worker.cli.query import show_answer
from worker.cli.screen import cell, complain, show_table, tell, write_json

NASTY = "a\x1b[2J\n[red]b\u202e"


def test_control_characters_and_markup_do_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(NASTY, ["column"], [[NASTY], [{"key": NASTY}]])
    tell(NASTY)
    complain(NASTY)
    out, err = capsys.readouterr()
    assert out.count("a\\x1b[2J\\n[red]b\\u202e") == 4
    assert "a\\x1b[2J\\n[red]b\\u202e" in err
    assert "\x1b" not in out + err


def test_json_comes_through_unwrapped_and_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": NASTY + "x" * 500, "number": 1.5}
    write_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert out.isascii()
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ({}, "-"),
        (True, "yes"),
        (7, "7"),
        (["a", "b"], "a, b"),
        ({"p": {"VCPU": 4, "DISK_GB": 1}}, "p: (VCPU: 4, DISK_GB: 1)"),
    ],
)
def test_values_are_shown_short(value: object, shown: str) -> None:
    assert cell(value).plain == shown


def test_a_refusal_shows_its_code_its_numbers_and_whether_to_try_again(capsys: pytest.CaptureFixture[str]) -> None:
    details = {"resource_class": "VCPU", "requested": 8, "free": 3}
    rejection = {"code": "capacity_exceeded", "message": "VCPU is full.", "transient": True, "details": details}
    show_outcome({"type": "claim.rejected", "data": rejection})
    out = capsys.readouterr().out
    assert "rejected: capacity_exceeded" in out
    assert "may succeed later" in out
    assert all(word in out for word in ("requested", "8", "free", "3"))


def test_an_invalid_message_shows_every_violation(capsys: pytest.CaptureFixture[str]) -> None:
    violation = {"path": ["consumer", "id"], "rule": "format", "limit": "uuid", "value": "x1"}
    rejection = {"code": "invalid_message", "message": "It is wrong.", "transient": False, "details": [violation]}
    show_outcome({"type": "claim.rejected", "data": rejection})
    out = capsys.readouterr().out
    assert "consumer, id" in out
    assert "will not succeed" in out


def test_a_grant_shows_consumers_and_providers(capsys: pytest.CaptureFixture[str]) -> None:
    consumer = {"id": "c-1", "generation": 1, "before": {}, "after": {"p-1": {"VCPU": 4}}}
    provider = {"generation": 9, "inventories": {"VCPU": {"capacity": 64, "used": 31}}}
    data = {"changed": False, "consumers": [consumer], "providers": {"p-1": provider}}
    show_outcome({"type": "allocation.granted", "data": data})
    out = capsys.readouterr().out
    assert "allocation.granted (nothing changed)" in out
    assert all(word in out for word in ("c-1", "p-1", "VCPU: 4", "64", "31"))


def test_an_answer_becomes_tables(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer("provider.list", {"providers": [{"name": "rack-1", "generation": 3}], "next": None})
    show_answer("usage.provider", {"providers": {"p-1": {"generation": 4, "usages": {"VCPU": 5}}}})
    show_answer("trait.list", {"names": []})
    out = capsys.readouterr().out
    assert all(word in out for word in ("rack-1", "p-1", "VCPU: 5", "none"))
    assert "next" not in out


@pytest.mark.parametrize(("width", "tables"), [("60", 2), ("200", 1)])
def test_records_too_wide_for_the_screen_are_shown_one_below_the_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str, tables: int
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    show_answer(
        "provider.list", {"providers": [{"id": "a" * 36, "root": "b" * 36}, {"id": "c" * 36, "root": "d" * 36}]}
    )
    out = capsys.readouterr().out
    assert out.count("providers") == tables
    assert all(letter * 36 in out for letter in "abcd")


def test_the_next_page_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer("provider.list", {"providers": [{"name": "rack-1"}], "next": "p-9"})
    assert "p-9" in capsys.readouterr().out


def test_what_is_nested_beyond_any_message_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    deep: dict[str, object] = {}
    for _ in range(400):
        deep = {"a": deep, "b": float("nan")}
    show_table("letter", ["header", "value"], [["x", deep]])
    write_json(deep)
    assert capsys.readouterr().out.count("...") >= 2
