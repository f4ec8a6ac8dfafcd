"""Fields that may be left out: absent, null and a value are three different things.

`UNSET` stands where a field was left out and leaving it out means something else than null. Where null is not
allowed at all, None stands for a field left out.
"""

from enum import Enum
from functools import reduce
from operator import or_
from typing import Annotated, Any, Final, TypeVar, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


class _Without:
    """Validates a union as if the given members were not in it; they are for defaults alone."""

    def __init__(self, *members: object) -> None:
        self._members = members

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        kept = [member for member in get_args(source) if member not in self._members]
        return handler(reduce(or_, kept))


_Value = TypeVar("_Value")

Absentable = Annotated[_Value | None, _Without(type(None))]
"""The value, or None where the field was left out; a null on the wire is an error of type."""

Distinct = Annotated[_Value | Unset | None, _Without(Unset)]
"""The value, None for a null on the wire, or UNSET where the field was left out."""
