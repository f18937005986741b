"""A real Asterisk and a whole centre for the integration tests, each with addresses and folders of its own."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.lab.asterisk import AsteriskProgram, find_asterisk
from acd.lab.centre import LabCentre
from acd.lab.errors import LabError, ProgramMissing
from acd.lab.process import find_program
from acd.lab.site import Site


@pytest.fixture(scope="session")
def program() -> AsteriskProgram:
    """Return the Asterisk that is tried; without one the test is skipped, or fails where one is required."""
    try:
        find_program("sipp", "run scripts/setup-asterisk")
        return find_asterisk()
    except ProgramMissing as missing:
        if os.environ.get("ACD_REQUIRE_ASTERISK"):
            raise
        pytest.skip(str(missing))


@pytest.fixture
def site() -> Site:
    """Return what the configuration of the centre says; a test module or a parametrisation says otherwise."""
    return Site()


@pytest.fixture
async def centre(program: AsteriskProgram, site: Site, tmp_path: Path) -> AsyncIterator[LabCentre]:
    """Return a running centre: Asterisk and daemon, nobody calling, its files in `tmp_path`."""
    async with LabCentre(site, program=program, home=tmp_path / "centre") as running:
        yield running


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Put the last words of daemon and Asterisk beside a failure."""
    outcome = yield
    report = outcome.get_result()
    running = getattr(item, "funcargs", {}).get("centre")
    if report.when == "call" and report.failed and isinstance(running, LabCentre):
        for name, text in (("daemon", _daemon_text(running)), ("asterisk", running.asterisk.text())):
            report.sections.append((f"last lines of {name}", "\n".join(text.splitlines()[-40:])))


def _daemon_text(running: LabCentre) -> str:
    try:
        return running.daemon.text()
    except LabError as error:
        return str(error)
