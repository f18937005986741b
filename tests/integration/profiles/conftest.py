"""One centre for each service, which lives through its days in their order, each of them once.

Every day is a fixture that asks for the one before it, so that a single test brings about what it needs and no more.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import RowMapping

from tests.integration.profiles import scenarios
from tests.integration.profiles.scenarios import Destroyed, MovedWorkingDay, Processed, WorkingDay
from tests.integration.profiles.service import ServiceCentre
from tests.integration.softphone import Softphones

pytest.register_assert_rewrite("tests.integration.profiles.shown")  # its assertions tell what they compared


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(request, program, tmp_path_factory) -> AsyncIterator[ServiceCentre]:
    """Return the centre of the module's service, its telephones registered; its daemon is started day by day."""
    service = request.module.SERVICE
    async with ServiceCentre(service, program, tmp_path_factory.mktemp(service.name) / "centre") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phones(centre) -> AsyncIterator[Softphones]:
    """Return the operators' telephones, which answer at once."""
    answering = {f"op{number}" for number in centre.numbers()}
    async with Softphones(centre.slice.telephones, centre.slice.asterisk, answering=answering) as telephones:
        yield telephones


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(centre, phones) -> WorkingDay:
    """Return what came of a working day."""
    return await scenarios.working_day(centre, phones)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def late(centre, phones, day) -> RowMapping:
    """Return what became of a call late on that day; where it is closed, its caller leaves a message."""
    await centre.begin(centre.service.days.late)
    if centre.service.round_the_clock:
        return await scenarios.talk_with(centre, phones, scenarios.LATE)
    return await scenarios.call(centre, scenarios.LATE, scenarios.SPEAKS_MS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def saturday(centre, phones, late) -> MovedWorkingDay:
    """Return what came of the working Saturday after it."""
    await centre.begin(centre.service.days.moved_working)
    return await scenarios.moved_working_day(centre, phones)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def message(centre, late, saturday) -> Processed:
    """Return what became of the message that an operator processes on that Saturday."""
    service = centre.service
    caller = scenarios.OVER_MAXIMUM if service.round_the_clock else scenarios.LATE
    return await scenarios.processed(centre, caller, by_telephone=service.by_telephone)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(centre, message) -> Sequence[Path]:
    """Return the sounds of talks and messages that are on the disk on that Saturday."""
    return scenarios.sounds(centre)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def monday(centre, phones, kept) -> RowMapping:
    """Return what became of a call on a Monday off."""
    await centre.begin(centre.service.days.moved_off)
    if centre.service.round_the_clock:
        return await scenarios.talk_with(centre, phones, scenarios.MOVED_OFF)
    return await scenarios.sent_away(centre, scenarios.MOVED_OFF)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gone(centre, day, message, kept, monday) -> Destroyed:
    """Return what is left of talks and messages by then."""
    return await scenarios.destroyed(centre, message, len(day.recordings), kept)
