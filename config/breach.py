"""One disagreement between tables of a configuration, and the commonest of them: a name that nothing has."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from config.errors import Language

BUILT_IN_DESTINATIONS: Final = ("hangup",)


@dataclass(frozen=True, slots=True)
class Breach:
    """One disagreement: where it stands, its kind in `messages.TEXTS`, what the text needs."""

    key: tuple[str | int, ...]
    kind: str
    context: dict[str, Any] = field(default_factory=dict)


def did_you_mean(name: str, known: Iterable[str]) -> dict[Language, str]:
    """Return a hint at the nearest known name in both languages, empty when none is near."""
    near = get_close_matches(name, [*known], n=1)
    if not near:
        return {"en": "", "ru": ""}
    return {"en": f"; did you mean {near[0]}?", "ru": f"; может быть, {near[0]}?"}


def unknown(key: tuple[str | int, ...], kind: str, name: str, known: Iterable[str]) -> Iterator[Breach]:
    """Yield a breach, with a hint at the nearest, if the name is none of those known."""
    known = tuple(known)
    if name not in known:
        yield Breach(key, kind, {"name": name, "hint": did_you_mean(name, known)})
