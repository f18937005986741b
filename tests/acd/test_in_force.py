"""The configuration in force: another takes its place as a whole, or not at all."""

import pytest

from acd.in_force import ConfigInForce
from config.load import load_config
from tests.config.sample import ENVIRON, spoilt, written


@pytest.fixture
def in_force(tmp_path, monkeypatch) -> ConfigInForce:
    """The sample, as a daemon has read it at its start."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    path = written(tmp_path)
    return ConfigInForce(load_config(path), path)


async def test_what_the_file_says_now_takes_the_place_of_what_it_said(in_force, tmp_path):
    """Whoever asks again gets the new values."""
    written(tmp_path, spoilt("ring_s = 15", "ring_s = 25"))
    assert await in_force.replace() == []
    assert in_force().lines[1].ring_s == 25


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("ring_s = 15", 'ring_s = "long"', "must be a number"),
        ('name = "pbx1"', 'name = "pbx2"', "by a restart only"),
    ],
)
async def test_what_cannot_be_taken_is_told_and_changes_nothing(in_force, tmp_path, old, new, told):
    """A mistake, or another list of servers: the calls under way go on by the old values."""
    before = in_force()
    written(tmp_path, spoilt(old, new))
    (mistake,) = await in_force.replace()
    assert told in mistake
    assert in_force() is before
