"""Checks of the way to an Asterisk's manager interface: is somebody there, do we get in, may we do what we need.

The link is the daemon's own client, so that what works here works there. One link serves all checks of a server.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from acd.doctor.finding import Finding, error, ok, skipped, warning
from acd.texts import Text
from ami_bridge.client import AmiClient, AmiSettings
from ami_bridge.errors import ActionRefused, AmiLoginRefused

CONNECT_LIMIT_S: Final = 3.0
UP_LIMIT_S: Final = 8.0
GREETING: Final = b"Asterisk Call Manager"

NEEDED_ACTIONS: Final = (
    "ControlPlayback",
    "CoreShowChannels",
    "CoreStatus",
    "DBGet",
    "DBGetTree",
    "DeviceStateList",
    "Getvar",
    "Hangup",
    "QueueAdd",
    "QueuePause",
    "QueueRemove",
    "QueueStatus",
    "Setvar",
    "ShowDialPlan",
    "Status",
)
"""What the daemon and this doctor send. ListCommands names those that the user may send: none has to be tried."""

NEEDED_EVENTS: Final = ("call", "dtmf", "system")
"""Classes of events (`read=` in manager.conf) without which the daemon is deaf."""


@dataclass(slots=True)
class Knock:
    """What came of knocking at a server: a link, or the finding that says why there is none."""

    server: str
    link: AmiClient | None = None
    failure: Finding | None = None
    heard: set[str] = field(default_factory=set)
    """Names of the events that have come so far."""


@contextlib.asynccontextmanager
async def knock(settings: AmiSettings) -> AsyncIterator[Knock]:
    """Try to connect and log in; the link, if there is one, lives as long as the `async with` block."""
    failure = await _reach(settings)
    if failure is not None:
        yield Knock(settings.server, failure=failure)
        return
    heard: set[str] = set()
    outcome: asyncio.Future[AmiClient] = asyncio.get_running_loop().create_future()

    async def came_up(client: AmiClient) -> None:
        if not outcome.done():
            outcome.set_result(client)

    def refused(fault: AmiLoginRefused) -> None:
        if not outcome.done():
            outcome.set_exception(fault)

    client = AmiClient(settings, lambda message: heard.add(message.event), came_up, _ignore_loss, refused)
    running = asyncio.create_task(client.run(), name=f"check-{settings.server}")
    try:
        at = await _outcome(settings, outcome)
        at.heard = heard
        yield at
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _outcome(settings: AmiSettings, outcome: "asyncio.Future[AmiClient]") -> Knock:
    where = {"host": settings.host, "port": settings.port}
    try:
        async with asyncio.timeout(UP_LIMIT_S):
            link = await outcome
    except AmiLoginRefused as fault:
        said = {"user": settings.username, "reason": fault.message}
        return Knock(
            settings.server, failure=error("ami.login", settings.server, _REFUSED, _REFUSED_ADVICE, **where, **said)
        )
    except TimeoutError:
        return Knock(settings.server, failure=error("ami.login", settings.server, _SILENT, _SILENT_ADVICE, **where))
    return Knock(settings.server, link=link)


async def _reach(settings: AmiSettings) -> Finding | None:
    """Return why nobody can be talked to at the address; None when a manager interface greets us."""
    where = {"host": settings.host, "port": settings.port}
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            reader, writer = await asyncio.open_connection(settings.host, settings.port)
    except (OSError, TimeoutError) as fault:
        reason = os.strerror(fault.errno) if fault.errno and fault.errno > 0 else str(fault) or "timed out"
        return error("ami.reach", settings.server, _UNREACHABLE, _UNREACHABLE_ADVICE, **where, reason=reason)
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            greeting = await reader.read(len(GREETING))
    except (OSError, TimeoutError):
        greeting = b""
    finally:
        writer.close()
    if GREETING.startswith(greeting) and greeting:
        return None
    return error("ami.reach", settings.server, _NOT_AMI, _NOT_AMI_ADVICE, **where)


def _ignore_loss(_reason: str) -> None:
    """A link that is lost shows in the checks that use it."""


def login(at: Knock) -> list[Finding]:
    """Say whether there is a link."""
    if at.failure is not None:
        return [at.failure]
    return [ok("ami.login", at.server, _LOGGED_IN)]


async def rights_to_act(link: AmiClient) -> list[Finding]:
    """See whether the user may send every action that is needed."""
    permitted = await link.action("ListCommands")
    missing = [name for name in NEEDED_ACTIONS if permitted.get(name) is None]
    if missing:
        names = ", ".join(missing)
        return [error("ami.rights", link.settings.server, _MAY_NOT, _MAY_NOT_ADVICE, actions=names)]
    return [ok("ami.rights", link.settings.server, _MAY_ALL)]


async def rights_to_hear(link: AmiClient, heard: Set[str]) -> list[Finding]:
    """See whether the user gets the classes of events that are needed.

    Asterisk has no action that tells. FullyBooted, which follows the login, proves the class `system`; the rest is read
    from the user's own entry by the dialplan function AST_CONFIG, where that module is loaded, or else left open.
    """
    server, user = link.settings.server, link.settings.username
    try:
        answer = await link.action("Getvar", {"Variable": f"AST_CONFIG(manager.conf,{user},read)"})
        granted = {word.strip() for word in answer.get("Value", "").split(",")} - {""}
    except ActionRefused:
        granted = set()
    if not granted:
        if "FullyBooted" not in heard:
            return [warning("ami.events", server, _DEAF, _DEAF_ADVICE, classes="system", user=user)]
        return [skipped("ami.events", server, _HEARS_UNKNOWN)]
    missing = [] if "all" in granted else [name for name in NEEDED_EVENTS if name not in granted]
    if missing:
        return [error("ami.events", server, _DEAF, _DEAF_ADVICE, classes=", ".join(missing), user=user)]
    too_much = sorted(granted & {"all", "originate", "command", "config"})
    if too_much:
        return [warning("ami.events", server, _TOO_MUCH, _TOO_MUCH_ADVICE, classes=", ".join(too_much), user=user)]
    return [ok("ami.events", server, _HEARS_ALL)]


async def too_many_rights(link: AmiClient, *, calls_back: bool = False) -> list[Finding]:
    """See whether the user may do what nobody needs: with these, who steals the secret owns the machine.

    Where callers are called back, `Originate` is needed and its lack is the error.
    """
    permitted = await link.action("ListCommands")
    if calls_back and permitted.get("Originate") is None:
        return [error("ami.least", link.settings.server, _NO_ORIGINATE, _NO_ORIGINATE_ADVICE)]
    unneeded = ("Command", "UpdateConfig") if calls_back else ("Command", "Originate", "UpdateConfig")
    dangerous = [name for name in unneeded if permitted.get(name) is not None]
    if dangerous:
        names = ", ".join(dangerous)
        return [warning("ami.least", link.settings.server, _TOO_POWERFUL, _TOO_POWERFUL_ADVICE, actions=names)]
    return [ok("ami.least", link.settings.server, _LEAST)]


def without_link(at: Knock, checks: Sequence[str]) -> list[Finding]:
    """Return, for each check that needs a link, that it could not be looked at."""
    return [skipped(check, at.server, _NO_LINK) for check in checks]


_UNREACHABLE = Text(
    "{subject}: no manager interface (AMI) at {host}:{port}: {reason}",
    "{subject}: управляющий интерфейс (AMI) по адресу {host}:{port} недоступен: {reason}",
)
_UNREACHABLE_ADVICE = Text(
    "Is Asterisk running? In manager.conf: enabled=yes, bindaddr={host}, port={port}; then `manager reload`",
    "Работает ли Asterisk? В manager.conf нужно: enabled=yes, bindaddr={host}, port={port}; затем `manager reload`",
)
_NOT_AMI = Text(
    "{subject}: what listens on {host}:{port} is not Asterisk's manager interface",
    "{subject}: на {host}:{port} отвечает не управляющий интерфейс Asterisk",
)
_NOT_AMI_ADVICE = Text(
    "Correct ami_port of this server in the configuration (5038 unless manager.conf says otherwise)",
    "Исправьте ami_port этого сервера в настройке (5038, если manager.conf не говорит иного)",
)
_REFUSED = Text(
    "{subject}: Asterisk refuses the login of user {user}: {reason}",
    "{subject}: Asterisk не принимает пользователя {user}: {reason}",
)
_REFUSED_ADVICE = Text(
    "Compare ami_user and ami_secret with manager.conf, and its `permit` with this machine's address; "
    "`acd asterisk-conf` writes a fitting file",
    "Сверьте ami_user и ami_secret с manager.conf, а его `permit` с адресом этой машины; "
    "подходящий файл создаст `acd asterisk-conf`",
)
_SILENT = Text(
    "{subject}: Asterisk at {host}:{port} accepted the connection and then did not answer",
    "{subject}: Asterisk по адресу {host}:{port} принял соединение, но не отвечает",
)
_SILENT_ADVICE = Text(
    "Asterisk hangs or is still starting: look at its log, and at `core show taskprocessors`",
    "Asterisk завис или ещё запускается: посмотрите его журнал и `core show taskprocessors`",
)
_LOGGED_IN = Text("{subject}: Asterisk lets us in", "{subject}: Asterisk нас принимает")
_MAY_NOT = Text(
    "{subject}: the manager user may not send {actions}", "{subject}: пользователю AMI не разрешено: {actions}"
)
_MAY_NOT_ADVICE = Text(
    "Give it `write = call,reporting,agent` in manager.conf; an action that is not known at all lacks its module",
    "Дайте ему в manager.conf `write = call,reporting,agent`; если действие вовсе неизвестно, не загружен его модуль",
)
_MAY_ALL = Text("{subject}: the manager user may do all that is needed", "{subject}: прав пользователя AMI достаточно")
_DEAF = Text(
    "{subject}: Asterisk does not send us events of: {classes}", "{subject}: Asterisk не присылает события: {classes}"
)
_DEAF_ADVICE = Text(
    "Give user {user} `read = call,dtmf,system` in manager.conf, then `manager reload`",
    "Дайте пользователю {user} в manager.conf `read = call,dtmf,system`, затем `manager reload`",
)
_HEARS_UNKNOWN = Text(
    "{subject}: events of class system arrive; the other classes cannot be read (func_config is not loaded)",
    "{subject}: события класса system приходят; прочие классы узнать нельзя (модуль func_config не загружен)",
)
_HEARS_ALL = Text("{subject}: Asterisk sends all events needed", "{subject}: Asterisk присылает все нужные события")
_TOO_MUCH = Text(
    "{subject}: user {user} reads more than it needs: {classes}",
    "{subject}: пользователь {user} читает больше, чем нужно: {classes}",
)
_TOO_MUCH_ADVICE = Text(
    "`read = call,dtmf,system` is enough; more costs time and opens doors",
    "Достаточно `read = call,dtmf,system`; лишнее занимает время и открывает двери",
)
_TOO_POWERFUL = Text(
    "{subject}: the manager user may send {actions}, which nothing needs",
    "{subject}: пользователю AMI разрешено лишнее: {actions}",
)
_TOO_POWERFUL_ADVICE = Text(
    "`write = call,reporting,agent` is enough: with more, whoever learns the secret can run programs on the server",
    "Достаточно `write = call,reporting,agent`: с лишними правами узнавший пароль запустит на сервере любую программу",
)
_NO_ORIGINATE = Text(
    "{subject}: the manager user may not call anybody back", "{subject}: пользователю AMI нельзя перезванивать"
)
_NO_ORIGINATE_ADVICE = Text(
    "Write Asterisk's files anew (`acd asterisk-conf`): lines with call-backs need"
    " `write = call,reporting,agent,originate`",
    "Запишите файлы Asterisk заново (`acd asterisk-conf`): линиям с перезвоном нужно"
    " `write = call,reporting,agent,originate`",
)
_LEAST = Text("{subject}: the manager user has no dangerous right", "{subject}: опасных прав у пользователя AMI нет")
_NO_LINK = Text("{subject}: not looked at: no link to Asterisk", "{subject}: не проверено: нет связи с Asterisk")
