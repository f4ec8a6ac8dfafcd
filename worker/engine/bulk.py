"""Events in bulk: the same bytes once more, those of a batch in one message, for subscribers that want few messages."""

from collections.abc import Iterator, Sequence

from schemas.batch import EVENTS_NAME
from schemas.cloudevents import BATCH_CONTENT_TYPE
from schemas.wire import BODY_BYTES_MAX
from worker.messages import Outgoing


def in_bulk(events: Sequence[Outgoing], exchange: str) -> list[Outgoing]:
    """These events in order as JSON arrays of at most 1 MiB, in which one alone may be that long without its brackets.

    Their message ids are left to the publisher: what comes again are the events, not necessarily in the same company.
    """
    return [
        Outgoing(exchange, EVENTS_NAME, b"[" + b",".join(bodies) + b"]", content_type=BATCH_CONTENT_TYPE)
        for bodies in _runs([event.body for event in events])
    ]


def _runs(bodies: Sequence[bytes]) -> Iterator[list[bytes]]:
    run: list[bytes] = []
    length = len(b"[]")
    for body in bodies:
        if run and length + len(body) > BODY_BYTES_MAX:
            yield run
            run, length = [], len(b"[]")
        run.append(body)
        length += len(body) + len(b",")
    if run:
        yield run
