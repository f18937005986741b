"""From a TOML file to a checked configuration, or to a list of everything that is wrong with it.

The order: read, give the lines their profiles' values, check every table, take the ranges of operators apart, check
the tables against each other. Mistakes of all tables are told at once; those between tables once the tables are sound.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.breach import did_you_mean
from config.checks import breaches
from config.errors import ConfigErrors, Language, Mistake, UnknownProfile
from config.kinds import Surroundings
from config.messages import texts
from config.model import Config
from config.profile import Profile, load_profile
from config.prompts import DEFAULT_DIRECTORY


def load_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Return the configuration that stands in a file.

    Relative paths in it start from its directory; secrets named by `env` are looked up in `environ`, the process's
    own environment unless it is given.

    Raises:
        ConfigErrors: The file cannot be read or has mistakes; all of them.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigErrors((_told(path, "", "acd_unreadable", {"why": error.strerror or str(error)}),)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigErrors((_told(path, "", "acd_toml", {"why": str(error)}),)) from error
    profiled, mistakes = _with_profiles(path, raw)
    around = Surroundings(path.parent, os.environ if environ is None else environ, _prompts_directory(path, raw))
    try:
        config = Config.model_validate(profiled, context=around, by_alias=True, by_name=False)
    except ValidationError as error:
        found = (_from_pydantic(path, details) for details in error.errors(include_url=False, include_input=False))
        raise ConfigErrors((*mistakes, *found)) from None
    config = _ranges_taken_apart(config)
    mistakes += [_told(path, _key(breach.key), breach.kind, breach.context) for breach in breaches(config)]
    if mistakes:
        raise ConfigErrors(tuple(mistakes))
    return config


def _with_profiles(path: Path, raw: dict[str, Any]) -> tuple[dict[str, Any], list[Mistake]]:
    """Return the tables with each line's gaps filled from its profile, and the profiles that do not exist."""
    site, lines = raw.get("site"), raw.get("line")
    if not isinstance(lines, list):
        return raw, []
    mistakes: list[Mistake] = []
    of_site = site.get("profile") if isinstance(site, dict) else None
    filled: list[Any] = []
    profiles: dict[str, Profile] = {}
    for index, line in enumerate(lines):
        name = line.get("profile", of_site) if isinstance(line, dict) else None
        if not isinstance(line, dict) or not isinstance(name, str):
            filled.append(line)
            continue
        try:
            profile = load_profile(name)
        except UnknownProfile as error:
            key = _key(("line", index, "profile")) if "profile" in line else "site.profile"
            context = {"name": name, "hint": did_you_mean(name, error.known)}
            told = _told(path, key, "acd_unknown_profile", context)
            if told not in mistakes:
                mistakes.append(told)
            filled.append({key: value for key, value in line.items() if key != "profile"})
        else:
            values = {**profile.line_values(), **line, "profile": name}
            if isinstance(line.get("callback"), dict):
                values["callback"] = {**profile.callback_values(), **line["callback"]}
            if isinstance(line.get("recording"), dict):
                values["recording"] = {**profile.recording_values(), **line["recording"]}
            filled.append(values)
            profiles.setdefault(name, profile)
    return _with_tables({**raw, "line": filled}, profiles.values()), mistakes


def _with_tables(raw: dict[str, Any], profiles: Iterable[Profile]) -> dict[str, Any]:
    """Return the tables with those that the profiles in use bring along; a table of the site's own name wins."""
    filled = dict(raw)
    for profile in profiles:
        brought = {
            "destination": profile.destination,
            "announcement": profile.announcement,
            "prompt": tuple(prompt.model_dump() for prompt in profile.prompt),
            "script": tuple(script.model_dump() for script in profile.script),
        }
        for table, rows in brought.items():
            there = filled.get(table, [])
            if isinstance(there, list):
                names = {row.get("name") for row in there if isinstance(row, dict)}
                filled[table] = [*there, *(row for row in rows if row["name"] not in names)]
        messages = filled.get("messages", {})
        if isinstance(messages, dict):
            filled["messages"] = {**{key: given.value for key, given in profile.messages.items()}, **messages}
    return filled


def _prompts_directory(path: Path, raw: dict[str, Any]) -> Path:
    voice = raw.get("voice")
    given = voice.get("directory") if isinstance(voice, dict) else None
    return path.parent / given if isinstance(given, str) else DEFAULT_DIRECTORY


def _ranges_taken_apart(config: Config) -> Config:
    operators = [operator for ranged in config.operators_ranges for operator in ranged.operators()]
    telephones = [telephone for ranged in config.operators_ranges for telephone in ranged.telephones()]
    if not operators:
        return config
    return config.model_copy(
        update={
            "operators": (*config.operators, *operators),
            "telephones": (*config.telephones, *telephones),
        }
    )


def _from_pydantic(path: Path, details: ErrorDetails) -> Mistake:
    context = dict(details.get("ctx", {}))
    kind = str(context.pop("kind", details["type"]))
    where = details["loc"]
    if where[:1] == ("destination",) and len(where) > 3:
        where = (*where[:2], *where[3:])  # pydantic puts the kind of destination between its index and its key
    if "at" in context:
        where = (*where, context.pop("at"))
    told = _told(path, _key(where), kind, context, details["msg"])
    if kind != "extra_forbidden":
        return told
    hint = did_you_mean(str(where[-1]), _known_keys(where[:-1]))
    return replace(told, reason=told.reason + hint["en"], reason_ru=told.reason_ru + hint["ru"])


def _known_keys(where: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that a table may have, for a hint; none where the table's kind cannot be told."""
    models: set[type[BaseModel]] = {Config}
    for part in where:
        if isinstance(part, str):
            fields = (
                field for model in models for name, field in model.model_fields.items() if part in (field.alias, name)
            )
            models = {model for field in fields for model in _models(field.annotation)}
    return tuple(field.alias or name for model in models for name, field in model.model_fields.items())


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _key(where: tuple[str | int, ...]) -> str:
    """Return a path of keys as people count: `line[2].ring_s`."""
    text = ""
    for part in where:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _told(path: Path, key: str, kind: str, context: Mapping[str, Any], otherwise: str = "") -> Mistake:
    english, russian = (
        {name: value[language] if name == "hint" else value for name, value in context.items()}
        for language in get_args(Language)[::-1]
    )
    return Mistake(path, key, texts(kind, english, otherwise)[0], texts(kind, russian, otherwise)[1])
