"""Numbers on the wire, and the mappings from providers and resource classes to them."""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema, WrapValidator
from pydantic_core import PydanticCustomError, PydanticKnownError

from schemas.text import GroupName, Id, Name, Uuid

MAX_INT = 2_147_483_647
GENERATION_MAX = 2**53 - 1  # the largest that is exact in every JSON reader (RFC 8259, 6)
RATIO_MAX = 1_000_000
RATIO_STEP = Decimal("0.000001")
AMOUNTS_MAX = 1_000
TRAITS_MAX = 1_000
GROUPS_MAX = 64

_DIGITS_EXACT_MAX = 15  # decimals of so many digits survive a binary64 and its shortest text (IEEE 754)
_EXACT = Context(prec=28)  # a ratio within its range has 13 digits at most

_Input = TypeVar("_Input")
_Output = TypeVar("_Output")


def one_spelling(value: Any, validate: Callable[[Any], dict[str, _Output]]) -> dict[str, _Output]:
    """Refuses a mapping in which two keys, differently spelled, are one id."""
    validated = validate(value)
    if len(validated) != len(value):
        seen = set()
        for key in value:
            canonical = key.replace("-", "").lower()
            if canonical in seen:
                raise PydanticCustomError("uniqueItems", "one id twice", {"limit": True, "value": key})
            seen.add(canonical)
    return validated


def at_most(count_max: int) -> BeforeValidator:
    """Refuses more items for their number alone: each wrong one would otherwise be told, at a cost, and forgotten."""

    def counted(value: Any) -> Any:
        if isinstance(value, dict | list | tuple) and len(value) > count_max:
            kind = "Dictionary" if isinstance(value, dict) else "Tuple"
            raise PydanticKnownError(
                "too_long", {"field_type": kind, "max_length": count_max, "actual_length": len(value)}
            )
        return value

    return BeforeValidator(counted)


def amounts_counted(*parts: Mapping[str, Mapping[str, int]]) -> int:
    """How many (provider, class) amounts there are; a custom error of rule `maxProperties` beyond AMOUNTS_MAX."""
    count = sum(len(amounts) for part in parts for amounts in part.values())
    if count > AMOUNTS_MAX:
        raise PydanticCustomError("maxProperties", "too many amounts", {"limit": AMOUNTS_MAX, "value": count})
    return count


def _ratio(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("type", "not a number", {"limit": "number"})
    if value < 0:
        raise PydanticCustomError("minimum", "below the minimum", {"limit": 0})
    if value > RATIO_MAX:
        raise PydanticCustomError("maximum", "above the maximum", {"limit": RATIO_MAX})
    exact = Decimal(value)
    rounded = exact.quantize(RATIO_STEP, context=_EXACT)
    if rounded != exact:
        raise PydanticCustomError("multipleOf", "too many digits after the point", {"limit": RATIO_STEP})
    return Decimal(format(rounded.normalize(_EXACT), "f")) if rounded else Decimal(0)


def json_number(value: Decimal) -> int | float:
    """What the standard encoder writes as a JSON number of exactly this value; ValueError where it cannot."""
    if not value.is_finite() or abs(value) >= 10**_DIGITS_EXACT_MAX:
        raise ValueError(f"{value} has no exact JSON number here")
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value:
        raise ValueError(f"{value} has no exact JSON number here")
    return number


Amount = Annotated[int, Field(ge=1, le=MAX_INT)]
Count = Annotated[int, Field(ge=0, le=MAX_INT)]
# not MAX_INT: of a provider that changes 7,000 times a second no claim could name the generation after 3.5 days; so it
# takes 40,000 years
Generation = Annotated[int, Field(ge=0, le=GENERATION_MAX)]
"""A generation, in claims and as the worker tells it, so that each that is told can be named."""

Ratio = Annotated[
    Decimal,
    PlainValidator(_ratio),
    PlainSerializer(json_number, when_used="json"),
    WithJsonSchema(
        {
            "type": "number",
            "minimum": 0,
            "maximum": RATIO_MAX,
            "description": "At most 6 digits after the point; a finer number is refused, rule `multipleOf`.",
        }
    ),
]
"""An exact decimal, from a JSON number read as its text (an int or a Decimal, never a float).

Its JSON Schema has no multipleOf: validators that compute in binary fractions refuse good numbers by it.
"""

ClassAmounts = Annotated[dict[Name, Amount], Field(min_length=1, max_length=AMOUNTS_MAX), at_most(AMOUNTS_MAX)]
Allocations = Annotated[
    dict[Uuid, ClassAmounts], Field(max_length=AMOUNTS_MAX), WrapValidator(one_spelling), at_most(AMOUNTS_MAX)
]
"""{provider: {class: amount}}: a provider that is named has at least one class."""

ProviderGenerations = Annotated[dict[Uuid, Generation], WrapValidator(one_spelling)]
Mappings = Annotated[
    dict[GroupName, Annotated[tuple[Uuid, ...], Field(min_length=1, strict=False, fail_fast=True)]],
    Field(max_length=GROUPS_MAX),
    at_most(GROUPS_MAX),
]
"""{group: [provider]}."""

Number = Annotated[int, Field(ge=0)]
"""A count or an incarnation as the worker tells it, which may have grown beyond MAX_INT."""

AllocationsTold = dict[Id, Annotated[dict[Name, Amount], Field(min_length=1)]]
"""{provider: {class: amount}} as the worker tells it."""
