"""A few trials of `make faults`, each of which once found something: after a fault the books balance."""

import os

import pytest

from acd.lab.errors import ProgramMissing
from acd.lab.faults.plan import Fault, draw
from acd.lab.faults.series import play
from acd.lab.faults.stage import Stage

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]

SEED = 122


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        (Fault.AMI_SLOW, 0),  # a talk that was over before its events came was offered once more
        (Fault.AGI_CUT, 1),  # who came while the port was away was passed by who came afterwards
        (Fault.ASTERISK_KILLED, 1),  # who was accepted in the last half second had no record
        (Fault.CLOCK_BACK, 0),  # who came after the step seemed to have waited for an hour, and was sent away
        (Fault.DATABASE_SILENT, 1),
        (Fault.DISK_FULL, 0),
    ],
)
@pytest.mark.usefixtures("program")
async def test_books_balance_after(fault, number, tmp_path):
    """No call is lost, no record lost, double or wrong, no operator stuck, nobody passed, no call-back forgotten."""
    try:
        async with Stage(fault, tmp_path / "stage") as stage:
            result = await play(stage, draw(fault, number, SEED))
    except ProgramMissing as missing:
        if os.environ.get("ACD_REQUIRE_ASTERISK"):
            raise
        pytest.skip(str(missing))
    assert result.findings == []
    assert result.calls > 0
