"""Operators at their telephones, as the tests of a whole centre handle them: dial a code, look at a state."""

import asyncio
from collections.abc import Mapping
from typing import Any

from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.keys import write_keys
from acd.lab.sipp import CallerCounts

LIMIT_S = 10.0


async def dial(centre: LabCentre, telephone: str, dialled: str, digits: str = "", **how: Any) -> CallerCounts:
    """Dial from an operator's telephone, press keys after the answer, and wait for the end of the call."""
    captures = write_keys(centre.home / "keys" / digits.replace("*", "s"), digits)
    how = {"patience_ms": 25_000, "digits": captures} | how
    async with centre.operator_calls(telephone, dialled, **how) as call:
        return await call.finish(40)


async def operators(centre: LabCentre) -> Mapping[str, Mapping[str, Any]]:
    """Return what the daemon says of each operator, by number."""
    return {row["agent"]: row for row in (await centre.ask("/v1/agents"))["agents"]}


async def until_operator(centre: LabCentre, number: str, **wanted: Any) -> Mapping[str, Any]:
    """Wait until an operator is as wanted: `state="ready"`, `telephone="op101"`.

    Raises:
        ProcessFailed: He is not within ten seconds.
    """
    seen: Mapping[str, Any] = {}
    try:
        async with asyncio.timeout(LIMIT_S):
            while True:
                seen = (await operators(centre))[number]
                if all(seen[key] == value for key, value in wanted.items()):
                    return seen
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise ProcessFailed("operator", f"is not {wanted}: {seen}", centre.daemon.text()) from None


async def all_out(centre: LabCentre) -> None:
    """Log everybody out, whatever a test has left."""
    for number, row in (await operators(centre)).items():
        if row["state"] != "logged_out":
            await centre.tell(f"/v1/agents/{number}/logout", {})
            await until_operator(centre, number, state="logged_out")
