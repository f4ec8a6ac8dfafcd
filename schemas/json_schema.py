"""JSON Schema (draft 2020-12) of each message, from its model."""

from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from schemas.batch import BATCH_OP, EVENTS_NAME, ClaimsBatch, EventsBatch
from schemas.claims import CLAIM_BY_OP
from schemas.cloudevents import SCHEMA_VERSION, schema_uri
from schemas.events import EVENT_BY_TYPE
from schemas.parked import ParkedHeaders
from schemas.queries import QUERY_BY_OP
from schemas.replies import REPLY_BY_OP, ErrorReply

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def models() -> dict[str, Any]:
    """{name of the message: its model}; what stands in an event's `data` has a name of its own."""
    messages: dict[str, type[BaseModel]] = {**CLAIM_BY_OP, **EVENT_BY_TYPE, **QUERY_BY_OP}
    messages |= {f"{op}.reply": model for op, model in REPLY_BY_OP.items()}
    messages |= {"error.reply": ErrorReply, "parked.headers": ParkedHeaders, BATCH_OP: ClaimsBatch}
    parts = {f"{event_type}.data": _field(model, "data") for event_type, model in EVENT_BY_TYPE.items()}
    return {**messages, EVENTS_NAME: EventsBatch, **parts}


def json_schemas() -> dict[str, dict[str, Any]]:
    """{name of the message: its JSON Schema}, each complete in itself."""
    return {name: _schema(model, _uri(name)) for name, model in models().items()}


def _uri(name: str) -> str:
    if name.endswith(".data"):
        return schema_uri(name.removesuffix(".data"))
    return f"urn:allocation:message:{name}:{SCHEMA_VERSION}"


def _field(model: type[BaseModel], name: str) -> Any:
    return model.model_fields[name].rebuild_annotation()


def _schema(model: Any, uri: str) -> dict[str, Any]:
    generated = TypeAdapter(model).json_schema(schema_generator=_Generator)
    return {"$schema": DIALECT, "$id": uri, **_strict_keys(generated)}


def _strict_keys(node: Any) -> Any:
    """Mappings whose keys have a pattern accept no other keys: the generator leaves that out."""
    if isinstance(node, list):
        return [_strict_keys(item) for item in node]
    if not isinstance(node, dict):
        return node
    strict = {key: _strict_keys(value) for key, value in node.items()}
    patterns = strict.get("patternProperties")
    if isinstance(patterns, dict) and len(patterns) == 1 and "properties" not in strict:
        ((pattern, values),) = strict.pop("patternProperties").items()
        strict["additionalProperties"] = values
        strict["propertyNames"] = {**strict.get("propertyNames", {}), "pattern": pattern}
    return strict
