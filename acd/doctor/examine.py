"""Run the checks: all of them, each for itself; one that breaks is a finding and never the end of the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from acd.doctor.finding import Finding, Severity, error
from acd.texts import Text

CHECK_LIMIT_S: Final = 30.0
"""No check may hold up the others for longer."""

_BROKE = Text("The check itself failed: {reason}", "Сама проверка не удалась: {reason}")
_TOO_LONG = Text("The check did not end within {limit_s:.0f} s", "Проверка не закончилась за {limit_s:.0f} с")
_REPORT_IT = Text(
    "This is a fault of this program: please report it with this line",
    "Это ошибка самой программы: сообщите о ней разработчикам, приложив эту строку",
)
_LOOK_AT_LOAD = Text(
    "Look at the load of this machine and the network to the server",
    "Посмотрите нагрузку этой машины и сеть до сервера",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its stable name, and what looks."""

    name: str
    look: Callable[[], Sequence[Finding] | Awaitable[Sequence[Finding]]]
    """Called in a thread, so that a disk or a mount that hangs holds up nobody; what it returns may be awaited."""


async def examine(checks: Sequence[Check]) -> AsyncIterator[Finding]:
    """Yield the findings of every check, in the order of the checks."""
    for check in checks:
        for found in await _look(check):
            yield found


async def _look(check: Check) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(CHECK_LIMIT_S):
            told = await asyncio.to_thread(check.look)
            return await told if isinstance(told, Awaitable) else told
    except TimeoutError:
        return [error(check.name, "", _TOO_LONG, _LOOK_AT_LOAD, limit_s=CHECK_LIMIT_S)]
    except Exception as fault:  # noqa: BLE001 - whatever one check trips over, the others have to be run
        return [error(check.name, "", _BROKE, _REPORT_IT, reason=f"{type(fault).__name__}: {fault}")]


def worst(findings: Sequence[Finding]) -> Severity:
    """Return the worst that was found; `OK` when nothing was."""
    order = list(Severity)
    return max((found.severity for found in findings), key=order.index, default=Severity.OK)
