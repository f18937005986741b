"""The client's own promises: deadlines, order, what is told to whom, and that no secret gets out."""

import asyncio
import logging
import random

import pytest
from structlog.testing import capture_logs

from ami_bridge.actions import PendingAction
from ami_bridge.client import AmiClient
from ami_bridge.errors import ActionRefused, AmiConnectionLost, AmiTimeout
from tests.ami_bridge.fake_asterisk import FakeAsterisk, drop, error, listing, success
from tests.ami_bridge.sides import SECRET, Ours, settings


async def test_response_is_returned_with_its_headers():
    """An action's answer is Asterisk's response."""
    asterisk = FakeAsterisk({"Getvar": success("Variable: X", "Value: 7")})
    async with asterisk, Ours(asterisk) as ami:
        assert (await ami.client.action("Getvar", {"Variable": "X"}))["value"] == "7"


async def test_several_values_of_a_header_are_sent():
    """A header may be a sequence; the mapping that was given is left as it was."""
    asterisk = FakeAsterisk({"Originate": success()})
    headers = {"Channel": "Local/1@x", "Variable": ["A=1", "B=2"]}
    async with asterisk, Ours(asterisk) as ami:
        await ami.client.action("Originate", headers)
        assert [pair for pair in asterisk.received[-1].headers if pair[0] == "Variable"] == [
            ("Variable", "A=1"),
            ("Variable", "B=2"),
        ]
        assert headers == {"Channel": "Local/1@x", "Variable": ["A=1", "B=2"]}


async def test_refusal_carries_asterisks_words():
    """What Asterisk says no with is in the error."""
    asterisk = FakeAsterisk({"Hangup": error("No such channel")})
    async with asterisk, Ours(asterisk) as ami:
        with pytest.raises(ActionRefused) as refused:
            await ami.client.action("Hangup", {"Channel": "x"})
        assert (refused.value.action, refused.value.message) == ("Hangup", "No such channel")


async def test_list_is_its_items_alone():
    """Start and end of a list are not among its items, and an empty list is empty."""
    asterisk = FakeAsterisk({"Status": listing("Status", "Status"), "BridgeList": listing()})
    async with asterisk, Ours(asterisk) as ami:
        assert [item["Number"] for item in await ami.client.action_list("Status")] == ["0", "1"]
        assert await ami.client.action_list("BridgeList") == []
        assert ami.event_names == []


async def test_action_without_a_list_asked_for_one_is_an_empty_list():
    """A plain Success to `action_list` ends it at once."""
    asterisk = FakeAsterisk({"Reload": success()})
    async with asterisk, Ours(asterisk) as ami:
        assert await ami.client.action_list("Reload") == []


async def test_unanswered_action_times_out_and_leaves_nothing_behind():
    """The deadline holds; an answer that comes later is nobody's and harms nothing."""
    asterisk = FakeAsterisk()
    async with asterisk, Ours(asterisk) as ami:
        with pytest.raises(AmiTimeout):
            await ami.client.action("Slow", timeout_s=0.01)
        asterisk.links[0].respond(asterisk.received[-1])
        await ami.round_trip()
        assert ami.client._link.protocol.responses == {}


async def test_cancelled_action_leaves_nothing_behind():
    """Whoever stops waiting takes his place in the table along."""
    asterisk = FakeAsterisk()
    async with asterisk, Ours(asterisk) as ami:
        waiting = asyncio.create_task(ami.client.action("Slow"))
        await asterisk.until(lambda: asterisk.names() == ["Slow"])
        waiting.cancel()
        await asyncio.wait({waiting})
        assert ami.client._link.protocol.responses == {}


async def test_own_action_id_is_kept():
    """An Originate may carry the id by which its OriginateResponse will be known."""
    asterisk = FakeAsterisk({"Originate": success()})
    async with asterisk, Ours(asterisk) as ami:
        assert (await ami.client.action("Originate", {"ActionID": "offer-7"}))["ActionID"] == "offer-7"


async def test_events_come_in_order():
    """A thousand events in one packet come one after the other as they were sent."""
    asterisk = FakeAsterisk(
        {
            "Go": lambda link, action: link.transport.write(
                b"".join(b"Event: E\r\nN: %d\r\n\r\n" % n for n in range(1000))
            )
        }
    )
    async with asterisk, Ours(asterisk) as ami:
        ami.client.post("Go")
        await ami.round_trip()
        assert [event["N"] for event in ami.events if event.event == "E"] == [str(n) for n in range(1000)]


async def test_unwanted_events_do_not_come():
    """Only the wanted names reach the handler; the end of the boot is seen even when it is not among them."""
    asterisk = FakeAsterisk(
        {"Go": lambda link, action: [link.event(name) for name in ("VarSet", "Hangup", "RTCPSent")] and None}
    )
    async with asterisk, Ours(asterisk, wanted_events=frozenset({"Hangup"})) as ami:
        ami.client.post("Go")
        await ami.round_trip()
        assert ami.event_names == ["Hangup"]


async def test_failed_post_is_logged():
    """Nobody waits for a post, so its failure is in the log: refused, cut off, or never sent."""
    asterisk = FakeAsterisk({"Hangup": error("No such channel"), "Cut": drop})
    async with asterisk, Ours(asterisk) as ami:
        with capture_logs() as logs:
            ami.client.post("Hangup", {"Channel": "x"})
            await ami.round_trip()
            ami.client.post("Setvar", {"Value": "a\nb"})
            ami.client.post("Cut")
            await asterisk.until(lambda: bool(ami.downs))
            ami.client.post("Hangup", {"Channel": "x"})
        failed = [(entry["action"], entry["reason"]) for entry in logs if entry["event"] == "ami.post_failed"]
        assert failed[:2] == [
            ("Hangup", "Asterisk refused Hangup: No such channel"),
            ("Setvar", "Setvar: Value holds a line break or NUL"),
        ]
        assert sorted(name for name, _ in failed[2:]) == ["Cut", "Hangup"]


async def test_loss_is_told_once_and_fails_everything_that_waits():
    """`on_down` once per link that was up; each pending action learns that its outcome is unknown."""
    asterisk = FakeAsterisk()
    async with asterisk, Ours(asterisk) as ami:
        waiting = [asyncio.create_task(ami.client.action("Slow")) for _ in range(3)]
        await asterisk.until(lambda: len(asterisk.names()) == 3)
        asterisk.links[0].transport.close()
        await asyncio.wait(waiting)
        for task in waiting:
            lost = task.exception()
            assert isinstance(lost, AmiConnectionLost)
            assert lost.sent
        await asterisk.until(lambda: ami.ups == 2)
        assert len(ami.downs) == 1


async def test_restarted_asterisk_is_picked_up():
    """The client outlives Asterisk: it comes back as soon as somebody listens again."""
    asterisk = FakeAsterisk()
    async with asterisk, Ours(asterisk) as ami:
        await asterisk.die()
        await asterisk.until(lambda: bool(ami.downs))
        assert not ami.client.up
        await asterisk.listen()
        await asterisk.until(lambda: ami.ups == 2)


async def test_stopping_tells_no_loss():
    """A client that is stopped has lost nothing; what waits for an answer still fails."""
    asterisk = FakeAsterisk()
    async with asterisk:
        async with Ours(asterisk) as ami:
            waiting = asyncio.create_task(ami.client.action("Slow"))
            await asterisk.until(lambda: asterisk.names() == ["Slow"])
        await asyncio.wait({waiting})
        assert isinstance(waiting.exception(), AmiConnectionLost)
        assert ami.downs == []


async def test_bug_in_resynchronisation_ends_the_client():
    """An error that is none of the bridge's is a bug of ours: loud, not retried for ever."""
    asterisk = FakeAsterisk()
    async with asterisk:
        ami = Ours(asterisk)

        async def broken(client: AmiClient) -> None:
            raise ZeroDivisionError

        ami.at_up = broken
        with pytest.raises(ZeroDivisionError):
            await ami.client.run()


def retries(count: int, *, refused: bool) -> list[float]:
    """Return the pauses before so many tries in a row."""
    client = AmiClient(settings(1), lambda _: None, lambda _: asyncio.sleep(0), lambda _: None)
    return [client._next_retry_s(refused=refused) for _ in range(count)]


def test_pauses_grow_from_a_tenth_of_a_second_to_what_a_restart_allows():
    """The first try is made at once, the later ones often enough to be back within 2 s of Asterisk's port."""
    pauses = retries(40, refused=False)
    assert pauses[0] <= 0.1
    assert 1.1 <= pauses[-1] <= 1.5
    assert max(pauses) <= 1.5


def test_pauses_are_short_while_an_asterisk_that_was_restarted_is_about_to_be_back():
    """It takes callers before we have a link: the sooner there is one, the fewer nobody has heard of."""
    pauses = retries(40, refused=False)
    assert max(pauses[:30]) <= 0.3
    assert min(pauses[30:]) > 1.0


def test_pauses_after_refused_logins_grow_to_half_a_minute():
    """A wrong password does not knock on Asterisk's door until fail2ban closes it."""
    pauses = retries(40, refused=True)
    assert pauses[0] >= 1.0
    assert 22.5 <= pauses[-1] <= 30.0


def test_pauses_are_spread():
    """Several daemons that lost one Asterisk do not come back in step."""
    state = random.getstate()
    random.seed(1)
    assert len({round(pause, 6) for pause in retries(20, refused=False)[8:]}) == 12
    random.setstate(state)


async def test_secret_is_nowhere_to_be_seen(caplog):
    """Neither repr nor log, ours or asyncio's, has the password, also when the login fails."""
    asterisk = FakeAsterisk({"Login": drop})
    caplog.set_level(logging.DEBUG)
    async with asterisk:
        ami = Ours(asterisk)
        with capture_logs() as logs:
            task = asyncio.create_task(ami.client.run())
            await asterisk.until(lambda: len(asterisk.received) == 2)
            task.cancel()
            await asyncio.wait({task})
        assert asterisk.received[0]["Secret"] == SECRET
        seen = f"{ami.client.settings!r} {ami.client!r} {logs} {caplog.text}"
        assert SECRET not in seen
        assert "ami.down" in seen


async def test_pending_action_shows_its_name_alone():
    """An action that asyncio prints in a warning shows no header."""
    pending = PendingAction("Login", "7", b"Secret: x", as_list=False)
    assert repr(pending) == "<PendingAction Login 7>"
