"""The AsyncAPI 3 document: channels, operations and messages as the worker sees them."""

from collections.abc import Iterable
from typing import Any, Final

from schemas.batch import BATCH_OP, EVENTS_NAME
from schemas.claims import CLAIM_BY_OP
from schemas.cloudevents import BATCH_CONTENT_TYPE, CONTENT_TYPE
from schemas.events import EVENT_BY_TYPE
from schemas.queries import QUERY_BY_OP
from schemas.replies import REPLY_BY_OP

BINDING_VERSION: Final = "0.3.0"
JSON: Final = "application/json"
_CORRELATION_BY_CHANNEL: Final = {
    "claims": "$message.payload#/claim_id",
    "events": "$message.header#/correlation_id",
    "queries": "$message.header#/correlation_id",
    "replies": "$message.header#/correlation_id",
}


def asyncapi(prefix: str) -> dict[str, Any]:
    """The document, for exchanges and queues that begin with `prefix`; payloads refer to the files in json/."""
    replies = [f"{op}.reply" for op in REPLY_BY_OP] + ["error.reply"]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Allocation Worker",
            "version": "1.0.0",
            "description": "Hands out finite resources by message: claims in, events out, queries answered.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "channels": {
            "claims": _topic_channel(f"{prefix}.claims", "op", [*CLAIM_BY_OP, BATCH_OP]),
            "events": _topic_channel(f"{prefix}.events", "type", EVENT_BY_TYPE),
            "eventsInBulk": _topic_channel(f"{prefix}.events.batches", "key", [EVENTS_NAME]),
            "queries": _queue_channel(f"{prefix}.queries", QUERY_BY_OP),
            "outcomes": {"address": None, "messages": _references([*EVENT_BY_TYPE, "error.reply"])},
            "replies": {"address": None, "messages": _references(replies)},
            "parked": _queue_channel(f"{prefix}.dead", ["parked"]),
        },
        "operations": _operations(),
        "components": {
            "messages": {
                **_messages("claims", CLAIM_BY_OP, JSON),
                BATCH_OP: _message(BATCH_OP, JSON),
                **_messages("events", EVENT_BY_TYPE, CONTENT_TYPE),
                EVENTS_NAME: _message(EVENTS_NAME, BATCH_CONTENT_TYPE),
                **_messages("queries", QUERY_BY_OP, JSON),
                **_messages("replies", replies, JSON),
                "parked": _parked(),
            }
        },
    }


def _operations() -> dict[str, Any]:
    return {
        "decideClaim": {
            "action": "receive",
            "channel": _reference("channels", "claims"),
            "summary": "Each claim gets exactly one outcome event, sent to reply_to as well where that is wanted.",
            "reply": _reply("outcomes"),
            "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING_VERSION}},
        },
        "tellEvent": {
            "action": "send",
            "channel": _reference("channels", "events"),
            "summary": "Outcomes and consequences; the routing key is the event's type.",
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "bindingVersion": BINDING_VERSION}},
        },
        "tellEventsInBulk": {
            "action": "send",
            "channel": _reference("channels", "eventsInBulk"),
            "summary": "The same events once more, those of a transaction together, where that is switched on.",
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "bindingVersion": BINDING_VERSION}},
        },
        "answerQuery": {
            "action": "receive",
            "channel": _reference("channels", "queries"),
            "reply": _reply("replies"),
            "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING_VERSION}},
        },
        "park": {
            "action": "send",
            "channel": _reference("channels", "parked"),
            "summary": "What cannot be read, reuses a claim_id, or keeps failing; body and properties untouched.",
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING_VERSION}},
        },
    }


def _reply(channel: str) -> dict[str, Any]:
    return {
        "address": {"location": "$message.header#/reply_to"},
        "channel": _reference("channels", channel),
    }


def _topic_channel(exchange: str, parameter: str, names: Iterable[str]) -> dict[str, Any]:
    topic = {"name": exchange, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/"}
    binding = {"is": "routingKey", "exchange": topic, "bindingVersion": BINDING_VERSION}
    return {
        "address": f"{{{parameter}}}",
        "parameters": {parameter: {"enum": list(names)}},
        "messages": _references(names),
        "bindings": {"amqp": binding},
    }


def _queue_channel(queue: str, names: Iterable[str]) -> dict[str, Any]:
    durable = {"name": queue, "durable": True, "exclusive": False, "autoDelete": False, "vhost": "/"}
    return {
        "address": queue,
        "messages": _references(names),
        "bindings": {"amqp": {"is": "queue", "queue": durable, "bindingVersion": BINDING_VERSION}},
    }


def _messages(channel: str, names: Iterable[str], content_type: str) -> dict[str, Any]:
    return {
        name: _message(name, content_type, correlationId={"location": _CORRELATION_BY_CHANNEL[channel]})
        for name in names
    }


def _message(name: str, content_type: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": content_type,
        **more,
        "payload": _file(name),
        "bindings": {"amqp": {"messageType": name, "bindingVersion": BINDING_VERSION}},
    }


def _parked() -> dict[str, Any]:
    return {
        "name": "parked",
        "summary": "A message as it came, with headers that say why it was parked.",
        "headers": _file("parked.headers"),
    }


def _file(name: str) -> dict[str, Any]:
    return {
        "schemaFormat": "application/schema+json;version=draft-2020-12",
        "schema": {"$ref": f"./json/{name}.schema.json"},
    }


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{kind}/{name}"}


def _references(names: Iterable[str]) -> dict[str, Any]:
    return {name: _reference("components/messages", name) for name in names}
