"""Field types that only queries have."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from schemas.absent import Absentable
from schemas.amounts import TRAITS_MAX, at_most
from schemas.message import Message
from schemas.text import Name, Uuid

IDS_MAX = 1_000
PAGE_SIZE_MAX = 1_000
PAGE_SIZE_DEFAULT = 100


def _list_of_one(item: Any) -> Any:
    return [item] if isinstance(item, str) else item


def _with_bare_item(schema: dict[str, Any]) -> None:
    alternatives = dict(schema)
    schema.clear()
    schema["anyOf"] = [alternatives["items"], alternatives]


_ANY = Field(min_length=1, max_length=IDS_MAX, strict=False, fail_fast=True, json_schema_extra=_with_bare_item)
_SOME = Field(max_length=IDS_MAX, strict=False, fail_fast=True)

Ids = Annotated[tuple[Uuid, ...], _SOME, at_most(IDS_MAX)]
Names = Annotated[tuple[Name, ...], _SOME, at_most(TRAITS_MAX)]
AnyOfNames = Annotated[tuple[Name, ...], _ANY, at_most(IDS_MAX), BeforeValidator(_list_of_one)]
"""A name, or a list of names any of which will do; kept as a tuple either way."""

AnyOfIds = Annotated[tuple[Uuid, ...], _ANY, at_most(IDS_MAX), BeforeValidator(_list_of_one)]
"""An id, or a list of ids any of which will do; kept as a tuple either way."""

RequiredTraits = Annotated[tuple[AnyOfNames, ...], _SOME, at_most(TRAITS_MAX)]
Memberships = Annotated[tuple[AnyOfIds, ...], _SOME, at_most(IDS_MAX)]
Prefix = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
TypeFilter = Annotated[str, StringConstraints(max_length=255, pattern="^([A-Z0-9_]+|all|unknown)$")]
"""A consumer type, `unknown` for consumers without one, or `all` for all of them in one group."""


class Paged(Message):
    """A list told a page at a time: `after` is what `next` of the reply before said."""

    page_size: Annotated[int, Field(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT
    after: Absentable[Uuid] = None
