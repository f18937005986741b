"""The log: one shape for all, and no caller's number in it."""

import asyncio
import io
import json
import logging
from datetime import UTC, datetime

import orjson
import pytest
import structlog

from acd.logs import FastLog, during_call, mask_number, set_up_logs
from queue_engine.ids import CallId


@pytest.fixture
def lines():
    """Set the log up on a stream and return its lines, decoded; the former set-up comes back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logs(level="info", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_event_is_one_line_of_json(lines):
    """Off a terminal every event is an object with its keys, the level and the time."""
    structlog.get_logger().info("call.answered", queue="122", waited_s=1.5)
    (line,) = lines()
    assert (line["event"], line["queue"], line["waited_s"], line["level"]) == ("call.answered", "122", 1.5, "info")
    assert line["timestamp"].endswith("Z")


def test_library_speaks_in_the_same_shape(lines):
    """The standard library's records come out as our own do; below a warning, chatty libraries do not come at all."""
    logging.getLogger("somebody").warning("took %d s", 5)
    logging.getLogger("uvicorn.error").info("hello")
    assert [line["event"] for line in lines()] == ["took 5 s"]


def test_number_is_masked_by_key_and_by_look(lines):
    """Neither a caller's key nor a sentence nor an exception shows a number; call ids stay whole."""
    log = structlog.get_logger()
    log.info("call.arrived", caller="+79271234567", call="main-1763760000.17")
    log.info("failed", reason="cannot dial 89271234567, sorry")
    try:
        {}["no number +79271234567"]
    except KeyError:
        log.exception("broke")
    first, second, third = lines()
    assert (first["caller"], first["call"]) == ("***67", "main-1763760000.17")
    assert second["reason"] == "cannot dial ***67, sorry"
    assert "9271234567" not in third["exception"]
    assert "KeyError: 'no number ***67'" in third["exception"]


def test_call_is_on_every_line_inside_its_block(lines):
    """What is logged during a call carries its id, and nothing after it does."""
    log = structlog.get_logger()
    with during_call(CallId("main-1.1")):
        log.info("inside")
    log.info("outside")
    assert [line.get("call") for line in lines()] == ["main-1.1", None]


def test_level_leaves_out_what_is_below(lines):
    """Debugging is not shown unless asked for."""
    structlog.get_logger().debug("detail")
    assert lines() == []


def test_terminal_gets_text_for_people():
    """On a terminal a line is text with its values, masked as well."""
    stream = io.StringIO()
    set_up_logs(level="debug", stream=stream, pretty=True)
    try:
        structlog.get_logger().debug("call.arrived", caller="+79271234567")
    finally:
        logging.getLogger().handlers.clear()
        structlog.reset_defaults()
    assert "call.arrived" in stream.getvalue()
    assert "9271234567" not in stream.getvalue()


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+79271234567", "***67"),
        ("89271234567", "***67"),
        ("101", "101"),
        ("", ""),
        ("Иванов", "***"),
        ("ivan@example.org", "***"),
    ],
)
def test_mask_keeps_two_digits_at_most(number, masked):
    """Internal numbers stay readable, a subscriber's does not, a name never does."""
    assert mask_number(number) == masked


@pytest.fixture
def fast_lines(tmp_path):
    """Set the log up on a file, as a service has it; what stands in the file, decoded."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with (tmp_path / "log").open("w+", encoding="utf-8") as stream:
        set_up_logs(stream=stream)
        try:
            yield lambda: [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
        finally:
            set_up_logs(stream=io.StringIO())
            root.handlers[:] = handlers
            root.setLevel(level)
            structlog.reset_defaults()


def test_fast_line_is_as_any_other(fast_lines):
    """What bypasses the standard library has the same shape, and hides numbers as well; no number is no trouble."""
    FastLog("facts").info("call.accepted", 1_795_251_600.0, b'{"caller":"+79271234567","number":null}', numbers=True)
    (line,) = fast_lines()
    assert (line["event"], line["level"], line["caller"], line["number"]) == ("call.accepted", "info", "***67", None)
    assert line["timestamp"] == "2026-11-21T09:00:00.000000+00:00"


@pytest.mark.parametrize("at", [1_795_251_599.9999996, 1_795_251_600.0000004, 0.5, 1_795_251_600.123457])
def test_fast_line_tells_the_same_instant_as_the_clock_of_the_library(fast_lines, at):
    """A second that the parts of one instant are rounded up to is the next one."""
    FastLog("facts").info("x", at, b'{"call":"1"}', numbers=False)
    (line,) = fast_lines()
    assert datetime.fromisoformat(line["timestamp"]) == datetime.fromtimestamp(at, UTC)


def test_fast_line_hides_numbers_whatever_people_write(fast_lines):
    """Quotes and backslashes in a name hide nothing of it and end nothing; other text stays as it is."""
    fields = {"caller_name": 'An"na\\ 79271234567', "note": '"caller":"7"', "caller": "101", "phone": ""}
    FastLog("facts").info("x", 0.0, orjson.dumps(fields), numbers=True)
    (line,) = fast_lines()
    assert {name: line[name] for name in fields} == fields | {"caller_name": "***67"}


async def test_fast_lines_of_a_turn_are_written_together(fast_lines):
    """While the loop does one thing its lines wait; when it has done it, all of them are in the file."""
    fast = FastLog("facts")
    fast.info("first", 0.0, b'{"call":"1"}', numbers=False)
    fast.info("second", 0.0, b'{"call":"1"}', numbers=False)
    assert fast_lines() == []
    await asyncio.sleep(0)
    assert [line["event"] for line in fast_lines()] == ["first", "second"]


async def test_fast_and_ordinary_lines_keep_their_order(fast_lines):
    """What was logged first stands first, whichever way it went."""
    FastLog("facts").info("first", 0.0, b'{"call":"1"}', numbers=False)
    structlog.get_logger("parts").info("second")
    assert [line["event"] for line in fast_lines()] == ["first", "second"]


def test_people_read_fast_lines_too():
    """On a terminal a fast line is text like the others, its number hidden."""
    stream = io.StringIO()
    set_up_logs(level="info", stream=stream, pretty=True)
    try:
        FastLog("facts").info("call.accepted", 0.0, b'{"caller":"+79271234567"}', numbers=True)
    finally:
        logging.getLogger().handlers.clear()
        structlog.reset_defaults()
    assert "call.accepted" in stream.getvalue()
    assert "9271234567" not in stream.getvalue()
