"""Checks of hours, prompts and messages, on real files."""

from datetime import UTC, datetime

import pytest

from acd.doctor.finding import Severity
from acd.doctor.services import calendar_years, mandatory, messages, prompts, special_days_past
from config.load import load_config
from config.production_calendar import ProductionCalendar
from queue_engine.ids import Instant
from tests.acd.stage import NOON, write_site


def site(tmp_path, more: str = "", line: str = ""):
    """Return a configuration with more in it; its line is that of Udmurtia's profile where `line` says so."""
    path = write_site(tmp_path)
    text = path.read_text(encoding="utf-8").replace('title = "122"', f'title = "122"\n{line}')
    path.write_text(f'{text}\n[voice]\ndirectory = "prompts"\n{more}', "utf-8")
    return load_config(path)


def told(findings) -> list[tuple[str, str, Severity]]:
    """Return what was found about what."""
    return [(found.check, found.subject, found.severity) for found in findings]


UDM = 'profile = "udmurtia-oms"'


def test_a_year_without_a_decree_is_told_before_it_begins(tmp_path):
    """In summer nobody need worry; in December the next year's moved days should be known, or be the site's own."""
    config = site(tmp_path, line=UDM)
    last = ProductionCalendar().last_decreed_year
    summer, december = (Instant(datetime(last, month, 20, tzinfo=UTC).timestamp()) for month in (7, 12))
    assert told(calendar_years(config, summer)) == [("calendar", "", Severity.OK)]
    assert told(calendar_years(config, december)) == [("calendar", f"{last + 1}", Severity.WARNING)]
    own = site(tmp_path, f'\n[[special_day]]\ndate = {last + 1}-01-08\nlike = "off"\n', line=UDM)
    assert told(calendar_years(own, december)) == [("calendar", "", Severity.OK)]


def test_a_line_round_the_clock_needs_no_calendar(tmp_path):
    """Nothing is said where nothing goes by it."""
    assert calendar_years(site(tmp_path), NOON) == []


@pytest.mark.parametrize(("date", "severity"), [("2025-12-31", Severity.WARNING), ("2026-12-31", Severity.OK)])
def test_special_days_that_nobody_keeps(tmp_path, date, severity):
    """A list that ends in a year gone by."""
    config = site(tmp_path, f'\n[[special_day]]\ndate = {date}\nlike = "off"\n')
    assert [found.severity for found in special_days_past(config, NOON)] == [severity]


def test_texts_that_nobody_has_spoken(tmp_path):
    """Each is named, with the command that helps."""
    found = prompts(site(tmp_path))
    assert {each.severity for each in found} == {Severity.WARNING}
    assert "saratov-busy" in {each.subject for each in found}
    assert all("acd prompts build" in each.advised("en") for each in found)


def test_a_folder_for_messages_that_is_missing(tmp_path):
    """It is an error: a message that cannot be destroyed, or not be written, breaks the regulation."""
    config = site(tmp_path)
    assert ("messages", "", Severity.ERROR) in told(messages(config))
    (tmp_path / "messages").mkdir()
    assert told(messages(config))[0] == ("messages", "", Severity.OK)


def test_a_line_that_must_record_and_does_not(tmp_path):
    """UDM 5.3: recording is mandatory; SAR asks for none."""
    (found,) = mandatory(site(tmp_path, line=UDM))
    assert (found.severity, "UDM 5.3" in found.said("ru")) == (Severity.WARNING, True)
    assert mandatory(site(tmp_path)) == []
