"""What people and collectors see: dead letters on a terminal, answers, and the log."""

import io
import json
import logging
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import structlog

from schemas.decode import Unreadable, read_object
from tests.fuzz.arriving import delivered
from tests.fuzz.said import assert_json_line, assert_plain_lines, strictly
from worker.cli.letters import as_document, chosen, show_letters, show_whole
from worker.cli.outcome import show_outcome
from worker.cli.query import show_answer
from worker.cli.screen import complain, write_json
from worker.rabbit.dead import DeadLetter
from worker.telemetry import Log, configure_logging


def check_letter(raw: bytes) -> None:
    """A dead letter of whatever headers and body, listed, shown and written as JSON."""
    delivery = delivered(raw)
    if delivery is None:
        return
    letter = DeadLetter(1, delivery.routing_key, delivery.body, delivery.properties, 1)
    assert not chosen(["none"], None)(letter)
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        show_letters([letter])
        show_whole(letter)
        complain(letter.reason)
    assert_plain_lines(out.getvalue())
    document = io.StringIO()
    with redirect_stdout(document):
        write_json([as_document(letter)])
    assert document.getvalue().isascii()
    strictly(document.getvalue())


def check_answer(body: bytes) -> None:
    """An answer or an outcome event of whatever is in it, on a terminal."""
    try:
        answer = read_object(body)
    except Unreadable:
        return
    out = io.StringIO()
    with redirect_stdout(out):
        show_answer("provider.list", answer)
        write_json(answer)
        if isinstance(answer.get("data"), dict) and answer.get("type") != "claim.rejected":
            show_outcome({"type": "provider.created", "data": answer["data"]})
    assert_plain_lines(out.getvalue())


def check_log(raw: bytes) -> None:
    """Fields of whatever was read, by our logger and by a library's, as JSON and for people."""
    text = raw.decode("utf-8", "surrogateescape")
    fields = {"detail": text, "parsed": _parsed(raw), "raw": raw}
    before, handlers, level = structlog.get_config(), logging.root.handlers, logging.root.level
    try:
        for line in _written("json", text, fields).splitlines():
            assert_json_line(line)
        assert_plain_lines(_written("console", text, fields))
    finally:
        structlog.configure(**before)
        logging.root.handlers = handlers
        logging.root.setLevel(level)


def _written(form: Any, text: str, fields: dict[str, Any]) -> str:
    out = io.StringIO()
    configure_logging(form, "info", out)
    structlog.get_logger().warning(Log.MESSAGE_PARKED, **fields)
    structlog.get_logger().error(Log.QUERY_FAILED, op=text, exc_info=ValueError(text))
    logging.getLogger("library").error("%s %s", text, fields, exc_info=ValueError(text))
    return out.getvalue()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
