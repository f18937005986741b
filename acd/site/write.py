"""A new site's configuration and secrets, from a profile and a few answers.

The secrets stand in files of their own in a folder beside the configuration, closed to others; the configuration names
them. Nothing that is there already is ever overwritten.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.load import load_config
from config.profile import Profile, load_profile

SECRETS: Final = "secrets"
SECRET_BYTES: Final = 24
PIN_DIGITS: Final = 6
MOST_OPERATORS: Final = 500


@dataclass(frozen=True, slots=True)
class Answers:
    """What is asked of whoever sets a site up."""

    profile: str
    name: str
    """Short name of the site."""
    numbers: tuple[str, ...]
    """What callers dial, as the trunk sends it."""
    first_operator: str
    operators: int
    trunk: str
    """Address that calls come from and outside numbers are dialled at."""
    data: Path
    """Folder of the daemon's data."""
    title: str = ""
    time_zone: str = ""
    """The profile's if empty."""
    call_back: bool = True
    record: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    config: Path
    secrets: Path
    secret_files: int


class SiteExists(Exception):
    """There is a configuration already: it is not overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is there already"


def write_site(path: Path, answers: Answers) -> Written:
    """Write a configuration and its secrets, and see that they can be loaded; if not, nothing is left behind.

    Raises:
        SiteExists: The file or the folder of secrets is there already.
        OSError: They cannot be written.
        ConfigErrors: An answer is none that the configuration takes; nothing is left behind.
        UnknownProfile: There is no such profile.
    """
    profile = load_profile(answers.profile)
    folder = path.parent / SECRETS
    for there in (path, folder):
        if there.exists():
            raise SiteExists(there)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o750)
    try:
        files = _secrets(answers)
        for name, secret in files.items():
            _write(folder / name, secret + "\n", 0o640)
        _write(path, site_toml(answers, profile), 0o640)
        load_config(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        path.unlink(missing_ok=True)
        raise
    return Written(path, folder, len(files))


def numbers_of(answers: Answers) -> list[str]:
    """Return the operators' numbers: so many in a row, of one length."""
    width = len(answers.first_operator)
    return [f"{int(answers.first_operator) + offset:0{width}}" for offset in range(answers.operators)]


def _secrets(answers: Answers) -> dict[str, str]:
    files = {"ami": secrets.token_urlsafe(SECRET_BYTES)}
    for number in numbers_of(answers):
        files[f"telephone-{number}"] = secrets.token_urlsafe(SECRET_BYTES)
        files[f"pin-{number}"] = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
    return files


def _write(path: Path, text: str, mode: int) -> None:
    """Write a file that nobody else could read at any instant."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


def site_toml(answers: Answers, profile: Profile) -> str:
    """Return the configuration's text."""
    record = answers.record or "recording" in profile.mandatory
    title = answers.title or profile.title_ru
    numbers = ", ".join(f'"{number}"' for number in answers.numbers)
    parts = [
        f"""\
# {profile.title_ru}
# {profile.regulation}
# What the regulation sets comes from the profile {profile.name}; a key that is written here stands instead.

[site]
name = "{answers.name}"
title = "{title}"
time_zone = "{answers.time_zone or profile.time_zone}"
profile = "{profile.name}"

[database]
url = "sqlite+aiosqlite:///{answers.data}/acd.db"      # or postgresql+asyncpg://...
spool = "{answers.data}/acd.spool"

[voice]
directory = "{answers.data}/prompts"

[messages]
directory = "{answers.data}/messages"

[[asterisk]]
name = "pbx1"
ami_secret = {{ file = "{SECRETS}/ami" }}

[[trunk]]
name = "city"
match = ["{answers.trunk}"]
address = "{answers.trunk}"

[[line]]
name = "{answers.name}"
title = "{title}"
numbers = [{numbers}]
"""
    ]
    if answers.call_back:
        parts.append('[line.callback]\ntrunk = "city"\n')
    if record:
        parts.append(f'[line.recording]\n\n[recording]\nfolder = "{answers.data}/recordings"\n')
    parts += [
        f"""\
[[operator]]
number = "{number}"
pin = {{ file = "{SECRETS}/pin-{number}" }}

[[telephone]]
name = "op{number}"
secret = {{ file = "{SECRETS}/telephone-{number}" }}
"""
        for number in numbers_of(answers)
    ]
    return "\n".join(parts)
