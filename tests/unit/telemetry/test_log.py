"""How the log is written, whatever a message brought in."""

import io
import json
import logging
import uuid
from collections.abc import Iterator

import pytest
import structlog

from worker.telemetry import TEXT_CHARACTERS_MAX, Log, configure_logging

CLAIM = uuid.UUID(int=7)
NASTY = "before\n2026-01-01 [info] forged\r\x1b[2J\x9b\u202eafter"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    handlers, level = logging.root.handlers, logging.root.level
    yield
    logging.root.handlers = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def console(level: str = "info") -> io.StringIO:
    written = io.StringIO()
    configure_logging("console", level, written)
    return written


def as_json() -> io.StringIO:
    written = io.StringIO()
    configure_logging("json", "info", written)
    return written


def fail(text: str) -> None:
    raise ValueError(text)


def test_json_lines_hold_the_event_and_its_fields() -> None:
    written = as_json()
    structlog.get_logger().info(Log.MESSAGE_PARKED, claim_id=CLAIM, claims=2)
    line = json.loads(written.getvalue())
    assert (line["event"], line["level"]) == ("message_parked", "info")
    assert (line["claim_id"], line["claims"]) == (str(CLAIM), 2)


def test_json_is_one_ascii_line_and_loses_nothing() -> None:
    written = as_json()
    structlog.get_logger().info(Log.MESSAGE_PARKED, value=NASTY, deep={"values": [NASTY, "\ud800"]})
    (line,) = written.getvalue().splitlines()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["deep"]["values"] == [NASTY, "\ud800"]


def test_the_console_neutralises_every_control_character() -> None:
    written = console()
    structlog.get_logger().info(NASTY, value=NASTY, values=[NASTY], spaceless="\x1b[2J")
    (line,) = written.getvalue().splitlines()
    assert line.isprintable()
    assert "\\x1b[2J" in line


def test_a_trace_in_the_console_cannot_forge_a_line() -> None:
    written = console()
    try:
        fail(NASTY)
    except ValueError:
        structlog.get_logger().exception(Log.QUERY_FAILED)
    first, *trace = written.getvalue().splitlines()
    assert "query_failed" in first
    assert trace
    assert all(line.startswith("    ") and line.isprintable() for line in trace)


def test_a_long_text_is_cut_and_says_so() -> None:
    written = as_json()
    structlog.get_logger().info(Log.MESSAGE_PARKED, body="x" * (TEXT_CHARACTERS_MAX + 1))
    body = json.loads(written.getvalue())["body"]
    assert body == "x" * TEXT_CHARACTERS_MAX + f"... ({TEXT_CHARACTERS_MAX + 1} characters)"


def test_numbers_and_depths_that_no_reader_takes_are_written_as_text() -> None:
    deep: list[object] = []
    for _ in range(2_000):
        deep = [deep]
    written = as_json()
    structlog.get_logger().info(Log.STARTED, parsed=[float("nan"), float("-inf"), 10**5_000, 2**62], deep=deep)
    line = json.loads(written.getvalue(), parse_constant=pytest.fail)
    assert line["parsed"][:2] == ["nan", "-inf"]
    assert line["parsed"][2].startswith("0x")
    assert line["parsed"][3] == 2**62
    assert written.getvalue().count("[") < 30


def test_a_level_holds_back_what_is_below_it() -> None:
    written = console("warning")
    structlog.get_logger().info(Log.BATCH_DONE)
    assert written.getvalue() == ""
    structlog.get_logger().warning(Log.OUTAGE_BEGAN)
    assert "outage_began" in written.getvalue()


def test_warnings_of_libraries_are_written_the_same_way() -> None:
    written = as_json()
    logging.getLogger("library").warning("lost %s", NASTY)
    line = json.loads(written.getvalue())
    assert (line["event"], line["logger"], line["level"]) == (f"lost {NASTY}", "library", "warning")


def test_the_chatter_of_libraries_is_left_out() -> None:
    written = as_json()
    logging.getLogger("library").info("connected")
    assert written.getvalue() == ""
