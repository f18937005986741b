"""Each defect of panoramisk 1.4 that could hurt, shown on it and shown not to be ours: the same body with both.

`expected[side]` is what each of the two does. The rows are those of a close reading of panoramisk and of a field
study of AMI daemons; what a row breaks is in its docstring.
"""

import asyncio
import socket

import pytest

from ami_bridge.client import AmiClient
from ami_bridge.errors import ActionRefused, AmiOverloaded, AmiTimeout, InjectionRefused
from ami_bridge.link import MAX_PENDING, LinkManager
from tests.ami_bridge.fake_asterisk import HOST, FakeAsterisk, drop, error, listing, log_in, success
from tests.ami_bridge.sides import Bare, Ours, settled

both = pytest.mark.parametrize("side", [Ours, pytest.param(Bare, id="bare-misbehaves")])


@both
async def test_synchronous_originate_is_answered(side):
    """Its answer reads 'successfully queued' and no Async header was sent: bare, a KeyError drops the link."""
    asterisk = FakeAsterisk({"Originate": success("Message: Originate successfully queued")})
    async with asterisk, side(asterisk) as ami:
        outcome = ami.start("Originate", {"Channel": "Local/1@x"})
        if side is Bare:
            await asterisk.until(lambda: bool(ami.downs))
        else:
            await ami.round_trip()
        assert (await settled(outcome), len(ami.downs)) == {"ours": ("Success", 0), "bare": ("hangs", 1)}[side.name]


@both
async def test_queue_add_is_answered(side):
    """Bare takes 'Added interface to queue' for the beginning of a list."""
    asterisk = FakeAsterisk({"QueueAdd": success("Message: Added interface to queue")})
    async with asterisk, side(asterisk) as ami:
        outcome = ami.start("QueueAdd", {"Queue": "q", "Interface": "PJSIP/op101"})
        await ami.round_trip()
        assert await settled(outcome) == {"ours": "Success", "bare": "hangs"}[side.name]


@both
async def test_an_action_is_never_sent_twice(side):
    """An Originate whose answer was lost with the link dials once; bare, it is sent again after the reconnection."""
    asterisk = FakeAsterisk({"Originate": lambda link, action: drop(link, action) if link.number == 0 else None})
    async with asterisk, side(asterisk) as ami:
        outcome = ami.start("Originate", {"Channel": "Local/1@x", "Async": "true"})
        await asterisk.until(lambda: ami.ups == 2)
        await ami.round_trip()
        assert asterisk.names().count("Originate") == {"ours": 1, "bare": 2}[side.name]
        assert await settled(outcome) == {"ours": "AmiConnectionLost", "bare": "hangs"}[side.name]


@both
async def test_error_in_a_handler_harms_nothing(side):
    """Bare, one exception closes the link and loses the rest of the packet."""

    def handler(message):
        if message["Number"] == "1":
            raise ValueError("a bug of ours")

    asterisk = FakeAsterisk(
        {"Go": lambda link, action: [link.event("Numbered", f"Number: {n}") for n in range(1, 4)] and None}
    )
    async with asterisk, side(asterisk, on_event=lambda m: m["event"] == "Numbered" and handler(m)) as ami:
        outcome = ami.start("Go", {})
        if side is Bare:
            await asterisk.until(lambda: bool(ami.downs))
        else:
            await ami.round_trip()
        numbered = [event["Number"] for event in ami.events if event["event"] == "Numbered"]
        assert (numbered, bool(ami.downs)) == {"ours": (["1", "2", "3"], False), "bare": (["1"], True)}[side.name]
        await settled(outcome)


async def test_frozen_asterisk_is_noticed():
    """An Asterisk that is stopped, with its connection open, is given up, and what was pending fails."""
    asterisk = FakeAsterisk()
    async with asterisk, Ours(asterisk, ping_interval_s=0.02, pong_deadline_s=0.1) as ami:
        asterisk.freeze()
        outcome = ami.start("Originate", {"Channel": "Local/1@x"})
        await asterisk.until(lambda: bool(ami.downs))
        assert "no sign of life" in ami.downs[0]
        assert await settled(outcome) == "AmiConnectionLost"
        await asterisk.until(lambda: ami.ups == 2)


async def test_frozen_asterisk_is_noticed_when_not_even_a_ping_can_be_sent():
    """With everything full that could hold a Ping, silence alone is enough."""
    asterisk = FakeAsterisk()
    async with asterisk, Ours(asterisk, ping_interval_s=0.02, pong_deadline_s=0.2) as ami:
        asterisk.freeze()
        for _ in range(MAX_PENDING):
            ami.client.post("UserEvent", {"Text": "x" * 1000})
        with pytest.raises(AmiOverloaded):
            await ami.client.action("Ping")
        await asterisk.until(lambda: bool(ami.downs))
        await asterisk.until(lambda: ami.ups == 2)


async def test_bare_panoramisk_pings_a_frozen_asterisk_for_ever():
    """The claim: it never looks whether a Ping was answered."""
    asterisk = FakeAsterisk()
    async with asterisk, Bare(asterisk) as ami:
        ami.manager.ping_interval = 0
        asterisk.freeze()
        ami.manager.ping()
        for _ in range(1000):
            await asyncio.sleep(0)
        assert len(ami.manager.protocol.responses) > 300
        assert ami.downs == []


@both
async def test_value_with_line_ends_is_no_second_action(side):
    """A caller's name can hold anything; bare, what it holds is carried out."""
    asterisk = FakeAsterisk({"Setvar": success()})
    async with asterisk, side(asterisk) as ami:
        value = "x\r\n\r\nAction: Originate\r\nActionID: evil\r\nChannel: Local/1@x"
        if side is Ours:
            with pytest.raises(InjectionRefused):
                await ami.client.action("Setvar", {"Variable": "NAME", "Value": value})
        else:
            await settled(ami.start("Setvar", {"Variable": "NAME", "Value": value}))
        await ami.round_trip()
        assert asterisk.names() == {"ours": [], "bare": ["Setvar", "Originate"]}[side.name]


@both
async def test_refused_list_is_refused(side):
    """A list that Asterisk refuses ends in an error, neither hanging (bare) nor as an empty list."""
    asterisk = FakeAsterisk({"QueueStatus": error("Permission denied")})
    async with asterisk, side(asterisk) as ami:
        outcome = ami.start("QueueStatus", {}, as_list=True)
        await ami.round_trip()
        assert await settled(outcome) == {"ours": "ActionRefused", "bare": "hangs"}[side.name]


@both
async def test_list_that_a_loss_cuts_fails(side):
    """A list of which a part had come is not waited for any more; bare, it is for ever."""

    def half(link, action):
        link.respond(action, "Success", "EventList: start", "Message: Channels will follow")
        link.send("Event: CoreShowChannel", f"ActionID: {action['ActionID']}", "Channel: x")
        link.transport.close()

    asterisk = FakeAsterisk({"CoreShowChannels": half})
    async with asterisk, side(asterisk) as ami:
        outcome = ami.start("CoreShowChannels", {}, as_list=True)
        await asterisk.until(lambda: ami.ups == 2)
        await ami.round_trip()
        assert await settled(outcome) == {"ours": "AmiConnectionLost", "bare": "hangs"}[side.name]


@both
async def test_action_while_disconnected_fails_at_once(side):
    """Nobody waits for a link that is not there: the action was not sent, and the error says so."""
    asterisk = FakeAsterisk()
    async with asterisk, side(asterisk) as ami:
        await asterisk.die()
        await asterisk.until(lambda: bool(ami.downs))
        outcome = ami.start("Originate", {"Channel": "Local/1@x"})
        assert await settled(outcome) == {"ours": "AmiConnectionLost", "bare": "hangs"}[side.name]


@both
async def test_originate_response_reaches_the_handlers(side):
    """The event that tells an asynchronous Originate's end carries our ActionID; bare, no handler sees it."""

    def answer(link, action):
        link.respond(action, "Success", "Message: Originate successfully queued")
        link.event("OriginateResponse", f"ActionID: {action['ActionID']}", "Response: Failure", "Reason: 3")

    asterisk = FakeAsterisk({"Originate": answer})
    async with asterisk, side(asterisk) as ami:
        outcome = ami.start("Originate", {"Channel": "Local/1@x", "Async": "true"})
        await ami.round_trip()
        assert ami.event_names == {"ours": ["OriginateResponse"], "bare": []}[side.name]
        await settled(outcome)


@both
async def test_asynchronous_originate_ends_with_its_acknowledgement(side):
    """The caller of `action` has his answer when Asterisk has taken the order; bare, 30 s later or never."""
    asterisk = FakeAsterisk({"Originate": success("Message: Originate successfully queued")})
    async with asterisk, side(asterisk) as ami:
        outcome = ami.start("Originate", {"Channel": "Local/1@x", "Async": "true"})
        await ami.round_trip()
        assert await settled(outcome) == {"ours": "Success", "bare": "hangs"}[side.name]


@both
async def test_refused_login_is_told(side):
    """Asterisk refuses and closes. Ours says so and slows down; bare knocks on with no word to anybody."""
    asterisk = FakeAsterisk()
    asterisk.script["Login"] = lambda link, action: (
        error("Authentication failed")(link, action),
        link.transport.close(),
    )
    async with asterisk:
        ami = side(asterisk, longest_retry_refused_s=0.001)
        if side is Ours:
            ami.task = asyncio.create_task(ami.client.run())
            await asterisk.until(lambda: len(ami.refusals) == 2)
            assert ami.refusals[0] == "main: login as acd refused: Authentication failed"
            assert ami.downs == []
            await ami.__aexit__()
        else:
            await ami.manager.connect()
            await asterisk.until(lambda: len(asterisk.received) == 3)
            await ami.__aexit__()
        assert ami.ups == 0


@both
async def test_asterisk_that_reads_nothing_does_not_fill_our_memory(side):
    """What cannot be sent is refused once the buffer is full; bare, it piles up in the transport."""
    asterisk = FakeAsterisk()
    async with asterisk, side(asterisk) as ami:
        asterisk.freeze()
        actions = [ami.start("UserEvent", {"Text": "x" * 1000}) for _ in range(12_000)]
        outcomes = [await settled(task) for task in actions[-1:]]
        assert outcomes == {"ours": ["AmiOverloaded"], "bare": ["hangs"]}[side.name]
        for task in actions:
            task.cancel()
        await asyncio.wait(actions)


@both
async def test_stopping_leaves_no_reconnection_behind(side):
    """After the end nothing connects again; bare, close() in the pause before a reconnection does not stop it."""
    asterisk = FakeAsterisk({"Go": drop})
    async with asterisk:
        async with side(asterisk) as ami:
            outcome = ami.start("Go", {})
            await asterisk.until(lambda: bool(ami.downs))
            if side is Bare:
                ami.manager.close()
                await asterisk.until(lambda: len(asterisk.links) == 2)
            await settled(outcome)
        if side is Ours:
            assert ami.task.cancelled()
            before = len(asterisk.links)
            async with Ours(asterisk):
                assert len(asterisk.links) == before + 1


async def test_user_without_the_class_system_gets_up():
    """FullyBooted never comes to such a user: Asterisk is asked instead, and nothing hangs."""
    asterisk = FakeAsterisk({"Login": success(), "CoreStatus": success("CoreStartupDate: 2026-11-21")})
    async with asterisk, Ours(asterisk, boot_patience_s=0.01) as ami:
        assert (ami.ups, asterisk.names()) == (1, ["CoreStatus"])


async def test_user_who_may_not_even_ask_gets_up():
    """A user without the right to CoreStatus is served as well."""
    asterisk = FakeAsterisk({"Login": success(), "CoreStatus": error("Permission denied")})
    async with asterisk, Ours(asterisk, boot_patience_s=0.01) as ami:
        assert ami.ups == 1


async def test_asterisk_that_still_boots_is_waited_for():
    """While its start-up date is that of the epoch nothing is read from it."""
    asterisk = FakeAsterisk({"Login": success()})

    def core_status(link, action):
        asked = asterisk.names().count("CoreStatus")
        link.respond(action, "Success", f"CoreStartupDate: {'1970-01-01' if asked < 3 else '2026-11-21'}")

    asterisk.script["CoreStatus"] = core_status
    async with asterisk, Ours(asterisk, boot_patience_s=0.005):
        assert asterisk.names() == ["CoreStatus"] * 3


async def test_loss_while_asterisk_boots_is_noticed_at_once():
    """An Asterisk that dies while it boots is not waited for: the next try follows."""
    asterisk = FakeAsterisk({"Login": success()})
    async with asterisk:
        ami = Ours(asterisk, boot_patience_s=60)
        task = asyncio.create_task(ami.client.run())
        await asterisk.until(lambda: len(asterisk.received) == 1)
        asterisk.script["Login"] = log_in
        await asyncio.sleep(0)
        asterisk.links[0].transport.close()
        await asterisk.until(lambda: ami.ups == 1)
        assert ami.downs == []
        task.cancel()
        await asyncio.wait({task})


async def test_late_fully_booted_resynchronises_again():
    """What was read from an Asterisk that had not quite booted is read again when it has."""
    asterisk = FakeAsterisk({"Login": success(), "CoreStatus": success("CoreStartupDate: 2026-11-21")})
    async with asterisk, Ours(asterisk, boot_patience_s=0.01) as ami:
        asterisk.links[0].send("Event: FullyBooted", "Status: Fully Booted")
        await asterisk.until(lambda: ami.ups == 2)
        assert ami.downs == []


async def test_connecting_has_a_time_limit():
    """A host that drops our SYN is given up in time; bare panoramisk waits for the kernel, two minutes."""
    listener = socket.socket()
    listener.bind((HOST, 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    full = [socket.socket() for _ in range(4)]
    for sock in full:
        sock.setblocking(False)
        sock.connect_ex((HOST, port))  # until the backlog is full and SYNs are dropped
    try:
        with pytest.raises(TimeoutError, match="did not answer within"):
            await LinkManager(HOST, port, lambda _: None).open(0.05)
    finally:
        for sock in (listener, *full):
            sock.close()


async def test_list_without_an_end_blocks_no_later_one():
    """The first enumeration times out; its late items do not get into the second (a field daemon's bug)."""
    asterisk = FakeAsterisk()
    late = []

    def first(link, action):
        link.respond(action, "Success", "EventList: start")
        late.append(f"ActionID: {action['ActionID']}")
        asterisk.script["CoreShowChannels"] = second

    def second(link, action):
        link.respond(action, "Success", "EventList: start")
        link.send("Event: CoreShowChannel", late[0], "Channel: stale")
        link.send("Event: CoreShowChannelsComplete", late[0], "EventList: Complete")
        link.send("Event: CoreShowChannel", f"ActionID: {action['ActionID']}", "Channel: fresh")
        link.send("Event: CoreShowChannelsComplete", f"ActionID: {action['ActionID']}", "EventList: Complete")

    asterisk.script["CoreShowChannels"] = first
    async with asterisk, Ours(asterisk) as ami:
        with pytest.raises(AmiTimeout, match=r"not answered within 0\.01 s: outcome unknown"):
            await ami.client.action_list("CoreShowChannels", timeout_s=0.01)
        items = await ami.client.action_list("CoreShowChannels")
        assert [item["Channel"] for item in items] == ["fresh"]
        assert ami.event_names == []


async def test_cancelled_list_is_no_short_list():
    """A list that Asterisk broke off must not be taken for all there is."""
    asterisk = FakeAsterisk({"Status": listing("Status", end="Cancelled")})
    async with asterisk, Ours(asterisk) as ami:
        with pytest.raises(ActionRefused, match="cancelled"):
            await ami.client.action_list("Status")


async def test_loss_within_resynchronisation_starts_it_anew():
    """A refresh that meets a disconnection fails, and the next link does it again (a field daemon crashed here)."""
    asterisk = FakeAsterisk({"Status": lambda link, action: (drop if link.number == 0 else listing())(link, action)})
    async with asterisk:
        ami = Ours(asterisk)

        async def resynchronise(client: AmiClient) -> None:
            await client.action_list("Status")

        ami.at_up = resynchronise
        async with ami:
            assert [link.open for link in asterisk.links] == [False, True]
            assert len(ami.downs) == 1


async def test_resynchronisation_that_is_refused_starts_anew():
    """Whatever fails in it, the client goes on trying and never counts as up meanwhile."""
    asterisk = FakeAsterisk(
        {"Status": lambda link, action: (error("no") if link.number == 0 else listing())(link, action)}
    )
    async with asterisk:
        ami = Ours(asterisk)
        seen = []

        async def resynchronise(client: AmiClient) -> None:
            seen.append(client.up)
            await client.action_list("Status")

        ami.at_up = resynchronise
        async with ami:
            assert ami.downs == ["Asterisk refused Status: no"]
            assert seen == [False, False]


async def test_peer_that_is_no_asterisk_is_left():
    """A wrong port is a failed try like any other; the client goes on."""
    asterisk = FakeAsterisk(greeting=b"220 mail.example.org ESMTP\r\n")
    async with asterisk:
        ami = Ours(asterisk)
        task = asyncio.create_task(ami.client.run())
        await asterisk.until(lambda: len(asterisk.links) == 2)
        asterisk.greeting = b"Asterisk Call Manager/5.0.4\r\n"
        asterisk.script["Login"] = log_in
        await asterisk.until(lambda: ami.ups == 1)
        task.cancel()
        await asyncio.wait({task})
