"""Names of metrics and log events, all in one place; the metrics' own registry; how the log is written.

Labels come from closed sets, or from the contract's operations and codes, so that no sender can grow them without end.
"""

import logging
import sys
from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from enum import StrEnum
from math import isfinite
from typing import Final, Literal, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from structlog.typing import EventDict, Processor, WrappedLogger

TEXT_CHARACTERS_MAX: Final = 2_000
TRACE_CHARACTERS_MAX: Final = 20_000
# Of what is nested in a field: no line of ours goes so deep.
DEPTH_MAX: Final = 16
# Readers of JSON keep 64 bits; Python itself writes no number of thousands of digits.
INTEGER_MAX: Final = 2**63
BATCH_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
SECONDS_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Stage(StrEnum):
    """Where a batch spends its time."""

    DECODE = "decode"
    INBOX = "inbox"
    READ = "read"
    DECIDE = "decide"
    ENCODE = "encode"
    LOCK = "lock"
    WRITE = "write"
    TRANSACTION = "transaction"
    PUBLISH = "publish"
    SETTLE = "settle"


class Link(StrEnum):
    """What the worker is connected to, each on a connection of its own."""

    CONSUMING = "consuming"
    PUBLISHING = "publishing"
    QUERIES = "queries"
    DATABASE = "database"


class Log(StrEnum):
    """Every event the log can hold; what it is about stands in its fields (`claim_id`, `claim_ids`, ...)."""

    STARTED = "worker_started"
    STOPPING = "worker_stopping"
    STOPPED = "worker_stopped"
    CONSUMING = "consuming"
    CONSUMING_ENDED = "consuming_ended"
    BATCH_DONE = "batch_done"
    BATCH_CONFLICT = "batch_conflict"
    BATCH_HALVED = "batch_halved"
    MESSAGE_PARKED = "message_parked"
    PARKED_IN_A_ROW = "parked_in_a_row"
    OUTAGE_BEGAN = "outage_began"
    OUTAGE_PROBED = "outage_probed"
    OUTAGE_ENDED = "outage_ended"
    REPLY_REFUSED = "reply_to_refused"
    QUERY_FAILED = "query_failed"
    INBOX_SWEPT = "inbox_swept"
    INBOX_AGED = "inbox_aged"
    LOOP_STALLED = "loop_stalled"
    HTTP_LISTENING = "http_listening"
    NOT_VERIFIED = "server_not_fully_verified"


class Telemetry:
    """The worker's metrics in a registry of their own; built once, by the composition root."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._outcomes = Counter(
            "allocation_claims", "Claims decided, by outcome.", ["op", "outcome"], registry=registry
        )
        self._batch = Histogram(
            "allocation_batch_claims", "Claims in a batch.", buckets=BATCH_BUCKETS, registry=registry
        )
        self._stage = Histogram(
            "allocation_stage_seconds", "Time in a stage.", ["stage"], buckets=SECONDS_BUCKETS, registry=registry
        )
        self._parked = Counter("allocation_parked", "Messages parked, by reason.", ["reason"], registry=registry)
        self._link = Gauge("allocation_connected", "1 while connected.", ["connection"], registry=registry)
        self._queries = Counter("allocation_queries", "Queries answered.", ["op", "outcome"], registry=registry)
        self.conflicts: Final = Counter("allocation_conflicts", "Batches decided or run again.", registry=registry)
        self.carried: Final = Counter("allocation_carried", "Claims carried to the next batch.", registry=registry)
        self.redelivered: Final = Counter("allocation_redelivered", "Deliveries seen before.", registry=registry)
        self.repeated: Final = Counter(
            "allocation_repeated", "Claims answered with an earlier outcome.", registry=registry
        )
        self.replies_failed: Final = Counter("allocation_replies_failed", "Replies that got lost.", registry=registry)
        self.in_flight: Final = Gauge("allocation_in_flight", "Deliveries not yet settled.", registry=registry)
        self.consuming: Final = Gauge("allocation_consuming", "1 while the worker takes claims.", registry=registry)
        for stage in Stage:
            self._stage.labels(stage)
        for link in Link:
            self._link.labels(link)

    def decided(self, outcomes: Iterable[tuple[str, str]]) -> None:
        """Count (op, outcome) pairs: the outcome is the rejection's code, else the type of the outcome event."""
        for (op, outcome), claims in Tally(outcomes).items():
            self._outcomes.labels(op, outcome).inc(claims)

    def batched(self, claims: int) -> None:
        self._batch.observe(claims)

    def time_in(self, stage: Stage) -> AbstractContextManager[object]:
        """Adds the time until it is left, by whichever way, to the stage's histogram."""
        return self._stage.labels(stage).time()

    def parked(self, reason: str) -> None:
        """Count one parked message; `reason` is one of the contract's."""
        self._parked.labels(reason).inc()

    def connected(self, link: Link, up: bool) -> None:
        self._link.labels(link).set(int(up))

    def answered(self, op: str, outcome: str) -> None:
        """Count one query; the outcome is `ok` or the error's code."""
        self._queries.labels(op, outcome).inc()

    def exposition(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)


def configure_logging(form: Literal["json", "console"], level: str, stream: TextIO | None = None) -> None:
    """Write every log line, the libraries' warnings too, to `stream` (stderr by default).

    Whatever a message brought in, it forges no line (the lines of a stack trace are indented) and no control
    character of it reaches the terminal.
    """
    output = sys.stderr if stream is None else stream
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _plain_fields,
    ]
    tail = _tail(form, colors=output.isatty())
    structlog.configure(
        processors=[*chain, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=output),
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(output)
    unwrap = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *chain], processors=[unwrap, *tail]
        )
    )
    logging.root.handlers = [lines]
    logging.root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


def _tail(form: Literal["json", "console"], *, colors: bool) -> list[Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [_printable_fields, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]


def _plain_fields(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    return {name: _plain(value, _limit(name)) for name, value in fields.items()}


def _plain(value: object, limit: int, depth: int = 0) -> object:
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < INTEGER_MAX else _plain(hex(value), limit)
        case float():
            return value if isfinite(value) else str(value)
        case str():
            return value if len(value) <= limit else f"{value[:limit]}... ({len(value)} characters)"
        case Mapping() | list() | tuple() | set() | frozenset() if depth >= DEPTH_MAX:
            return "..."
        case Mapping():
            return {str(key)[:limit]: _plain(item, limit, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item, limit, depth + 1) for item in value]
        case _:
            return _plain(str(value), limit)


def _limit(name: str) -> int:
    return TRACE_CHARACTERS_MAX if name == "exception" else TEXT_CHARACTERS_MAX


def _printable_fields(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    return {name: _printable(name, value) for name, value in fields.items() if not name.startswith("_")}


def _printable(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name == "exception":
        return "\n".join(f"    {printable(line)}" for line in value.split("\n"))
    return printable(value)


def printable(text: str) -> str:
    """`text` with control characters, line breaks and direction marks spelled out, safe for a terminal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
