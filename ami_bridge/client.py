"""The manager interface of one Asterisk server, for as long as the daemon lives.

Decides when a link is built, when it counts as up, when it counts as dead and how soon the next is tried. Order of a
link's life: connect, log in, wait until Asterisk has booted, `on_up` (resynchronise), supervise, `on_down`. What an
event means is left to whoever is given it. An action is sent at most once: after a loss its sender reconciles.
"""

import asyncio
import itertools
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

import structlog

from ami_bridge.actions import PendingAction
from ami_bridge.errors import (
    ActionRefused,
    AmiConnectionLost,
    AmiError,
    AmiLoginRefused,
    AmiOverloaded,
    AmiTimeout,
    BridgeError,
)
from ami_bridge.link import LinkManager
from ami_bridge.message import AmiMessage, HeaderValue, encode_action

log = structlog.get_logger(__name__)

NO_HEADERS: Final[Mapping[str, HeaderValue]] = {}
ACTION_TIMEOUT_S: Final = 5.0
LASTING_S: Final = 5.0
"""A link that was up for longer than this is rebuilt at once; one that falls sooner counts as a failed try."""


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """Where a server's manager interface is and how patient we are with it."""

    server: str
    """The server's name in the configuration; part of every channel's identity."""
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    events: str = "on"
    """EventMask of the login: which classes of events Asterisk sends."""
    wanted_events: Set[str] | None = None
    """Names of the events to parse at all; None takes every one."""
    connect_timeout_s: float = 3.0
    login_timeout_s: float = 3.0
    boot_patience_s: float = 1.0
    """How long after the login FullyBooted may take before we look for ourselves."""
    boot_timeout_s: float = 60.0
    """An Asterisk that lets us in and still has not booted after this is taken as it is."""
    ping_interval_s: float = 1.5
    pong_deadline_s: float = 3.0
    """With the interval, at most 4.5 s until a half-open connection is noticed."""
    first_retry_s: float = 0.1
    hasty_retry_s: float = 0.3
    """The longest pause while an Asterisk that was restarted is about to be back: callers come before we do."""
    hasty_for_s: float = 9.0
    longest_retry_s: float = 1.5
    """With the connection's set-up, less than 2 s from Asterisk's port being up to our login."""
    longest_retry_refused_s: float = 30.0
    """After refused logins; hammering would have fail2ban lock us out."""


class AmiClient:
    """One server's AMI. `run` keeps a link up; `action`, `action_list` and `post` use it while it is."""

    def __init__(
        self,
        settings: AmiSettings,
        on_event: Callable[[AmiMessage], None],
        on_up: Callable[["AmiClient"], Awaitable[None]],
        on_down: Callable[[str], None],
        on_refused: Callable[[AmiLoginRefused], None] | None = None,
    ) -> None:
        """Take the hooks.

        Args:
            settings: The server.
            on_event: Called in the order of arrival, from within the reading of the socket: it must not block.
                An error in it is logged and harms nothing.
            on_up: Awaited when Asterisk is ready; events arrive meanwhile. If it raises an error of the bridge, the
                link is built anew; any other is a bug and ends `run`. Idempotent: it may come twice for one link.
            on_down: Called with the reason when a link is lost for which `on_up` was called.
            on_refused: Called at each refused login.
        """
        self.settings = settings
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._on_refused = on_refused
        self._link: LinkManager | None = None
        self._booted = asyncio.Event()
        self._action_prefix = f"{uuid.uuid4().hex[:12]}-"
        self._action_numbers = itertools.count(1)
        self._failures = 0
        self.up = False
        """True from the end of `on_up` to the loss of the link."""

    def __repr__(self) -> str:
        return f"<AmiClient {self.settings.server} {'up' if self.up else 'down'}>"

    # -- using the link --------------------------------------------------------------------------------------------

    async def action(
        self, name: str, headers: Mapping[str, HeaderValue] = NO_HEADERS, *, timeout_s: float = ACTION_TIMEOUT_S
    ) -> AmiMessage:
        """Send an action and return Asterisk's response.

        Raises:
            ActionRefused: Asterisk said no.
            AmiTimeout: No answer within `timeout_s` seconds.
            AmiConnectionLost: There is no link, or it was lost before the answer.
            AmiOverloaded: Asterisk does not keep up; nothing was sent.
            InjectionRefused, TooLong: A value cannot be sent.
        """
        return (await self._complete(self._send(name, headers, timeout_s, as_list=False)))[0]

    async def action_list(
        self, name: str, headers: Mapping[str, HeaderValue] = NO_HEADERS, *, timeout_s: float = ACTION_TIMEOUT_S
    ) -> list[AmiMessage]:
        """Send an action that is answered by a list and return its items, all of them or an error as for `action`."""
        return await self._complete(self._send(name, headers, timeout_s, as_list=True))

    def post(self, name: str, headers: Mapping[str, HeaderValue] = NO_HEADERS) -> None:
        """Send an action whose answer interests nobody; a failure of whatever kind is logged."""
        try:
            pending = self._send(name, headers, ACTION_TIMEOUT_S, as_list=False)
        except BridgeError as error:
            log.warning("ami.post_failed", server=self.settings.server, action=name, reason=str(error))
            return

        def ended(future: "asyncio.Future[list[AmiMessage]]") -> None:
            self._forget(pending)
            error = future.exception()
            if error is not None:
                log.warning("ami.post_failed", server=self.settings.server, action=name, reason=str(error))

        pending.future.add_done_callback(ended)

    def _send(self, name: str, headers: Mapping[str, HeaderValue], timeout_s: float, *, as_list: bool) -> PendingAction:
        given = headers.get("ActionID")
        action_id = given if isinstance(given, str) else f"{self._action_prefix}{next(self._action_numbers)}"
        wire = encode_action(name, {key: headers[key] for key in headers if key != "ActionID"}, action_id)
        if self._link is None:
            raise AmiConnectionLost(name, "not connected", sent=False)
        pending = PendingAction(name, action_id, wire, as_list=as_list)
        self._link.send_action(pending, as_list=as_list)
        pending.start_deadline(timeout_s)
        return pending

    async def _complete(self, pending: PendingAction) -> list[AmiMessage]:
        try:
            messages: list[AmiMessage] = await pending.future
            return messages
        finally:
            self._forget(pending)

    def _forget(self, pending: PendingAction) -> None:
        pending.stop_deadline()
        if self._link is not None:
            self._link.protocol.forget(pending)

    # -- keeping the link up ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a link to the server for ever; ends only by being cancelled."""
        retry_s = 0.0
        while True:
            await asyncio.sleep(retry_s)
            refused = False
            try:
                reason = await self._one_link()
            except AmiLoginRefused as error:
                refused, reason = True, str(error)
                if self._on_refused is not None:
                    self._on_refused(error)
            except (OSError, BridgeError) as error:
                reason = str(error) or type(error).__name__
            retry_s = self._next_retry_s(refused=refused)
            report = log.warning if refused or self._failures == 1 else log.info
            report("ami.down", server=self.settings.server, reason=reason, retry_s=round(retry_s, 2))

    def _next_retry_s(self, *, refused: bool) -> float:
        first, longest = self.settings.first_retry_s, self.settings.longest_retry_s
        if refused:
            first, longest = longest, self.settings.longest_retry_refused_s
        elif self._failures * self.settings.hasty_retry_s < self.settings.hasty_for_s:
            longest = min(longest, self.settings.hasty_retry_s)
        retry_s = min(longest, first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return retry_s * random.uniform(0.75, 1.0)  # noqa: S311 - spreads reconnections, protects nothing

    async def _one_link(self) -> str:
        """Live through one link and return why it ended.

        Raises:
            OSError, BridgeError: It did not come up.
        """
        settings, loop = self.settings, asyncio.get_running_loop()
        wanted = None if settings.wanted_events is None else settings.wanted_events | {"FullyBooted"}
        link = LinkManager(settings.host, settings.port, self._take_event, wanted)
        await link.open(settings.connect_timeout_s)
        self._link = link
        self._booted.clear()
        link.lost.add_done_callback(lambda _: self._booted.set())  # who waits for the boot waits no longer
        watch = asyncio.create_task(self._watch(link), name=f"ami-watch-{settings.server}")
        told = False
        try:
            await self._log_in()
            booted = await self._wait_booted(link)
            told = True
            await self._resynchronise(link)
            self.up, up_at = True, loop.time()
            log.info("ami.up", server=settings.server, version=link.protocol.decoder.version)
            if not booted:
                log.info("ami.no_fully_booted", server=settings.server, hint="read=system, eventfilter")
                await self._booted.wait()
                if not link.lost.done():  # what was read before may be incomplete
                    await self._resynchronise(link)
            await link.lost
            if loop.time() - up_at > LASTING_S:
                self._failures = 0
        except asyncio.CancelledError:
            told = False
            raise
        except BridgeError as error:
            link.abort(str(error))
            raise
        finally:
            self.up = False
            watch.cancel()
            link.abort("stopped")
            self._link = None
            if told:
                self._on_down(link.reason)
        return link.reason

    def _take_event(self, message: AmiMessage) -> None:
        if message.event == "FullyBooted":
            self._booted.set()
        elif message.event != "OriginateResponse" and (message.action_id or "").startswith(self._action_prefix):
            return  # an item of a list that was given up
        self._on_event(message)

    async def _log_in(self) -> None:
        headers = {
            "Username": self.settings.username,
            "Secret": self.settings.secret,
            "Events": self.settings.events,
        }
        try:
            await self.action("Login", headers, timeout_s=self.settings.login_timeout_s)
        except ActionRefused as error:
            raise AmiLoginRefused(self.settings.server, self.settings.username, error.message) from None

    async def _wait_booted(self, link: LinkManager) -> bool:
        """Wait until Asterisk has loaded its modules; return whether it has said so itself.

        It says so by the event FullyBooted, right after the login if it has booted already. A user without the class
        `system`, or with an event filter, never gets that. So after a moment CoreStatus is asked: while Asterisk
        starts, its start-up date is that of the epoch. This is a weaker sign (22.10 has the date 0.2 s before it has
        booted), hence whoever is told "up" by it is told again when FullyBooted comes after all.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self.settings.boot_timeout_s
        while loop.time() < give_up_at:
            try:
                async with asyncio.timeout(self.settings.boot_patience_s):
                    await self._booted.wait()
            except TimeoutError:
                pass
            else:
                if link.lost.done():
                    raise AmiConnectionLost("boot", link.reason, sent=True)
                return True
            try:
                status = await self.action("CoreStatus")
            except ActionRefused:
                return False
            if status.get("CoreStartupDate", "")[:4] not in {"1969", "1970"}:
                return False
        log.warning("ami.not_booted", server=self.settings.server, waited_s=self.settings.boot_timeout_s)
        return False

    async def _resynchronise(self, link: LinkManager) -> None:
        """Await `on_up`, but no longer than the link lives."""
        up = asyncio.ensure_future(self._on_up(self))
        try:
            await asyncio.wait({up, link.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not up.done():
                up.cancel()
                await asyncio.wait({up})
        if up.cancelled():
            raise AmiConnectionLost("resynchronisation", link.reason, sent=True)
        up.result()

    async def _watch(self, link: LinkManager) -> None:
        """Ping, and end the link when the Pong is late and nothing else comes either, or when it is far too late."""
        loop = asyncio.get_running_loop()
        protocol, patience_s = link.protocol, self.settings.pong_deadline_s
        while True:
            await asyncio.sleep(self.settings.ping_interval_s)
            asked_at = loop.time()
            ping = asyncio.ensure_future(self.action("Ping", timeout_s=3 * patience_s))
            try:
                while not ping.done():
                    silent_at = max(asked_at, protocol.received_at) + patience_s
                    await asyncio.wait({ping}, timeout=max(0.05, silent_at - loop.time()))
                    if not ping.done() and loop.time() >= max(asked_at, protocol.received_at) + patience_s:
                        link.abort(f"no sign of life for {patience_s:g} s")
                        return
                await ping
            except (AmiTimeout, ActionRefused) as error:
                link.abort(str(error))
                return
            except AmiOverloaded as error:
                await asyncio.sleep(max(0.0, protocol.received_at + patience_s - loop.time()))
                if loop.time() >= protocol.received_at + patience_s:
                    link.abort(str(error))
                    return
            except AmiError:
                return
            finally:
                ping.cancel()
