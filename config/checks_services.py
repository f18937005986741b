"""What must agree in the tables of a service's life: its hours, what is said, who takes messages."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from config.breach import BUILT_IN_DESTINATIONS, Breach, did_you_mean, unknown
from config.errors import ScheduleError
from config.lines import Message, VoiceMessage
from config.model import Config
from config.prompts import BUILT_IN

SERVE: Final = "serve"
"""What a line does at closing that lets those who wait stay."""


def hours(config: Config) -> Iterator[Breach]:
    """A line that closes says where its callers go; its hours agree with each other."""
    destinations = (*BUILT_IN_DESTINATIONS, *(destination.name for destination in config.destinations))
    for index, line in enumerate(config.lines):
        if line.at_closed is not None:
            yield from unknown(("line", index, "at_closed"), "acd_unknown_destination", line.at_closed, destinations)
        elif line.hours and not any(rule.when == "closed" for rule in line.on_join):
            yield Breach(("line", index, "hours"), "acd_hours_nowhere")
        if line.at_close != SERVE:
            yield from unknown(("line", index, "at_close"), "acd_unknown_destination", line.at_close, destinations)
        try:
            config.working_time(line)
        except ScheduleError:
            yield Breach(("line", index, "hours"), "acd_hours_overlap")


def special_days(config: Config) -> Iterator[Breach]:
    """Special days name lines that exist, and each date once for a line."""
    lines = [line.name for line in config.lines]
    for index, day in enumerate(config.special_days):
        for name in day.lines:
            yield from unknown(("special_day", index, "lines"), "acd_unknown_line", name, lines)
    taken: dict[tuple[date, str], int] = {}
    for index, day in enumerate(config.special_days):
        for name in day.lines or lines:
            first = taken.setdefault((day.date, name), index)
            if first != index:
                context = {"what": day.date.isoformat(), "other": f"special_day[{first + 1}].date"}
                yield Breach(("special_day", index, "date"), "acd_twice", context)
                break


def scripts_and_prompts(config: Config) -> Iterator[Breach]:
    """Names are unique; a line's script exists; every prompt that a sound means has a text or is a file already."""
    named = {
        "script": [s.name for s in config.scripts],
        "prompt": [p.name for p in config.prompts],
        "survey": [s.name.replace("-", "") for s in config.surveys],  # to the dialplan dashes are nothing
    }
    for table, names in named.items():
        for index, name in enumerate(names):
            if (first := names.index(name)) != index:
                yield Breach((table, index, "name"), "acd_twice", {"what": name, "other": f"{table}[{first + 1}].name"})
    for index, line in enumerate(config.lines):
        if line.script is not None:
            scripts = (script.name for script in config.scripts)
            yield from unknown(("line", index, "script"), "acd_unknown_script", line.script, scripts)
    for index, line in enumerate(config.lines):
        if line.survey is not None:
            surveys = (survey.name for survey in config.surveys)
            yield from unknown(("line", index, "survey"), "acd_unknown_survey", line.survey, surveys)
    texts = {prompt.name for prompt in (*config.prompts, *BUILT_IN[config.site.language])}
    for name in sorted(prompts_used(config) - texts):
        if not (config.voice.directory / f"{name}.wav").exists():
            yield Breach(("prompt",), "acd_unknown_prompt", {"name": name, "hint": did_you_mean(name, texts)})


def prompts_used(config: Config) -> set[str]:
    """Return the names of the prompts that the configuration's sounds mean."""
    sounds: list[str] = []
    for line in config.lines:
        sounds += [line.greeting or "", *line.whisper]
        if line.callback is not None:
            sounds += [*line.callback.say_confirm, line.callback.say_booked, line.callback.say_refused]
    for destination in config.destinations:
        match destination:
            case Message():
                sounds += destination.sounds
            case VoiceMessage():
                sounds += [*destination.greeting, *destination.thanks]
            case _:
                pass
    for survey in config.surveys:
        sounds += [
            *survey.greeting,
            *survey.thanks,
            *(sound for question in survey.questions for sound in question.ask),
        ]
    sounds += [sound for announcement in config.announcements for sound in announcement.say]
    folder = f"{config.voice.directory}/"
    return {sound.removeprefix(folder) for sound in sounds if sound.startswith(folder)}
