"""All checks are run, whatever one of them does."""

import asyncio

from acd.doctor import examine as doctor
from acd.doctor.examine import Check, examine, worst
from acd.doctor.finding import Severity, error, ok, skipped, warning
from acd.texts import Text

WELL = Text("{subject} is well", "{subject} в порядке")
BAD = Text("{subject} has {n} faults", "{subject}: ошибок {n}")
DO = Text("mend {subject}", "почините {subject}")


async def test_check_that_breaks_is_a_finding_and_the_others_run():
    """An exception in one check is told as this program's fault; the next is looked at."""
    checks = [Check("first", lambda: 1 / 0), Check("second", lambda: [ok("second", "x", WELL)])]
    found = [each async for each in examine(checks)]
    assert [(each.check, each.severity) for each in found] == [("first", Severity.ERROR), ("second", Severity.OK)]
    assert "ZeroDivisionError" in found[0].said("en")
    assert "сообщите" in found[0].advised("ru")


async def test_check_that_hangs_is_given_up(monkeypatch):
    """A check has a limit."""
    monkeypatch.setattr(doctor, "CHECK_LIMIT_S", 0.01)
    found = [each async for each in examine([Check("slow", asyncio.Event().wait)])]
    assert [(each.check, each.severity) for each in found] == [("slow", Severity.ERROR)]


def test_finding_is_said_with_its_values_in_both_languages():
    """Text and advice fill the same places."""
    found = error("c", "disk", BAD, DO, n=2)
    assert (found.said("en"), found.advised("en")) == ("disk has 2 faults", "mend disk")
    assert (found.said("ru"), found.advised("ru")) == ("disk: ошибок 2", "почините disk")
    assert ok("c", "disk", WELL).advised("en") == ""


def test_worst_decides():
    """An error outweighs warnings, these outweigh what was not looked at; nothing found is well."""
    findings = [ok("a", "", WELL), skipped("b", "", WELL), warning("c", "", WELL, DO), error("d", "", BAD, DO, n=1)]
    assert [worst(findings[:count]) for count in range(5)] == [
        Severity.OK,
        Severity.OK,
        Severity.SKIPPED,
        Severity.WARNING,
        Severity.ERROR,
    ]
