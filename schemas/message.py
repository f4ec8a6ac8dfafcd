"""The two forms of all models: what is asked, which is read strictly, and what is told, which may grow."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict


def also(**keywords: Any) -> Callable[[dict[str, Any]], None]:
    """For `json_schema_extra`: adds what a model's validators check across fields.

    Defaults that stand for a field left out are dropped: no value on the wire means that.
    """

    def complete(schema: dict[str, Any]) -> None:
        for field in schema.get("properties", {}).values():
            if field.get("default", ...) in (None, "unset"):
                del field["default"]
        schema.update(keywords)

    return complete


class Message(BaseModel):
    """A part of what is asked: no fields but its own. Publishers may build one and send `to_json()`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", json_schema_extra=also())

    def to_json(self) -> bytes:
        """The message as UTF-8 JSON, fields that were left out staying out."""
        return self.model_dump_json(exclude_unset=True).encode()


class Told(BaseModel):
    """A part of what the worker tells: fields that a newer worker may add are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", json_schema_extra=also())
