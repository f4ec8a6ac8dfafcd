"""The claim that moves inventories between providers under live allocations."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WrapValidator
from pydantic_core import PydanticCustomError

from schemas.allocation_claims import Holdings
from schemas.amounts import AMOUNTS_MAX, Generation, at_most, one_spelling
from schemas.envelope import ClaimEnvelope
from schemas.message import Message
from schemas.stock import Inventories
from schemas.text import Uuid


class NewInventories(Message):
    """All that a provider has afterwards, and the generation that it must be at before."""

    generation: Generation
    inventories: Inventories


def _records_counted(providers: dict[str, NewInventories]) -> dict[str, NewInventories]:
    count = sum(len(one.inventories) for one in providers.values())
    if count > AMOUNTS_MAX:
        raise PydanticCustomError("maxProperties", "too many records", {"limit": AMOUNTS_MAX, "value": count})
    return providers


class ProviderReshape(ClaimEnvelope):
    """Exactly these inventories and, of the consumers listed, exactly these holdings, all or nothing."""

    op: Literal["provider.reshape"]
    inventories: Annotated[
        dict[Uuid, NewInventories],
        Field(min_length=1, max_length=AMOUNTS_MAX),
        WrapValidator(one_spelling),
        at_most(AMOUNTS_MAX),
        AfterValidator(_records_counted),
    ]
    allocations: Holdings
