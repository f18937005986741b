"""The doctor's questions to an Asterisk, answered by a script where the real one cannot be brought to say it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from acd.doctor import ami, asterisk
from acd.doctor.finding import Severity
from ami_bridge.client import AmiClient
from queue_engine.ids import Instant
from tests.ami_bridge.fake_asterisk import FakeAsterisk, Received, error, success
from tests.ami_bridge.sides import settings


def rows(*items: dict[str, str]):
    """Answer with a list of these events."""

    def answer(link, action: Received) -> None:
        ours = f"ActionID: {action['ActionID']}"
        link.respond(action, "Success", "EventList: start")
        for item in items:
            link.send(*(f"{name}: {value}" for name, value in item.items()), ours)
        link.send(f"Event: {action.name}Complete", "EventList: Complete", ours)

    return answer


@asynccontextmanager
async def linked(**script) -> AsyncIterator[AmiClient]:
    """Knock at an Asterisk that answers by the script, and give the link."""
    async with FakeAsterisk(script) as fake, ami.knock(settings(fake.port)) as at:
        assert at.link is not None
        yield at.link


def told(findings) -> list[tuple[str, Severity]]:
    """Return which checks found how bad a thing."""
    return [(found.check, found.severity) for found in findings]


async def test_login_that_is_refused_names_the_user():
    """The finding is not a missing Asterisk but a wrong secret, told once."""
    async with FakeAsterisk({"Login": error("Authentication failed")}) as fake, ami.knock(settings(fake.port)) as at:
        (found,) = ami.login(at)
        assert (found.check, found.severity) == ("ami.login", Severity.ERROR)
        assert "Authentication failed" in found.said("en")


async def test_stranger_at_the_port_is_told():
    """A web server is no manager interface."""
    async with FakeAsterisk(greeting=b"HTTP/1.1 400 Bad Request\r\n") as fake, ami.knock(settings(fake.port)) as at:
        (found,) = ami.login(at)
        assert "is not Asterisk's manager interface" in found.said("en")


async def test_asterisk_that_hangs_is_told(monkeypatch):
    """It greets, takes the login and says no more."""
    monkeypatch.setattr(ami, "UP_LIMIT_S", 0.05)
    async with FakeAsterisk({"Login": lambda *_: None}) as fake, ami.knock(settings(fake.port)) as at:
        (found,) = ami.login(at)
        assert "did not answer" in found.said("en")


async def test_action_that_is_not_permitted_is_named():
    """Of the actions needed, those that ListCommands leaves out are listed."""
    permitted = [f"{name}: help" for name in ami.NEEDED_ACTIONS if name not in {"QueuePause", "Setvar"}]
    async with linked(ListCommands=success(*permitted)) as link:
        (found,) = await ami.rights_to_act(link)
    assert "QueuePause, Setvar" in found.said("en")


async def test_more_rights_than_needed_are_a_warning():
    """A user who may run commands is a danger to the machine."""
    async with linked(ListCommands=success("Command: help", "Originate: help")) as link:
        (found,) = await ami.too_many_rights(link)
    assert found.severity is Severity.WARNING
    assert "Command, Originate" in found.said("en")


async def test_where_callers_are_called_back_the_right_to_do_so_is_needed():
    """Originate is no danger then, and its lack is an error that says what to do."""
    async with linked(ListCommands=success("Originate: help")) as link:
        (found,) = await ami.too_many_rights(link, calls_back=True)
    assert found.severity is Severity.OK
    async with linked(ListCommands=success("Ping: help")) as link:
        (found,) = await ami.too_many_rights(link, calls_back=True)
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("granted", "severity"),
    [
        ("call,dtmf,system", Severity.OK),
        ("all", Severity.WARNING),
        ("call, system", Severity.ERROR),
        ("call,dtmf,system,command", Severity.WARNING),
        ("", Severity.SKIPPED),
    ],
)
async def test_classes_of_events_are_read_from_the_users_entry(granted, severity):
    """Too few is deaf, too many is needless, unknown is left open."""
    async with linked(Getvar=success(f"Value: {granted}")) as link:
        (found,) = await ami.rights_to_hear(link, {"FullyBooted"})
    assert found.severity is severity


async def test_without_the_function_the_event_after_the_login_decides():
    """No AST_CONFIG and no FullyBooted: the class `system` is missing."""
    async with linked(Getvar=error("No such function")) as link:
        assert told(await ami.rights_to_hear(link, {"FullyBooted"})) == [("ami.events", Severity.SKIPPED)]
        assert told(await ami.rights_to_hear(link, set())) == [("ami.events", Severity.WARNING)]


@pytest.mark.parametrize(("version", "severity"), [("13.38.3", Severity.WARNING), ("16.28.0", Severity.OK)])
async def test_asterisk_older_than_tried_is_a_warning(version, severity):
    """16 is the oldest in the field that was tried."""
    async with linked(CoreSettings=success(f"AsteriskVersion: {version}")) as link:
        assert told(await asterisk.version(link)) == [("asterisk.version", severity)]


@pytest.mark.parametrize(
    ("offset_s", "severity"), [(0.1, Severity.OK), (-1.5, Severity.WARNING), (60.0, Severity.ERROR)]
)
async def test_offset_between_the_clocks_is_told(offset_s, severity):
    """The Pong's time stamp against ours, in the middle between question and answer."""
    async with linked() as link:  # whose Pong says 1700000000
        (found,) = await asterisk.clock_offset(link, lambda: Instant(1_700_000_000.0 - offset_s))
    assert found.severity is severity


@pytest.mark.parametrize(
    ("plan", "severity"),
    [
        ([{"Context": "default", "AppData": ""}], Severity.ERROR),
        ([{"Context": "acd-incoming", "AppData": "122"}], Severity.ERROR),
        ([{"Context": "acd-incoming", "AppData": "agi://10.0.0.9:4573/call,${X}"}], Severity.ERROR),
        (
            [
                {"Context": "acd-incoming", "AppData": ""},
                {"Context": "acd-line", "AppData": "agi://10.0.0.1:4573/call,1"},
            ],
            Severity.OK,
        ),
    ],
)
async def test_hook_must_be_there_and_call_us(plan, severity):
    """No context, no AGI and an AGI that goes elsewhere are errors; another program's AGI is not looked at."""
    other = {"Event": "ListDialplan", "Context": "from-internal", "AppData": "agi://192.0.2.1/other"}
    listed = [{"Event": "ListDialplan", **row} for row in plan]
    async with linked(ShowDialPlan=rows(other, *listed)) as link:
        assert told(await asterisk.hook(link, "10.0.0.1:4573")) == [("dialplan.hook", severity)]


async def test_dialplan_that_may_not_be_read_is_left_open():
    """Without the right there is nothing to say about the hook."""
    async with linked(ShowDialPlan=error("Permission denied")) as link:
        assert told(await asterisk.hook(link, "x:1")) == [("dialplan.hook", Severity.SKIPPED)]


@pytest.mark.parametrize(("value", "severity"), [("not_set", Severity.OK), ("", Severity.WARNING)])
async def test_hours_that_asterisk_cannot_keep_are_told(value, severity):
    """A function that is not there answers nothing: without the daemon closed lines would be open."""
    async with linked(Getvar=success(f"Value: {value}")) as link:
        (found,) = await asterisk.hours(link, ["oms", "1300"])
        assert await asterisk.hours(link, []) == []
    assert (found.check, found.severity) == ("hours.kept", severity)
    assert found.said("en").endswith(": oms, 1300") is (severity is Severity.WARNING)


def device_states(states: dict[str, str]):
    """Answer DeviceStateList with the states of these endpoints."""
    return rows(
        *({"Event": "DeviceStateChange", "Device": f"PJSIP/{name}", "State": state} for name, state in states.items())
    )


async def test_telephone_that_asterisk_does_not_know_is_named():
    """An endpoint without a state, or with the state INVALID, is one that Asterisk has never heard of."""
    async with linked(DeviceStateList=device_states({"op101": "NOT_INUSE", "op102": "INVALID"})) as link:
        (found,) = await asterisk.telephones(link, ["op101", "op102", "op103"])
    assert found.severity is Severity.ERROR
    assert found.said("en").endswith(": op102, op103")


async def test_centre_without_one_telephone_on_line_is_a_warning():
    """Some telephones away is a shift; all away is a fault."""
    async with linked(DeviceStateList=device_states({"op101": "UNAVAILABLE", "op102": "UNAVAILABLE"})) as link:
        assert told(await asterisk.telephones(link, ["op101", "op102"])) == [("telephone.registered", Severity.WARNING)]
        assert told(await asterisk.telephones(link, ["op101"] * 20)) == [("telephone.registered", Severity.WARNING)]


async def test_fallback_queues_are_compared_with_the_configuration():
    """A queue that is missing is an error, a static member too few or too many a warning."""
    queue = {"Event": "QueueParams", "Queue": "122"}
    member = {"Event": "QueueMember", "Queue": "122", "Location": "PJSIP/op101", "Membership": "static"}
    hot_desk = {"Event": "QueueMember", "Queue": "122", "Location": "PJSIP/op300", "Membership": "dynamic"}
    async with linked(QueueStatus=rows(queue, member, hot_desk)) as link:
        assert told(await asterisk.fallback_queues(link, {"122": {"PJSIP/op101"}})) == [("fallback.queue", Severity.OK)]
        found = await asterisk.fallback_queues(link, {"122": {"PJSIP/op102"}, "1300": set()})
    assert told(found) == [
        ("fallback.members", Severity.WARNING),
        ("fallback.members", Severity.WARNING),
        ("fallback.queue", Severity.ERROR),
    ]
    assert "would not ring PJSIP/op102" in found[0].said("en")


def test_long_lists_of_names_are_cut():
    """Two hundred telephones make no readable sentence: the first ten and how many more."""
    names = [f"op{number}" for number in range(200)]
    assert asterisk._named(names).endswith("op9 … +190")


def test_sounds_and_music_are_looked_for_where_asterisk_is_on_this_machine(tmp_path):
    """Missing ones are named; where the folders cannot be seen, nothing is said."""
    folder = tmp_path / "sounds" / "ru"
    assert told(asterisk.sounds("main", [folder], ["welcome"])) == [("sounds", Severity.SKIPPED)]
    folder.mkdir(parents=True)
    (found,) = asterisk.sounds("main", [folder], ["welcome", "custom/bye"])
    assert "welcome, custom/bye" in found.said("en")
    (folder / "welcome.wav").touch()
    assert told(asterisk.sounds("main", [folder], ["welcome"])) == [("sounds", Severity.OK)]
    music = tmp_path / "moh"
    assert told(asterisk.music("main", {"default": tmp_path / "no" / "moh"})) == [("music", Severity.SKIPPED)]
    assert told(asterisk.music("main", {"default": music})) == [("music", Severity.WARNING)]
    music.mkdir()
    (music / "song.wav").touch()
    assert told(asterisk.music("main", {"default": music})) == [("music", Severity.OK)]


async def test_knocking_leaves_nothing_behind():
    """After the block the link is closed and no task is left."""
    before = asyncio.all_tasks()
    async with FakeAsterisk() as fake:
        async with ami.knock(settings(fake.port)) as at:
            assert at.heard >= {"FullyBooted"}
        await fake.until(lambda: not any(link.open for link in fake.links))
    assert asyncio.all_tasks() == before
