"""What the five lists of scenarios assert alike; which regulation asks for it stands at each test."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import RowMapping

from tests.integration.profiles.scenarios import (
    BROKEN,
    IN_HOURS,
    OVER_NORM,
    TO_HIGHER,
    TO_OUTSIDE,
    Destroyed,
    MovedWorkingDay,
    Processed,
    WorkingDay,
)
from tests.integration.profiles.service import ServiceCentre

KEPT_S = 30 * 86_400
NORM_S, MAXIMUM_S = 60, 120


def answered(centre: ServiceCentre, visit: RowMapping) -> None:
    """An operator of the first level has answered on the service's line."""
    assert (visit["outcome"], visit["queue"]) == ("answered", centre.line)
    assert visit["agent"] in centre.first_level()


def in_hours(centre: ServiceCentre, day: WorkingDay) -> None:
    """The call is registered and answered."""
    (visit,) = day.visits[IN_HOURS]
    answered(centre, visit)


def over_the_norm(centre: ServiceCentre, day: WorkingDay, agent: str) -> None:
    """Who waited for longer than the norm is answered all the same, and his record says that it was passed."""
    assert centre.config.lines[0].target_wait_s == NORM_S, "before the trial shortened it"
    (visit,) = day.visits[OVER_NORM]
    assert (visit["outcome"], visit["agent"], visit["target_passed"]) == ("answered", agent, True)


def over_the_maximum(centre: ServiceCentre, saturday: MovedWorkingDay) -> None:
    """At the maximum a call leaves the line: its caller is told so and may leave a message."""
    assert centre.config.lines[0].max_wait_s == MAXIMUM_S, "before the trial shortened it"
    visit = saturday.over_maximum
    assert (visit["outcome"], visit["reason"]) == ("overflowed", "max_wait")
    assert (visit["destination"], visit["target_passed"]) == (centre.service.busy, True)


def handed_up(centre: ServiceCentre, day: WorkingDay) -> None:
    """One operator of each level after the other takes the caller; each visit is chained to the one before it."""
    first, *others = day.visits[TO_HIGHER]
    answered(centre, first)
    assert [visit["agent"] for visit in others] == list(centre.service.levels)
    before = first
    for visit in others:
        handed = day.transfers[before["call"]]
        assert (handed["next_call"], handed["agent"]) == (visit["call"], before["agent"])
        assert (handed["result"], handed["taken_by"]) == ("taken", visit["agent"])
        before = visit


def not_outside_unasked(day: WorkingDay) -> None:
    """Without the mark that the caller agrees nothing is dialled, and he talks on with his operator."""
    assert "asked first" in day.refusal
    assert day.dialled_unasked == 0


def outside_with_consent(centre: ServiceCentre, day: WorkingDay) -> None:
    """With it he is connected, and the mark stands in the records."""
    (visit,) = day.visits[TO_OUTSIDE]
    answered(centre, visit)
    handed = day.transfers[visit["call"]]
    assert (handed["kind"], handed["target"], handed["consent"]) == ("destination", "hot-line", "operator")
    assert handed["result"] == "taken"
    assert handed["talked_s"] > 1


def sent_away(centre: ServiceCentre, visit: RowMapping) -> None:
    """Out of hours nobody rings: the caller meets what the service has for that time."""
    assert (visit["outcome"], visit["reason"]) == ("closed", "closed")
    assert (visit["destination"], visit["agent"]) == (centre.service.closed, None)


def called_back(day: WorkingDay, result: str) -> None:
    """Whoever was cut off is called back in time, by the operator of the talk, and again when the first call fails."""
    (broken,) = day.visits[BROKEN]
    assert broken["ended_by"] == "caller"
    assert (day.call_back["broken_call"], day.call_back["number"]) == (broken["call"], f"+{BROKEN}")
    first, second = day.attempts
    assert first["within_limit"]
    assert first["after_break_s"] <= 15
    assert (first["failure"], first["agent"]) == ("busy", broken["agent"])
    assert (second["attempt"], second["of_break"]) == (2, 2)
    assert (day.call_back["result"], day.call_back["attempts"]) == (result, 2)


def processed(message: Processed, visit: RowMapping, by: str) -> None:
    """The message of a visit was work to be done; it was listened to, processed, and is no work any more."""
    assert (message.left["call"], message.left["line"]) == (visit["call"], visit["queue"])
    assert (message.left["state"], message.done["heard_by"], message.done["done_by"]) == ("new", by, by)
    assert visit["caller"] not in message.still_open


def recorded(centre: ServiceCentre, day: WorkingDay, kept: Sequence[Path]) -> None:
    """Every talk is there, each operator's part, outside too; on the disk until thirty days are over."""
    talks = [visit["call"] for visits in day.visits.values() for visit in visits if visit["caller"] != BROKEN]
    outside = day.transfers[day.visits[TO_OUTSIDE][0]["call"]]["next_call"]
    called = [day.attempts[1]["call"]] if centre.service.reached else []
    assert set(day.recordings) == {*talks, outside, *called}
    folder = centre.home / "data" / "recordings"
    for row in day.recordings.values():
        assert row["duration_s"] > 1
        assert row["keep_until"] == pytest.approx(row["started_at"] + row["duration_s"] + KEPT_S)
        assert folder / row["path"] in kept


def destroyed(gone: Destroyed) -> None:
    """After thirty days their sounds are gone, by the rule and not before; of a message its digest stays as proof."""
    for row in gone.recordings:
        assert (row["destroyed_by"], row["destroyed_for"]) == ("system", "kept_long_enough")
        assert row["destroyed_at"] >= row["keep_until"]
    message = gone.message
    assert (message["destroyed_by"], message["destroyed_for"]) == ("rule", "kept_long_enough")
    assert message["destroyed_at"] >= message["done_at"] + KEPT_S
    assert len(message["sha256"]) == 64
    sounds = {Path(row["path"]).name for row in gone.recordings} | {Path(message["file"]).name}
    assert sounds <= {path.name for path in gone.kept}
    assert [path for path in gone.left if path.name in sounds] == []
