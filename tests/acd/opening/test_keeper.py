"""Lines open and close at their hours and by hand, in virtual time and with the real engine."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from queue_engine.facts import CallOverflowed
from queue_engine.ids import Instant, QueueName
from tests.acd.stage import LINE, Stage, write_site

Q = QueueName(LINE)
FOR_EVER = "9999999999"


def at(text: str) -> Instant:
    """Return a time in Moscow as an instant."""
    return Instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow")).timestamp())


def stage_with(home: Path, line: str, when: str) -> Stage:
    """Return a stage whose line says this, at a time."""
    path = write_site(home)
    text = path.read_text(encoding="utf-8")
    with_hours = text.replace('title = "122"', f'title = "122"\nat_closed = "sorry"\n{line}')
    sorry = '\n[[destination]]\nkind = "message"\nname = "sorry"\nsounds = ["vm-goodbye"]\n'
    path.write_text(with_hours + sorry, encoding="utf-8")
    return Stage(path, at(when))


@pytest.fixture
def friday(tmp_path) -> Stage:
    """A line that works Monday to Friday 8:30 to 17:00, on a Friday before a Saturday that is worked."""
    return stage_with(tmp_path, 'hours = ["mon-fri 08:30-17:00"]', "2024-04-26T16:00")


def sent_away(stage: Stage, name: str) -> bool:
    """Tell whether a caller who comes now is sent away."""
    stage.call(name=name)
    return any(isinstance(fact, CallOverflowed) and fact.call == name for fact in stage.facts)


def test_a_line_closes_and_opens_by_the_calendar(friday):
    """Friday evening it closes, on the Saturday that is worked it opens, on Sunday and Monday it stays closed."""
    assert not sent_away(friday, "friday")
    friday.pass_to(at("2024-04-26T18:00"))
    assert sent_away(friday, "evening")
    friday.pass_to(at("2024-04-27T10:00"))
    assert not sent_away(friday, "moved day")
    friday.pass_to(at("2024-04-29T10:00"))
    assert sent_away(friday, "its rest")
    friday.pass_to(at("2024-05-02T10:00"))
    assert not sent_away(friday, "thursday")
    assert [(fact.open, fact.by) for fact in friday.switched] == [(False, "hours"), (True, "hours")] * 2
    assert [fact.at for fact in friday.switched] == [
        at("2024-04-26T17:00"), at("2024-04-27T08:30"), at("2024-04-27T17:00"), at("2024-05-02T08:30"),
    ]  # fmt: skip


def test_who_waits_at_closing_is_served_unless_the_line_says_otherwise(tmp_path):
    """`at_close` names a destination: whoever still waits is told at the hour."""
    stage = stage_with(tmp_path, 'hours = ["mon-fri 08:30-17:00"]\nat_close = "sorry"', "2024-04-26T16:59")
    stage.call(name="waits")
    stage.pass_to(at("2024-04-26T17:00"))
    left = [fact for fact in stage.facts if isinstance(fact, CallOverflowed)]
    assert [(fact.call, fact.destination, fact.reason) for fact in left] == [("waits", "sorry", "closing")]


def test_closed_by_hand_until_somebody_opens_it(friday):
    """No hours open it; who opens it is recorded, and then its hours count again."""
    friday.hours.switch(Q, is_open=False, reason="fire drill", by="vera")
    assert sent_away(friday, "drill")
    friday.pass_to(at("2024-04-27T10:00"))
    standing = friday.hours.standing(Q)
    assert (standing.open, standing.by, standing.reason) == (False, "vera", "fire drill")
    friday.hours.switch(Q, is_open=True, reason="over", by="anna")
    assert not sent_away(friday, "over")
    assert friday.hours.standing(Q).by == "hours"
    assert [(fact.open, fact.by, fact.reason) for fact in friday.switched] == [
        (False, "vera", "fire drill"),
        (True, "anna", "over"),
    ]


def test_a_switch_by_hand_ends_at_its_time(friday):
    """Closed until 16:30: at 16:30 it is open again, by its hours."""
    friday.hours.switch(Q, is_open=False, reason="meeting", by="vera", until=at("2024-04-26T16:30"))
    assert friday.hours.plan(Q).startswith(f"0:{at('2024-04-26T16:30'):.0f}:{at('2024-04-26T17:00'):.0f}:")
    friday.pass_to(at("2024-04-26T16:30"))
    assert friday.hours.standing(Q).open
    assert friday.switched[-1].by == "hours"


def test_opened_by_hand_against_its_hours_it_closes_with_them(friday):
    """Opened on a Sunday, it is open until the hours of Thursday take over, and closes with them."""
    friday.pass_to(at("2024-04-28T10:00"))
    friday.hours.switch(Q, is_open=True, reason="epidemic", by="vera")
    assert not sent_away(friday, "sunday")
    friday.pass_to(at("2024-05-02T09:00"))
    assert friday.hours.standing(Q).by == "hours"
    friday.pass_to(at("2024-05-02T18:00"))
    assert not friday.hours.standing(Q).open


def test_by_hours_takes_a_switch_back(friday):
    """The hours decide at once, and who took the switch back is told."""
    friday.hours.switch(Q, is_open=False, reason="mistake", by="vera")
    friday.hours.by_hours(Q, "anna")
    assert friday.hours.standing(Q).open
    assert (friday.switched[-1].open, friday.switched[-1].by) == (True, "anna")


def test_a_switch_survives_a_restart(friday, tmp_path):
    """A daemon that comes after finds the line closed, by whom and why."""
    friday.hours.switch(Q, is_open=False, reason="no power", by="vera")
    after = Stage(friday.config_path, at("2024-04-26T16:10"))
    standing = after.hours.standing(Q)
    assert (standing.open, standing.by, standing.reason, standing.since) == (False, "vera", "no power", friday.at)
    assert sent_away(after, "after")


def test_what_asterisk_is_told(friday):
    """The state, then the instants at which it changes; a line closed for good has no instant but the far future."""
    plan = friday.hours.plan(Q).split(":")
    assert plan[:3] == ["1", f"{at('2024-04-26T17:00'):.0f}", f"{at('2024-04-27T08:30'):.0f}"]
    assert len(friday.hours.plan(Q)) < 500
    friday.hours.switch(Q, is_open=False, reason="closed", by="vera")
    assert friday.hours.plan(Q) == f"0:{FOR_EVER}"


def test_a_line_without_hours_is_open(tmp_path):
    """Round the clock, no timer runs for it."""
    stage = stage_with(tmp_path, "", "2026-11-22T03:00")
    assert stage.hours.plan(Q) == f"1:{FOR_EVER}"
    assert stage.timers == []
