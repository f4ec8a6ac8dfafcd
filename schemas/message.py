"""The form shared by every message: frozen, strict, with no fields but its own."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A part of the contract. Publishers may build one in Python and send `to_json()`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    def to_json(self) -> bytes:
        """The message as UTF-8 JSON, fields that were left out staying out."""
        return self.model_dump_json(exclude_unset=True).encode()
