"""The wire contract: what publishers send and subscribers receive. Imports pydantic and nothing else.

- `schemas.claims`: one model a claim; `schemas.decode` reads bytes and says what is wrong in JSON Schema's words.
- `schemas.batch`: several claims in one message, and events in bulk.
- `schemas.requests`: what is looked for, in claims and queries alike.
- `schemas.events`: one model an event; `schemas.codes` why a claim is refused, `schemas.details` its numbers.
- `schemas.queries` and `schemas.replies`: what can be asked and how it is answered.
- `schemas.parked`: what stands on messages that were put aside.
- `json/` and `asyncapi.json`, written by `python -m schemas.export`: the same for those who do not read Python.

A publisher validates with `CLAIMS`, or builds a model and sends its `to_json()` under the routing key `op`. A
subscriber reads with `read_event`, which ignores fields that a newer worker may add.
"""

from schemas.absent import UNSET, Unset
from schemas.claims import CLAIM_BY_OP, CLAIMS, AnyClaim
from schemas.codes import Code
from schemas.events import EVENT_BY_TYPE, EVENTS, AnyEvent, read_event
from schemas.queries import QUERIES, QUERY_BY_OP, AnyQuery
from schemas.replies import REPLY_BY_OP, ErrorReply
from schemas.violations import Violation
from schemas.wire import Unreadable, UnreadableReason

__all__ = [
    "CLAIMS",
    "CLAIM_BY_OP",
    "EVENTS",
    "EVENT_BY_TYPE",
    "QUERIES",
    "QUERY_BY_OP",
    "REPLY_BY_OP",
    "UNSET",
    "AnyClaim",
    "AnyEvent",
    "AnyQuery",
    "Code",
    "ErrorReply",
    "Unreadable",
    "UnreadableReason",
    "Unset",
    "Violation",
    "read_event",
]
