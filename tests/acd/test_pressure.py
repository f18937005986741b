"""What is left undone when the loop is late, and for how long."""

import asyncio
import time

import pytest

from acd.control.access import Identity, Role
from acd.control.endpoints import ENDPOINTS
from acd.control.errors import RequestRefused
from acd.pressure import REMEMBERED_S, Gives, Pressure
from tests.acd.stage import Stage, Tokens, ask, served, write_site


def test_longest_lag_of_the_last_seconds_counts():
    """One late moment is remembered, and forgotten when it is over for good."""
    pressure = Pressure()
    pressure.saw(0.4, 100.0)
    pressure.saw(0.0, 101.0)
    assert pressure.lag_s == 0.4
    pressure.saw(0.0, 100.0 + REMEMBERED_S + 0.1)
    assert pressure.lag_s == 0.0


async def test_loop_that_was_held_up_is_seen_to_be_late():
    """Whatever held it up: here a call that blocks."""
    pressure = Pressure()
    watching = asyncio.create_task(pressure.run())
    await asyncio.sleep(0)
    time.sleep(0.35)  # noqa: ASYNC251 - a loop that hangs is what is tried
    await asyncio.sleep(0.01)
    watching.cancel()
    assert pressure.lag_s > 0.1


def test_reports_go_first_and_the_live_screen_next():
    """Distribution, and what people do, is never given up."""
    assert Gives.REPORT.value < Gives.VIEW.value < Gives.WORK.value
    given = {(endpoint.method, endpoint.path): endpoint.gives for endpoint in ENDPOINTS}
    assert given["GET", "/v1/kpi"] is Gives.REPORT
    assert given["GET", "/v1/status"] is Gives.VIEW
    assert given["GET", "/v1/health"] is Gives.WORK
    assert {gives for (method, _), gives in given.items() if method == "POST"} == {Gives.WORK}


@pytest.mark.parametrize(("lag_s", "busy"), [(0.0, [False, False]), (0.5, [True, False]), (3.0, [True, True])])
async def test_api_refuses_what_only_tells(tmp_path, lag_s, busy):
    """503 `busy`, reports before the live screen; health is told and work is done whatever happens."""
    stage, tokens = Stage(write_site(tmp_path)), Tokens()
    stage.lag_s = lag_s
    async with served(stage, tokens) as server:
        token = tokens.make(Identity("root", Role.ADMINISTRATOR))
        codes = []
        for path in ("/v1/audit", "/v1/status"):
            try:
                await ask(server, token, "GET", path)
            except RequestRefused as refused:
                codes.append(refused.code)
            else:
                codes.append("")
        assert [code == "busy" for code in codes] == busy
        assert (await ask(server, token, "GET", "/v1/health"))["status"]
        assert (await ask(server, token, "POST", "/v1/reload"))["reloaded"]
