"""The rows of call-backs: written as they are, read back as they were, old ones dropped."""

import asyncio
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback.ids import RequestId
from callback.kinds import AttemptFailure, GiveUpReason, Hold, ImpossibleReason, Leg, Mode, Origin, TalkOutcome
from callback.request import Attempt, Request
from callback.states import FINAL, RequestState
from metrics.records.database import open_engine, upgrade
from metrics.records.requests import KEPT_S, decode_request, encode_request, read_request, read_requests, save_requests
from queue_engine.ids import AgentId, CallId, Instant, OfferId, QueueName

instants = st.floats(0, 4e9).map(Instant)
attempts = st.builds(
    Attempt,
    call=st.just(CallId("callback-1-1")),
    started_at=instants,
    ended_at=st.none() | instants,
    failure=st.none() | st.sampled_from(AttemptFailure),
)
requests = st.builds(
    Request,
    request=st.integers(1, 2**53).map(RequestId),
    queue=st.just(QueueName("saratov-122")),
    origin=st.sampled_from(Origin),
    state=st.sampled_from(RequestState),
    shown=st.text(max_size=20),
    number=st.sampled_from(["", "+79270000001"]),
    calls=st.lists(st.just(CallId("a-1.1")), max_size=3).map(tuple),
    opened_at=instants,
    broken_at=instants,
    due_at=instants,
    limit_at=st.none() | instants,
    expires_at=instants,
    mode=st.sampled_from(Mode),
    agent=st.none() | st.just(AgentId("101")),
    next_at=instants,
    by=st.text(max_size=10),
    attempts=st.lists(attempts, max_size=3).map(tuple),
    first=st.none() | st.sampled_from(Leg),
    ordered_at=st.none() | instants,
    offer=st.none() | st.integers(1, 2**53).map(OfferId),
    hold=st.none() | st.sampled_from(Hold),
    outcome=st.none() | st.sampled_from(TalkOutcome),
    reason=st.none() | st.sampled_from(ImpossibleReason),
)
NOW = Instant(1_795_251_600.0)


def a_request(number: int, state: RequestState = RequestState.OWED, ended_at: float | None = None) -> Request:
    """Return a request as the book makes them."""
    return Request(
        request=RequestId(number),
        queue=QueueName("saratov-122"),
        origin=Origin.BREAK,
        state=state,
        shown="79270000001",
        number="+79270000001",
        calls=(CallId("a-1.1"),),
        opened_at=NOW,
        broken_at=NOW,
        due_at=NOW,
        limit_at=NOW,
        expires_at=NOW,
        mode=Mode.SAME_OPERATOR,
        agent=AgentId("101"),
        next_at=NOW,
        by="system",
        ended_at=None if ended_at is None else Instant(ended_at),
    )


@pytest.fixture
async def engine(url):
    """Return an open database of each kind with the newest schema."""
    await asyncio.to_thread(upgrade, url)
    opened = open_engine(url)
    yield opened
    await opened.dispose()


@given(requests)
def test_every_row_is_read_back_as_it_was(request_):
    """Also with every field that may be missing there or not, and of the very same kinds."""
    given_up = request_.state is RequestState.GIVEN_UP and request_.reason is not None
    if given_up:
        request_ = replace(request_, reason=GiveUpReason.NUMBER_LIMIT)
    again = decode_request(orjson.loads(encode_request(request_)))
    assert again == request_
    assert type(again.reason) is type(request_.reason)
    assert all(type(attempt) is Attempt for attempt in again.attempts)


def test_a_row_of_a_later_version_is_read_without_what_it_adds():
    """A field that this version does not know is left out."""
    values = orjson.loads(encode_request(a_request(1))) | {"colour": "red"}
    assert decode_request(values) == a_request(1)


async def test_rows_replace_each_other_and_the_highest_id_is_known(engine):
    """One row per request, the newest; ids are never given twice."""
    await save_requests(engine, [a_request(1), a_request(2)], NOW)
    await save_requests(engine, [a_request(1, RequestState.DONE, NOW)], NOW)
    stored = await read_requests(engine)
    assert [row.state for row in stored.rows] == [RequestState.DONE, RequestState.OWED]
    assert (stored.highest, stored.unreadable) == (2, ())
    assert await read_request(engine, RequestId(1)) == a_request(1, RequestState.DONE, NOW)
    assert await read_request(engine, RequestId(3)) is None


async def test_what_ended_a_day_ago_is_dropped_but_never_the_highest_id(engine):
    """Its attempts no longer count against any limit; what is open stays, however old."""
    old = NOW - KEPT_S - 1
    assert RequestState.DONE in FINAL
    ended = [a_request(1, RequestState.DONE, old), a_request(2), a_request(3, RequestState.DONE, old)]
    await save_requests(engine, ended, NOW)
    stored = await read_requests(engine)
    assert [row.request for row in stored.rows] == [2, 3]
    assert stored.highest == 3
