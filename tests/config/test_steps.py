"""Steps by waiting time, rules on joining, keys and announcements: from the file to the engine's policy."""

import pytest

from config.errors import ConfigErrors
from config.load import load_config
from config.to_policy import to_policy
from queue_engine.policy import JoinCondition, JoinRule, KeyRule, LeaveFor, MoveTo, Relax, Say, Skill, Widen

BASE = """
[site]
name = "try"
lab = true

[[asterisk]]
name = "a1"
ami_secret = "not-a-secret"

[[announcement]]
name = "place"
say = ["queue-thereare", "{position}", "queue-callswaiting"]

[[destination]]
kind = "message"
name = "sorry"
sounds = ["queue-thankyou"]

[[trunk]]
name = "city"
match = ["192.0.2.1"]
address = "192.0.2.1"

[[line]]
name = "second-level"
numbers = ["123"]

[[line]]
name = "first-level"
numbers = ["122"]
whisper = ["{line}"]
"""


def written(tmp_path, more):
    """Return the path of a configuration."""
    path = tmp_path / "acd.toml"
    path.write_text(BASE + more, encoding="utf-8")
    return path


def test_every_kind_of_step_reaches_the_engine(tmp_path):
    """What the file says of waiting times, joining and keys is what the engine does."""
    more = """
    step = [
      { at_s = 10, say = "place", every_s = 30 },
      { at_s = 20, relax = { oncology = 1 } },
      { at_s = 30, widen = 2 },
      { at_s = 60, move_to = "second-level" },
      { at_s = 90, leave_for = "sorry" },
    ]
    on_join = [
      { when = "line_too_long", limit = 50, leave_for = "sorry" },
      { when = "no_operator", leave_for = "sorry" },
    ]
    key = [{ key = "1", callback = true }, { key = "2", leave_for = "sorry" }]
    callback = { trunk = "city" }
    """
    policy = to_policy(load_config(written(tmp_path, more)))[0][1]
    assert policy.steps == (
        Say(10, "place", 30),
        Relax(20, (Skill("oncology", 1),)),
        Widen(30, 2),
        MoveTo(60, "second-level"),
        LeaveFor(90, "sorry"),
    )
    assert policy.on_join == (
        JoinRule(JoinCondition.LINE_TOO_LONG, "sorry", 50),
        JoinRule(JoinCondition.NO_OPERATOR, "sorry"),
    )
    assert policy.keys == (KeyRule("1", callback=True), KeyRule("2", "sorry"))
    assert policy.whisper


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("step = [{ at_s = 10 }]", "line[2].step[1]"),
        ("step = [{ at_s = 10, widen = 2, say = 'place' }]", "line[2].step[1]"),
        ("step = [{ at_s = 10, say = 'plase' }]", "line[2].step[1].say"),
        ("step = [{ at_s = 500, widen = 2 }]", "line[2].step[1].at_s"),
        ("step = [{ at_s = 10, move_to = 'nowhere' }]", "line[2].step[1].move_to"),
        ("step = [{ at_s = 10, leave_for = 'nowhere' }]", "line[2].step[1].leave_for"),
        ("on_join = [{ when = 'line_too_long', leave_for = 'sorry' }]", "line[2].on_join[1]"),
        ("key = [{ key = '1' }]", "line[2].key[1]"),
        ("key = [{ key = '11', callback = true }]", "line[2].key[1].key"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, more, key):
    """A step that does nothing or two things, and names that do not exist."""
    with pytest.raises(ConfigErrors) as caught:
        load_config(written(tmp_path, more))
    assert any(mistake.key.startswith(key) for mistake in caught.value.mistakes), [m.key for m in caught.value.mistakes]
