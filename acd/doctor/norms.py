"""Checks of the configuration against the regulation it claims to follow, and of the secrets that it names."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from acd.doctor.finding import Finding, ok, warning
from acd.texts import Text
from config.model import Config

NORMS: Final = ("target_wait_s", "max_wait_s")
"""Values of a line that a regulation limits: more is a breach of it, less is not."""


def norms(config: Config) -> list[Finding]:
    """See whether a line waits longer than its regulation allows."""
    found: list[Finding] = []
    for line in config.lines:
        profile = config.profile_of(line)
        if profile is None:
            found.append(warning("norms", line.name, _NO_PROFILE, _NO_PROFILE_ADVICE))
            continue
        for key in NORMS:
            allowed = profile.line.get(key)
            actual = getattr(line, key)
            if allowed is not None and isinstance(allowed.value, int | float) and actual > allowed.value:
                found.append(
                    warning(
                        "norms",
                        line.name,
                        _OVER,
                        _OVER_ADVICE,
                        key=key,
                        actual=actual,
                        allowed=allowed.value,
                        source=allowed.source or profile.law,
                    )
                )
    return found or [ok("norms", "", _KEPT)]


def secret_paths(path: Path) -> list[tuple[str, Path]]:
    """Return key and file of every secret that the configuration takes from a file; none if it cannot be read."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return []
    return [(key, path.parent / name) for key, name in _files(raw, "")]


def _files(value: Any, key: str) -> Iterator[tuple[str, str]]:
    match value:
        case {"file": str(name)} if len(value) == 1:
            yield key, name
        case dict():
            for name, below in value.items():
                yield from _files(below, f"{key}.{name}" if key else name)
        case list():
            for index, below in enumerate(value, start=1):
                yield from _files(below, f"{key}[{index}]")


def bare_secrets(config: Config, path: Path) -> list[Finding]:
    """See whether a file with secrets in it, as a lab may have, is closed to others."""
    secrets = [server.ami_secret for server in config.servers]
    secrets += [telephone.secret for telephone in config.telephones if telephone.secret is not None]
    if any(secret.bare for secret in secrets) and path.stat().st_mode & 0o007:
        return [warning("secret.bare", str(path), _BARE, _BARE_ADVICE)]
    return []


_NO_PROFILE = Text(
    "Line {subject} follows no regulation: its figures are held against no norm",
    "Линия {subject} не следует никакому регламенту: её показатели не с чем сравнивать",
)
_NO_PROFILE_ADVICE = Text(
    'Name one: profile = "saratov-122" in [site] or in the line',
    'Укажите его: profile = "saratov-122" в [site] или в самой линии',
)
_OVER = Text(
    "Line {subject}: {key} is {actual:g} s, the regulation allows {allowed:g} s ({source})",
    "Линия {subject}: {key} — {actual:g} с, а регламент допускает {allowed:g} с ({source})",
)
_OVER_ADVICE = Text(
    "Take the value out of the line to return to the regulation's", "Уберите значение из линии, и вернётся регламентное"
)
_KEPT = Text("Every line keeps within its regulation", "Все линии укладываются в свой регламент")
_BARE = Text("Secrets stand in {subject}, which everybody may read", "В {subject} есть секреты, а читать его могут все")
_BARE_ADVICE = Text("chmod o-rwx {subject}", "chmod o-rwx {subject}")
