"""Checks of the machine that the daemon runs on: names, ports, disk, clock, the service, the modes of secrets."""

import asyncio
import ctypes
import errno
import os
import shutil
import socket
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from acd.doctor.finding import Finding, error, ok, skipped, warning
from acd.texts import Text

SLOW_LOOKUP_S: Final = 0.5
"""A name that takes longer to resolve stalls calls: Asterisk looks names up in the middle of its work."""
LOOKUP_LIMIT_S: Final = 8.0
LEAST_FREE_BYTES: Final = 200 * 1024 * 1024
LEAST_FREE_SHARE: Final = 0.05
TIME_ERROR: Final = 5
"""What adjtimex(2) returns while the clock is not synchronised."""
TIMEX_BYTES: Final = 512
"""More than `struct timex` needs on any Linux."""


async def host_name(subject: str, host: str) -> list[Finding]:
    """See whether the name resolves, and quickly. Asterisk was seen to stall calls for 5.0 s on one that does not."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(LOOKUP_LIMIT_S):
            await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (TimeoutError, OSError, UnicodeError) as fault:
        reason = getattr(fault, "strerror", None) or f"{LOOKUP_LIMIT_S:.0f} s"
        return [error("host.name", subject, _NO_NAME, _NO_NAME_ADVICE, host=host, reason=reason)]
    took_s = loop.time() - began
    if took_s > SLOW_LOOKUP_S:
        return [warning("host.name", subject, _SLOW_NAME, _NO_NAME_ADVICE, host=host, took_s=took_s)]
    return [ok("host.name", subject, _NAME_OK, host=host)]


async def port_free(subject: str, host: str, port: int, is_ours: Callable[[], Awaitable[bool]]) -> list[Finding]:
    """See whether the daemon can listen there, or does so already.

    Args:
        subject: What listens there, for people.
        host: Address to listen on.
        port: TCP port.
        is_ours: Tells whether our own daemon is running; asked only when the port is taken.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE and await is_ours():
            return [ok("port", subject, _PORT_OURS, host=host, port=port)]
        advice = _PORT_TAKEN_ADVICE if fault.errno == errno.EADDRINUSE else _ADDRESS_ADVICE
        return [error("port", subject, _PORT, advice, host=host, port=port, reason=fault.strerror or str(fault))]
    return [ok("port", subject, _PORT_FREE, host=host, port=port)]


def disk_space(subject: str, directory: Path) -> list[Finding]:
    """See whether the disk that records are written to is nearly full."""
    try:
        usage = shutil.disk_usage(directory)
    except OSError as fault:
        return [error("disk", subject, _NO_FOLDER, _NO_FOLDER_ADVICE, path=directory, reason=fault.strerror)]
    free_mb = usage.free // 1024**2
    if usage.free < LEAST_FREE_BYTES or usage.free < usage.total * LEAST_FREE_SHARE:
        return [warning("disk", subject, _DISK_LOW, _DISK_LOW_ADVICE, path=directory, free_mb=free_mb)]
    return [ok("disk", subject, _DISK_OK, path=directory, free_mb=free_mb)]


def clock_synchronised() -> list[Finding]:
    """See whether the kernel's clock is kept by NTP (adjtimex(2), which needs no right to be read)."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        state = -1
    if state == -1:
        return [skipped("clock", "", _CLOCK_UNKNOWN)]
    if state == TIME_ERROR:
        return [warning("clock", "", _CLOCK_FREE, _CLOCK_FREE_ADVICE)]
    return [ok("clock", "", _CLOCK_OK)]


def secret_file(subject: str, path: Path) -> list[Finding]:
    """See whether a file that holds a secret is closed to others."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as fault:
        return [error("secret.file", subject, _NO_FILE, _NO_FILE_ADVICE, path=path, reason=fault.strerror)]
    if mode & stat.S_IRWXO:
        return [error("secret.file", subject, _FILE_OPEN, _FILE_OPEN_ADVICE, path=path, mode=f"{mode:04o}")]
    return [ok("secret.file", subject, _FILE_CLOSED, path=path)]


def systemd_runs() -> bool:
    """Return whether systemd is this machine's first process (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


async def output_of(command: Sequence[str]) -> str:
    """Run a command without input and return what it prints; its errors are not kept."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")


async def service_enabled(
    unit: str, *, systemd: bool, run: Callable[[Sequence[str]], Awaitable[str]] = output_of
) -> list[Finding]:
    """See whether systemd starts the daemon when the machine starts."""
    if not systemd:
        return [skipped("service", unit, _NO_SYSTEMD)]
    state = (await run(["systemctl", "is-enabled", unit])).strip()
    if state in {"enabled", "enabled-runtime", "static"}:
        return [ok("service", unit, _SERVICE_OK)]
    return [warning("service", unit, _SERVICE_OFF, _SERVICE_OFF_ADVICE, state=state or "not-found")]


def folder_writable(check: str, subject: str, directory: Path) -> list[Finding]:
    """See whether files can be made in a folder of the daemon's data."""
    if not directory.is_dir():
        return [error(check, subject, _NO_FOLDER, _NO_FOLDER_ADVICE, path=directory, reason=os.strerror(errno.ENOENT))]
    if not os.access(directory, os.W_OK | os.X_OK):
        return [error(check, subject, _NO_FOLDER, _NO_FOLDER_ADVICE, path=directory, reason=os.strerror(errno.EACCES))]
    return [ok(check, subject, _FOLDER_OK, path=directory)]


_NO_NAME = Text("The host name {host} does not resolve: {reason}", "Имя узла {host} не определяется: {reason}")
_SLOW_NAME = Text(
    "The host name {host} resolves only after {took_s:.1f} s", "Имя узла {host} определяется только за {took_s:.1f} с"
)
_NO_NAME_ADVICE = Text(
    "Write an IP address into the configuration, or put the name into /etc/hosts; Asterisk stalls calls on such a name",
    "Укажите в настройке адрес IP или впишите имя в /etc/hosts: на таком имени Asterisk задерживает вызовы",
)
_NAME_OK = Text("The host name {host} resolves", "Имя узла {host} определяется")
_PORT = Text("{subject}: cannot listen on {host}:{port}: {reason}", "{subject}: нельзя занять {host}:{port}: {reason}")
_PORT_TAKEN_ADVICE = Text(
    "Another program holds the port; `ss -ltnp` shows which. Stop it or choose another port in the configuration",
    "Порт занят другой программой; какой, покажет `ss -ltnp`. Остановите её или выберите в настройке другой порт",
)
_ADDRESS_ADVICE = Text(
    "The address must be one of this machine's own, and ports below 1024 need a right",
    "Адрес должен принадлежать этой машине, а для портов ниже 1024 нужны особые права",
)
_PORT_OURS = Text(
    "{subject}: our own running daemon listens on {host}:{port}",
    "{subject}: {host}:{port} занят нашей же работающей службой",
)
_PORT_FREE = Text("{subject}: {host}:{port} is free", "{subject}: {host}:{port} свободен")
_DISK_LOW = Text(
    "The disk of {path} is nearly full: {free_mb} MB free", "Диск с {path} почти полон: свободно {free_mb} МБ"
)
_DISK_LOW_ADVICE = Text(
    "Make room: calls go on without it, but their records wait in memory and in the spool file",
    "Освободите место: вызовы идут и без него, но записи о них ждут в памяти и в файле-накопителе",
)
_DISK_OK = Text("The disk of {path} has {free_mb} MB free", "На диске с {path} свободно {free_mb} МБ")
_NO_FOLDER = Text("The folder {path} cannot be used: {reason}", "Каталог {path} недоступен: {reason}")
_NO_FOLDER_ADVICE = Text(
    "Create it and give it to the user that the daemon runs as",
    "Создайте его и отдайте пользователю, от имени которого работает служба",
)
_FOLDER_OK = Text("The folder {path} can be written", "Каталог {path} доступен для записи")
_CLOCK_UNKNOWN = Text("The state of the clock cannot be read", "Состояние часов узнать нельзя")
_CLOCK_FREE = Text("The clock of this machine is not synchronised", "Часы этой машины не синхронизированы")
_CLOCK_FREE_ADVICE = Text(
    "Switch on NTP (`timedatectl set-ntp true`, or chrony): times in the records are only as right as the clock",
    "Включите NTP (`timedatectl set-ntp true` или chrony): время в записях верно настолько, насколько верны часы",
)
_CLOCK_OK = Text("The clock of this machine is synchronised", "Часы этой машины синхронизированы")
_NO_FILE = Text("The file {path} cannot be read: {reason}", "Файл {path} не читается: {reason}")
_NO_FILE_ADVICE = Text(
    "Create it, readable for the user that the daemon runs as",
    "Создайте его и дайте читать пользователю, от имени которого работает служба",
)
_FILE_OPEN = Text(
    "Everybody on this machine may read the secret in {path} (mode {mode})",
    "Секрет в {path} доступен всем на этой машине (права {mode})",
)
_FILE_OPEN_ADVICE = Text("chmod o-rwx {path}", "chmod o-rwx {path}")
_FILE_CLOSED = Text("The secret in {path} is closed to others", "Секрет в {path} закрыт от посторонних")
_NO_SYSTEMD = Text("systemd does not run here", "systemd здесь не работает")
_SERVICE_OK = Text("{subject} starts with the machine", "{subject} запускается вместе с машиной")
_SERVICE_OFF = Text(
    "{subject} does not start with the machine ({state})", "{subject} не запускается вместе с машиной ({state})"
)
_SERVICE_OFF_ADVICE = Text(
    "Run scripts/install-service, then `systemctl enable --now acd`",
    "Выполните scripts/install-service, затем `systemctl enable --now acd`",
)
