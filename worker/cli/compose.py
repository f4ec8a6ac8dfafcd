"""From what people type to the fields of a message: NAME=VALUE pairs and the flags for allocations. Pure."""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from worker.cli.endings import WrongUse

# Fields that hold lists, so that `providers=A,B` needs no JSON.
LISTS: Final = frozenset(
    {
        "providers",
        "consumers",
        "traits",
        "aggregates",
        "names",
        "required",
        "forbidden",
        "member_of",
        "not_member_of",
    }
)

# More than any amount has; Python refuses to read a number of thousands of them.
DIGITS_MAX: Final = 20

Fields = dict[str, Any]


def fields_from(pairs: Iterable[str], given: Mapping[str, Any] | None = None) -> Fields:
    """`total=64` is a number, `name=rack-1` a text, `name='"64"'` a text too, `consumer.id=...` a field of a field.

    They come to those `given`, and into them.
    """
    fields: Fields = deepcopy(dict(given or {}))
    for pair in pairs:
        name, found, value = pair.partition("=")
        if not found or not name:
            raise WrongUse(f"'{pair}' is not of the form NAME=VALUE.")
        put(fields, name.split("."), _value(name, value))
    return fields


def put(fields: Fields, path: list[str], value: Any) -> None:
    """Sets the field at `path`, making what lies between; WrongUse where something else stands in the way."""
    *parents, last = path
    for parent in parents:
        fields = fields.setdefault(parent, {})
        if not isinstance(fields, dict):
            raise WrongUse(f"'{'.'.join(path)}' is inside '{parent}', which is given as a value of its own.")
    fields[last] = value


def amounts_from(given: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`PROVIDER:VCPU=4,MEMORY_MB=1024`, repeated for each provider, as {provider: {class: amount}}."""
    amounts: dict[str, dict[str, Any]] = {}
    for one in given:
        provider, found, rest = one.rpartition(":")
        if not found or not provider:
            raise WrongUse(f"'{one}' is not of the form PROVIDER:CLASS=AMOUNT,CLASS=AMOUNT.")
        amounts.setdefault(provider, {}).update(class_amounts(rest))
    return amounts


def class_amounts(text: str) -> dict[str, int]:
    """`VCPU=4,MEMORY_MB=1024` as {class: amount}."""
    return dict(map(_amount, text.split(",")))


def consumer_from(given: Mapping[str, str | None]) -> Fields:
    """The consumer's fields that were given."""
    return {name: value for name, value in given.items() if value is not None}


def _amount(pair: str) -> tuple[str, int]:
    name, _, amount = pair.partition("=")
    if not name or not amount.isascii() or not amount.isdigit() or len(amount) > DIGITS_MAX:
        raise WrongUse(f"'{pair}' is not of the form CLASS=AMOUNT with a whole amount.")
    return name, int(amount)


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return [part for part in text.split(",") if part] if name in LISTS else text
