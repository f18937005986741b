"""Strangers at the FastAGI port and hostile callers while calls go on: every call is served, nothing is injected."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller
from acd.lab.site import AGI_PORT, LINE, Site
from ami_bridge.ended import WITH_MESSAGE
from metrics.records.tables import calls, facts

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

MIB = 1024 * 1024
ENVIRONMENT = "agi_network: yes\nagi_network_script: {script}\nagi_channel: PJSIP/none-1\nagi_uniqueid: 1.1\n"
ENDING = "agi_arg_1: {0}\nagi_arg_2: {1}\nagi_arg_3: {2}\nagi_arg_4: {3}\nagi_threadid: 1\n\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return a centre with three operators; one for all tests here."""
    async with LabCentre(Site(operators=3), program=program, home=tmp_path_factory.mktemp("bad-input")) as running:
        yield running


async def serve(centre: LabCentre, callers: list[Caller], meanwhile: Callable[[], Awaitable[None]] | None = None):
    """Let callers call while something else happens; return their records once each of them was served."""
    before = len(await centre.rows(calls))
    async with centre.telephones([Answering(ring_ms=50, talk_ms=1200)]), centre.callers(callers, rate=4) as calling:
        if meanwhile is not None:
            await meanwhile()
        counts = await calling.finish(60)
    assert (counts.served, counts.unfinished) == (len(callers), 0)
    rows = (await centre.settled(before + len(callers)))[before:]
    assert [row["outcome"] for row in rows] == ["answered"] * len(callers)
    return rows


async def say(centre: LabCentre, data: bytes) -> bytes:
    """Connect to the FastAGI port, say something, and return the answer up to the end of the connection."""
    reader, writer = await asyncio.open_connection(centre.slice.daemon, AGI_PORT)
    answer = b""
    try:
        with contextlib.suppress(OSError):
            writer.write(data)
            await writer.drain()
            answer = await reader.read()
    finally:
        writer.close()
    return answer


async def test_strangers_at_the_agi_port_disturb_no_call(centre):
    """Port scans, garbage, lines and headers without end, forged sessions: each is cut off, every call is served."""
    forged = ENVIRONMENT.format(script="call") + ENDING.format("lab-1.1", "nonesuch", "x", "new")
    unknown = ENVIRONMENT.format(script="../../etc/passwd") + ENDING.format("", "", "", "")
    code = ENVIRONMENT.format(script="operator") + ENDING.format("logout", "op999", "", "lab")

    async def strangers() -> None:
        half_open = [await asyncio.open_connection(centre.slice.daemon, AGI_PORT) for _ in range(20)]
        for _ in range(20):
            _, writer = await asyncio.open_connection(centre.slice.daemon, AGI_PORT)
            writer.close()
        answers = [
            await say(centre, b"\x16\x03\x01\x02\x00" + bytes(range(256)) * 16),
            await say(centre, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            await say(centre, b"agi_network: " + b"x" * MIB),
            await say(centre, b"agi_network: yes\n" + b"agi_header: more\n" * (MIB // 16)),
            await say(centre, unknown.encode()),
            await say(centre, forged.encode()),
            await say(centre, code.encode()),
        ]
        assert answers == [b""] * len(answers)
        for reader, writer in half_open:
            with contextlib.suppress(OSError):
                assert await reader.read() == b""  # cut off by the daemon, which waits for no environment for ever
            writer.close()

    await serve(centre, [Caller(f"7927777{index:04}") for index in range(12)], strangers)
    assert (await centre.until(lambda status: status.healthy)).waiting == 0
    assert "agi.failed" not in centre.daemon.text()


HOSTILE_USERS = [
    "79270000001%0D%0AAction%3A%20Originate%0D%0AChannel%3A%20Local%2F122%40acd-operators",
    "79270000002%0A%0ASET%20VARIABLE%20ACD_TO%20hangup",
    "79270000003%22%27%60",
    "$%7BSHELL(id)%7D79270000004",
    "$%5B1+1%5D79270000005",
    "79270000006%26PJSIP%2Fop103",
    "79270000007,30,g",
    "79270000008%3BACD_TO=hangup",
    "79270000009%7C0%7C0%7CANSWER",
    "%F0%9F%9A%91%E2%80%AE79270000010",
    "79270000011%2F..%2F..%2Facd-ended",
    "%20",
]
HOSTILE_NAMES = [
    '"a\\r\\nAction: Originate"',
    '"${DB(acd-ended/1/1)}"',
    '"$[1/0] , | & \' `id`"',
    '"\U0001f691 \u202eскорая \U00010348"',
    '"100% \\"quoted\\" \\\\ back"',
]


async def test_hostile_names_and_numbers_are_served_and_inject_nothing(centre):
    """Each call is a call like any other: one record, one journal entry, no channel, entry or variable beside it."""
    hostile = [
        Caller(f"7927888{index:04}", user=user, display=HOSTILE_NAMES[index % len(HOSTILE_NAMES)])
        for index, user in enumerate(HOSTILE_USERS)
    ]
    rows = await serve(centre, hostile)
    assert len({row["call"] for row in rows}) == len(hostile)
    assert {row["queue"] for row in rows} == {LINE}
    assert all(row["offers"] == 1 and row["misses"] == 0 for row in rows), rows
    for row in rows:
        assert row["caller"].isascii()
        assert row["caller"].replace("+", "").isalnum() or not row["caller"]
    known = {row["call"] for row in await centre.rows(calls)}
    assert {fact["call"] for fact in await centre.rows(facts) if fact["call"]} == known
    async with asyncio.timeout(20):  # a call's last channel, and its entry, may outlive the talk and its record
        while "0 active channels" not in await centre.asterisk.rx("core show channels count"):
            pass
    assert await entries(centre) == known
    assert "ACD_TO" not in await centre.asterisk.rx("dialplan show globals")


OTHERS = ("/registrar", "/dundi", "/pbx", "/CustomPresence/acd-hours-")
"""What else is in Asterisk's database: its own, and the hours of the lines."""


async def entries(centre: LabCentre) -> set[str]:
    """Return the calls in Asterisk's journal of ended calls, having looked at every entry of its database."""
    found = set()
    for line in (await centre.asterisk.rx("database show")).splitlines():
        key, colon, value = line.partition(": ")
        if not colon or not key.startswith("/acd-ended"):
            assert not line.startswith("/") or key.startswith(OTHERS), line
            continue
        _, family, minute, call = key.strip().split("/")
        assert family == "acd-ended"
        assert minute.isdigit()
        assert len(value.split("|")) == WITH_MESSAGE
        found.add(call)
    return found
