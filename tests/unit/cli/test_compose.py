"""From what people type to the fields of a message."""

from decimal import Decimal
from typing import Any

import pytest

from worker.cli.compose import amounts_from, consumer_from, fields_from
from worker.cli.endings import WrongUse


@pytest.mark.parametrize(
    ("pair", "fields"),
    [
        ("total=64", {"total": 64}),
        ("allocation_ratio=1.50", {"allocation_ratio": Decimal("1.50")}),
        ("parent=null", {"parent": None}),
        ("associated=true", {"associated": True}),
        ("name=rack-1", {"name": "rack-1"}),
        ('name="64"', {"name": "64"}),
        ("name=a=b", {"name": "a=b"}),
        ("name=", {"name": ""}),
        ("name=a,b", {"name": "a,b"}),
        ("providers=a,b", {"providers": ["a", "b"]}),
        ("providers=a", {"providers": ["a"]}),
        ('member_of=[["a","b"]]', {"member_of": [["a", "b"]]}),
        ("consumer.generation=null", {"consumer": {"generation": None}}),
    ],
)
def test_a_value_is_json_where_it_can_be_and_else_text(pair: str, fields: dict[str, Any]) -> None:
    assert fields_from([pair]) == fields


def test_fields_of_one_field_come_together() -> None:
    assert fields_from(["consumer.id=a", "consumer.project=p"]) == {"consumer": {"id": "a", "project": "p"}}


@pytest.mark.parametrize("pair", ["total", "=64", ""])
def test_what_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(WrongUse, match="NAME=VALUE"):
        fields_from([pair])


def test_a_field_inside_of_a_number_is_refused() -> None:
    with pytest.raises(WrongUse, match=r"'total\.x' is inside 'total'"):
        fields_from(["total=1", "total.x=2"])


def test_amounts_are_gathered_by_provider() -> None:
    given = ["a:VCPU=4,MEMORY_MB=1024", "b:VCPU=1", "a:DISK_GB=7"]
    assert amounts_from(given) == {"a": {"VCPU": 4, "MEMORY_MB": 1024, "DISK_GB": 7}, "b": {"VCPU": 1}}


@pytest.mark.parametrize("given", ["VCPU=4", ":VCPU=4", "a:", "a:VCPU", "a:VCPU=x", "a:VCPU=-1", "a:VCPU=1.5", "a:=1"])
def test_amounts_that_are_none_are_refused(given: str) -> None:
    with pytest.raises(WrongUse, match="is not of the form"):
        amounts_from([given])


def test_a_consumer_has_only_what_was_given() -> None:
    assert consumer_from({"id": "a", "project": None, "type": "INSTANCE"}) == {"id": "a", "type": "INSTANCE"}


def test_an_amount_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(WrongUse, match="is not of the form"):
        amounts_from(["a:VCPU=" + "9" * 5_000])
