"""Checks of a service's life: the calendar's years, its prompts, its messages, what its regulation demands."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from acd.doctor import machine
from acd.doctor.finding import Finding, ok, warning
from acd.prompts.build import PromptState, look
from acd.texts import Text
from config.lines import VoiceMessage
from config.model import Config
from config.production_calendar import ProductionCalendar
from queue_engine.ids import Instant

SOON_DAYS: Final = 60
"""So long before a year begins its moved days should be known: the decree is of the autumn before."""


def calendar_years(config: Config, now: Instant) -> list[Finding]:
    """See whether the moved days of this year and of the one about to begin are known, where a line goes by them."""
    if not any(line.hours and line.days == "production" for line in config.lines):
        return []
    today = datetime.fromtimestamp(now, ZoneInfo(config.site.time_zone)).date()
    calendar = ProductionCalendar()
    years = sorted({today.year, (today + timedelta(days=SOON_DAYS)).year})
    own = {day.date.year for day in config.special_days}
    missing = [year for year in years if not calendar.decreed(year) and year not in own]
    found = [warning("calendar", str(year), _YEAR, _YEAR_ADVICE, last=calendar.last_decreed_year) for year in missing]
    return found or [ok("calendar", "", _YEARS, last=calendar.last_decreed_year)]


def special_days_past(config: Config, now: Instant) -> list[Finding]:
    """See whether the site's special days are all over: a list that nobody keeps."""
    if not config.special_days:
        return []
    today = datetime.fromtimestamp(now, ZoneInfo(config.site.time_zone)).date()
    last = max(day.date for day in config.special_days)
    if last.year < today.year:
        return [warning("calendar.special", last.isoformat(), _OLD_DAYS, _OLD_DAYS_ADVICE)]
    return [ok("calendar.special", "", _DAYS, count=len(config.special_days))]


def prompts(config: Config) -> list[Finding]:
    """See whether every text has been spoken, by the voice and in the words that the configuration has now."""
    found: list[Finding] = []
    for prompt in look(config):
        if prompt.state is PromptState.MISSING:
            found.append(warning("prompts", prompt.name, _NO_PROMPT, _PROMPT_ADVICE, path=prompt.path))
        elif prompt.state is PromptState.OUTDATED:
            found.append(warning("prompts", prompt.name, _OLD_PROMPT, _PROMPT_ADVICE, path=prompt.path))
    return found or [ok("prompts", "", _PROMPTS)]


def messages(config: Config) -> list[Finding]:
    """See whether voice messages can be destroyed and have room, where a destination takes any."""
    if not any(isinstance(destination, VoiceMessage) for destination in config.destinations):
        return []
    folder: Path = config.messages.directory
    found = machine.folder_writable("messages", "", folder)
    return found + (machine.disk_space("messages", folder) if folder.is_dir() else [])


def mandatory(config: Config) -> list[Finding]:
    """See whether lines do what their regulation demands: record, where talks must be recorded."""
    found = []
    for line in config.lines:
        profile = config.profile_of(line)
        source = None if profile is None else profile.mandatory.get("recording")
        if source is not None and line.recording is None:
            found.append(warning("recording.mandatory", line.name, _NOT_RECORDED, _RECORD_ADVICE, source=source))
    return found


_YEAR = Text(
    "The moved days of {subject} are not known (known up to {last})",
    "Переносы выходных дней {subject} года неизвестны (известны по {last})",
)
_YEAR_ADVICE = Text(
    "Update the library `holidays`, or write the decree's moved days as [[special_day]]",
    "Обновите библиотеку `holidays` или впишите переносы из постановления как [[special_day]]",
)
_YEARS = Text("The production calendar is known up to {last}", "Производственный календарь известен по {last}")
_OLD_DAYS = Text("The last special day was {subject}", "Последний особый день был {subject}")
_OLD_DAYS_ADVICE = Text(
    "Take the old days out, and write this year's: regional holidays, short days",
    "Уберите старые дни и впишите дни этого года: региональные праздники, короткие дни",
)
_DAYS = Text("Special days: {count}", "Особых дней: {count}")
_NO_PROMPT = Text("The sound of the text {subject} is missing: {path}", "Текст {subject} не озвучен: нет {path}")
_OLD_PROMPT = Text("The sound of the text {subject} is out of date", "Звук текста {subject} устарел")
_PROMPT_ADVICE = Text("Run `acd prompts build`", "Выполните `acd prompts build`")
_PROMPTS = Text("All texts have been spoken", "Все тексты озвучены")
_NOT_RECORDED = Text(
    "Line {subject} does not record talks, which its regulation demands ({source})",
    "Линия {subject} не записывает разговоры, а регламент этого требует ({source})",
)
_RECORD_ADVICE = Text(
    "Add [line.recording] to the line and [recording] with a folder",
    "Добавьте в линию [line.recording] и таблицу [recording] с каталогом",
)
