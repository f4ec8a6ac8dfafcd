"""What goes out beside the events, held against them: events in bulk, and replies to who asked."""

import json
from collections.abc import Iterator, Mapping, Sequence

from schemas.cloudevents import CONTENT_TYPE
from tests.simulation.checker import Published, members
from worker.messages import Outgoing


def wrong_beside(
    events: Sequence[Outgoing], bulk: Sequence[Outgoing] | None, replies: Sequence[Outgoing], sent: Sequence[Published]
) -> Iterator[str]:
    """In words. `bulk` is None where nobody asked for it; messages were `sent` under their numbers, from 1 on."""
    told = {json.loads(one.body)["id"]: one.body for one in events}
    if bulk is not None:
        yield from _wrong_bulk(told, bulk)
    known = set(told.values())
    for reply in replies:
        if reply.content_type == CONTENT_TYPE and reply.body not in known:
            yield f"a reply to message {reply.correlation_id} is no event: {reply.body[:60]!r}"
        if not _is_about(reply, sent[int(reply.correlation_id or 0) - 1]):
            yield f"a reply to message {reply.correlation_id} is about another one: {reply.body[:60]!r}"


def _wrong_bulk(told: Mapping[str, bytes], bulk: Sequence[Outgoing]) -> Iterator[str]:
    """Everything comes in bulk as well, and is the same there."""
    in_bulk = {event["id"]: event for one in bulk for event in json.loads(one.body)}
    for name in sorted(told.keys() ^ in_bulk.keys()):
        yield f"event {name} came only {'alone' if name in told else 'in bulk'}"
    for name in sorted(told.keys() & in_bulk.keys()):
        if in_bulk[name] != json.loads(told[name]):
            yield f"event {name} is another one in bulk"


def _is_about(reply: Outgoing, message: Published) -> bool:
    """Whether it tells the outcome of a claim of that message, or why there is none."""
    said = json.loads(reply.body)
    return "claimid" not in said or any(said["claimid"].encode() in claim for claim in members(message.body))
