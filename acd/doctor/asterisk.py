"""Checks of what an Asterisk has loaded: our dialplan, the operators' telephones, the fallback queues, its clock.

All through the daemon's own rights. What the actions answer was tried on Asterisk 16.28 and 22.10.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Final

from acd.doctor.finding import Finding, error, ok, skipped, warning
from acd.server import HOURS
from acd.texts import Text
from ami_bridge.client import AmiClient
from ami_bridge.errors import ActionRefused
from queue_engine.ids import Instant

OLDEST_VERSION: Final = 16
INCOMING: Final = "acd-incoming"
LIST_LIMIT_S: Final = 20.0
"""A FreePBX has tens of thousands of dialplan lines."""
CLOCK_WARNING_S: Final = 0.5
CLOCK_ERROR_S: Final = 5.0
NAMED_AT_MOST: Final = 10
_HOOK_CALL: Final = re.compile(r"agi://([^/,]+)/call\b")
SOUND_FORMATS: Final = ("wav", "wav16", "ulaw", "alaw", "gsm", "g722", "sln", "sln16", "mp3", "opus", "g729", "siren7")


async def version(link: AmiClient) -> list[Finding]:
    """See whether this Asterisk is not older than the oldest we have tried."""
    told = (await link.action("CoreSettings")).get("AsteriskVersion", "")
    major = told.split(".", 1)[0]
    if major.isdigit() and int(major) < OLDEST_VERSION:
        return [
            warning("asterisk.version", link.settings.server, _OLD, _OLD_ADVICE, version=told, oldest=OLDEST_VERSION)
        ]
    return [ok("asterisk.version", link.settings.server, _VERSION, version=told)]


async def hook(link: AmiClient, address: str) -> list[Finding]:
    """See whether the dialplan has our contexts and calls the daemon at its address.

    Args:
        link: To the server.
        address: `host:port` where Asterisk is told to find the daemon's FastAGI.
    """
    server = link.settings.server
    try:
        plan = await link.action_list("ShowDialPlan", timeout_s=LIST_LIMIT_S)
    except ActionRefused as fault:
        return [skipped("dialplan.hook", server, _PLAN_CLOSED, reason=fault.message)]
    if not any(row.get("Context") == INCOMING for row in plan):
        return [error("dialplan.hook", server, _NO_CONTEXT, _INSTALL_ADVICE, context=INCOMING)]
    ours = [row.get("AppData", "") for row in plan if (row.get("Context") or "").startswith("acd-")]
    called = {match[1] for data in ours if (match := _HOOK_CALL.search(data)) is not None}
    if not called:
        return [error("dialplan.hook", server, _NO_HOOK, _INSTALL_ADVICE)]
    elsewhere = sorted(called - {address})
    if elsewhere:
        found = ", ".join(elsewhere)
        return [error("dialplan.hook", server, _HOOK_ELSEWHERE, _INSTALL_ADVICE, found=found, address=address)]
    return [ok("dialplan.hook", server, _HOOK, address=address)]


async def telephones(link: AmiClient, endpoints: Sequence[str]) -> list[Finding]:
    """See whether Asterisk knows the operators' telephones: it keeps a state for every endpoint that it has."""
    server = link.settings.server
    listed = await link.action_list("DeviceStateList", timeout_s=LIST_LIMIT_S)
    states = {row.get("Device", ""): row.get("State", "") for row in listed if row.event == "DeviceStateChange"}
    unknown = [name for name in endpoints if states.get(f"PJSIP/{name}", "INVALID") == "INVALID"]
    away = [name for name in endpoints if states.get(f"PJSIP/{name}") == "UNAVAILABLE"]
    found: list[Finding] = []
    if unknown:
        found.append(error("telephone.known", server, _UNKNOWN, _UNKNOWN_ADVICE, names=_named(unknown)))
    if away and len(away) == len(endpoints):
        found.append(warning("telephone.registered", server, _ALL_AWAY, _AWAY_ADVICE))
    if not found:
        found.append(
            ok("telephone.known", server, _TELEPHONES, count=len(endpoints), registered=len(endpoints) - len(away))
        )
    return found


async def fallback_queues(link: AmiClient, expected: Mapping[str, Set[str]]) -> list[Finding]:
    """See whether Asterisk's own queues would ring the operators that the configuration names.

    Args:
        link: To the server.
        expected: For each queue, the devices (`PJSIP/op101`) that must be its members.
    """
    server = link.settings.server
    items = await link.action_list("QueueStatus", timeout_s=LIST_LIMIT_S)
    present = {row.get("Queue", "") for row in items if row.event == "QueueParams"}
    members: dict[str, set[str]] = {}
    for row in items:
        if row.event == "QueueMember" and row.get("Membership") != "dynamic":  # those are added by the daemon
            members.setdefault(row.get("Queue", ""), set()).add(row.get("Location", ""))
    found: list[Finding] = []
    for queue, devices in expected.items():
        if queue not in present:
            found.append(error("fallback.queue", server, _NO_QUEUE, _QUEUES_ADVICE, queue=queue))
            continue
        actual = members.get(queue, set())
        if missing := sorted(devices - actual):
            found.append(
                warning("fallback.members", server, _MISSING, _QUEUES_ADVICE, queue=queue, names=_named(missing))
            )
        if stale := sorted(actual - devices):
            found.append(warning("fallback.members", server, _STALE, _QUEUES_ADVICE, queue=queue, names=_named(stale)))
    return found or [ok("fallback.queue", server, _QUEUES, count=len(expected))]


async def hours(link: AmiClient, lines: Sequence[str]) -> list[Finding]:
    """See whether Asterisk can keep the lines' hours, which its dialplan reads while the daemon is away.

    They are kept as a presence state. AMI's Getvar answers a function that is not there with an empty value; a state
    that nobody has set is `not_set` (func_presencestate.c).

    Args:
        link: To the server.
        lines: The lines that can be closed.
    """
    if not lines:
        return []
    asked = {"Variable": HOURS.format(f"{lines[0]},value")}
    if (await link.action("Getvar", asked)).get("Value"):
        return [ok("hours.kept", link.settings.server, _HOURS)]
    return [warning("hours.kept", link.settings.server, _NO_HOURS, _NO_HOURS_ADVICE, names=_named(lines))]


async def clock_offset(link: AmiClient, wall_time: Callable[[], Instant]) -> list[Finding]:
    """See how far Asterisk's clock is from ours, by the time stamp of its Pong; waits are counted from its clock."""
    asked_at = wall_time()
    stamp = (await link.action("Ping")).get("Timestamp")
    answered_at = wall_time()
    if stamp is None:
        return [skipped("clock.offset", link.settings.server, _NO_STAMP)]
    offset_s = float(stamp) - (asked_at + answered_at) / 2
    told = {"offset_s": offset_s}
    if abs(offset_s) > CLOCK_ERROR_S:
        return [error("clock.offset", link.settings.server, _CLOCK_OFF, _CLOCK_ADVICE, **told)]
    if abs(offset_s) > CLOCK_WARNING_S:
        return [warning("clock.offset", link.settings.server, _CLOCK_OFF, _CLOCK_ADVICE, **told)]
    return [ok("clock.offset", link.settings.server, _CLOCK, **told)]


def sounds(server: str, folders: Sequence[Path], names: Iterable[str]) -> list[Finding]:
    """See whether the sounds that calls will hear are there, when Asterisk's files can be seen from here.

    Args:
        server: Name of the server.
        folders: Where its sounds of this language are looked for, the first that has one wins.
        names: Without extension; absolute ones are taken as they are.
    """
    if not any(folder.is_dir() for folder in folders):
        return [skipped("sounds", server, _SOUNDS_UNSEEN)]
    missing = [name for name in names if not any(_is_sound(folder / name) for folder in folders)]
    if missing:
        return [warning("sounds", server, _NO_SOUND, _NO_SOUND_ADVICE, names=_named(missing), folder=folders[0])]
    return [ok("sounds", server, _SOUNDS)]


def _is_sound(path: Path) -> bool:
    return any(path.with_name(f"{path.name}.{kind}").is_file() for kind in SOUND_FORMATS)


def music(server: str, folders: Mapping[str, Path]) -> list[Finding]:
    """See whether each class of music has something to play: without it callers wait in silence and hang up."""
    seen = {name: folder for name, folder in folders.items() if folder.parent.is_dir()}
    if not seen:
        return [skipped("music", server, _SOUNDS_UNSEEN)]
    empty = [f"{name} ({folder})" for name, folder in seen.items() if not _has_music(folder)]
    if empty:
        return [warning("music", server, _NO_MUSIC, _NO_MUSIC_ADVICE, names=_named(empty))]
    return [ok("music", server, _MUSIC)]


def _has_music(folder: Path) -> bool:
    return folder.is_dir() and any(file.suffix.lstrip(".") in SOUND_FORMATS for file in folder.iterdir())


def _named(names: Sequence[str]) -> str:
    """Return the names as a list that people can read: the first few and how many more."""
    more = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" … +{more}" if more > 0 else "")


_OLD = Text(
    "{subject}: Asterisk {version} is older than {oldest}", "{subject}: Asterisk {version} старше версии {oldest}"
)
_OLD_ADVICE = Text(
    "Nothing older than Asterisk {oldest} has been tried: upgrade it",
    "Версии до {oldest} не проверялись: обновите Asterisk",
)
_VERSION = Text("{subject}: Asterisk {version}", "{subject}: Asterisk {version}")
_PLAN_CLOSED = Text(
    "{subject}: the dialplan cannot be read: {reason}", "{subject}: план набора прочесть нельзя: {reason}"
)
_NO_CONTEXT = Text(
    "{subject}: the dialplan has no context {context}: calls do not reach the lines",
    "{subject}: в плане набора нет контекста {context}: вызовы не попадают на линии",
)
_NO_HOOK = Text(
    "{subject}: the dialplan never calls the daemon (no AGI in the acd contexts)",
    "{subject}: план набора не обращается к службе (в контекстах acd нет AGI)",
)
_HOOK_ELSEWHERE = Text(
    "{subject}: the dialplan calls the daemon at {found}, but it listens at {address}",
    "{subject}: план набора обращается к службе по адресу {found}, а она слушает {address}",
)
_INSTALL_ADVICE = Text(
    "Write the files anew with `acd asterisk-conf --output DIR`, include them, then `dialplan reload`",
    "Создайте файлы заново: `acd asterisk-conf --output КАТАЛОГ`, подключите их и выполните `dialplan reload`",
)
_HOOK = Text(
    "{subject}: the dialplan calls the daemon at {address}", "{subject}: план набора обращается к службе: {address}"
)
_UNKNOWN = Text(
    "{subject}: Asterisk does not know these operators' telephones: {names}",
    "{subject}: Asterisk не знает телефонов операторов: {names}",
)
_UNKNOWN_ADVICE = Text(
    "Write pjsip's file anew with `acd asterisk-conf` and `module reload res_pjsip.so`; FreePBX names "
    "telephones as their extension: set `telephone` of the operator",
    "Создайте файл pjsip заново: `acd asterisk-conf`, затем `module reload res_pjsip.so`; телефоны FreePBX зовутся по "
    "внутреннему номеру: задайте оператору `telephone`",
)
_ALL_AWAY = Text(
    "{subject}: not one operator's telephone is registered", "{subject}: ни один телефон оператора не зарегистрирован"
)
_AWAY_ADVICE = Text(
    "Look at the telephones' server address, name and password; `pjsip show contacts` shows who is there",
    "Проверьте в телефонах адрес сервера, имя и пароль; кто на связи, покажет `pjsip show contacts`",
)
_TELEPHONES = Text(
    "{subject}: Asterisk knows all {count} operators' telephones, {registered} of them are on line",
    "{subject}: Asterisk знает все телефоны операторов: {count}, на связи {registered}",
)
_NO_QUEUE = Text(
    "{subject}: Asterisk has no fallback queue {queue}: with the daemon away its callers reach nobody",
    "{subject}: в Asterisk нет резервной очереди {queue}: без службы её абоненты не дозвонятся ни до кого",
)
_MISSING = Text(
    "{subject}: the fallback queue {queue} would not ring {names}",
    "{subject}: резервная очередь {queue} не вызовет {names}",
)
_STALE = Text(
    "{subject}: the fallback queue {queue} would ring {names}, who do not serve this line",
    "{subject}: резервная очередь {queue} вызовет тех, кто линию не обслуживает: {names}",
)
_QUEUES_ADVICE = Text(
    "Write queues' file anew with `acd asterisk-conf`, then `queue reload all`",
    "Создайте файл очередей заново: `acd asterisk-conf`, затем `queue reload all`",
)
_QUEUES = Text(
    "{subject}: the fallback queues are up to date ({count})", "{subject}: резервные очереди верны ({count})"
)
_HOURS = Text(
    "{subject}: Asterisk can keep the hours of the lines", "{subject}: Asterisk может хранить часы работы линий"
)
_NO_HOURS = Text(
    "{subject}: Asterisk cannot keep the lines' hours: while the daemon is away these are always open: {names}",
    "{subject}: Asterisk не может хранить часы работы: без службы эти линии всегда открыты: {names}",
)
_NO_HOURS_ADVICE = Text(
    "Have it load the module func_presencestate: modules.conf, or `module load func_presencestate.so`",
    "Включите модуль func_presencestate: modules.conf или `module load func_presencestate.so`",
)
_NO_STAMP = Text("{subject}: Asterisk does not tell its time", "{subject}: Asterisk не сообщает своего времени")
_CLOCK_OFF = Text(
    "{subject}: Asterisk's clock differs from this machine's by {offset_s:+.2f} s",
    "{subject}: часы Asterisk расходятся с часами этой машины на {offset_s:+.2f} с",
)
_CLOCK_ADVICE = Text(
    "Switch on NTP on both machines: waits are counted from the moment that Asterisk's clock shows",
    "Включите NTP на обеих машинах: ожидание отсчитывается от времени по часам Asterisk",
)
_CLOCK = Text("{subject}: Asterisk's clock agrees with ours", "{subject}: часы Asterisk совпадают с нашими")
_SOUNDS_UNSEEN = Text(
    "{subject}: Asterisk's sound files cannot be seen from here", "{subject}: звуковых файлов Asterisk отсюда не видно"
)
_NO_SOUND = Text("{subject}: no such sound: {names}", "{subject}: нет звуковых файлов: {names}")
_NO_SOUND_ADVICE = Text(
    "Put them into {folder}, or install the package asterisk-core-sounds of this language",
    "Положите их в {folder} или установите пакет asterisk-core-sounds этого языка",
)
_SOUNDS = Text("{subject}: the sounds are there", "{subject}: звуковые файлы на месте")
_NO_MUSIC = Text(
    "{subject}: nothing to play while callers wait: {names}", "{subject}: ожидающим нечего играть: {names}"
)
_NO_MUSIC_ADVICE = Text(
    "Put sound files there, or install the package asterisk-moh-opsource-wav",
    "Положите туда звуковые файлы или установите пакет asterisk-moh-opsource-wav",
)
_MUSIC = Text("{subject}: there is music for those who wait", "{subject}: музыка для ожидающих есть")
