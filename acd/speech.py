"""Numbers and spans spoken with Asterisk's core sounds, with the right grammar: 1 минута, 2 минуты, 5 минут.

The words are files, so this file decides which and in what order. Russian counts minutes in the feminine: the core
sounds have `digits/1n` and `digits/2n` beside `digits/1` and `digits/2`. Any of the files can be replaced by one of
the site's own.
"""

from typing import Final

from config.errors import Language

MOST: Final = 999

_ROUND: Final = 20


def spoken_number(number: int, language: Language, *, feminine: bool = False) -> tuple[str, ...]:
    """Return the sounds of a number from 0 to 999; a larger one is spoken as 999."""
    number = max(0, min(number, MOST))
    words: list[str] = []
    hundreds, rest = divmod(number, 100)
    if hundreds:
        words += [f"digits/{hundreds}", "digits/hundred"] if language == "en" else _russian_hundreds(hundreds)
    if rest or not hundreds:
        tens, ones = (0, rest) if rest < _ROUND else (rest - rest % 10, rest % 10)
        if tens:
            words.append(f"digits/{tens}")
        if ones or not tens:
            words.append(f"digits/{ones}n" if feminine and language == "ru" and ones in {1, 2} else f"digits/{ones}")
    return tuple(words)


def _russian_hundreds(hundreds: int) -> list[str]:
    # The core sounds have no word for two hundred and on: digit by digit is understood.
    return ["digits/hundred"] if hundreds == 1 else [f"digits/{hundreds}", "digits/hundred"]


def plural_form(number: int, language: Language) -> int:
    """Return which form of a counted word goes with the number: 0 one, 1 few (Russian 2 to 4), 2 many.

    CLDR plural rules for whole numbers.
    """
    if language == "en":
        return 0 if number == 1 else 2
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if number % 10 in {2, 3, 4} and number % 100 not in {12, 13, 14} else 2


MINUTES: Final = ("queue-minute", "minutes", "queue-minutes")
"""минута, минуты, минут; the core sounds' second one is none that is right after 2, 3 and 4 in every set of them."""


def spoken_minutes(wait_s: float, language: Language, forms: tuple[str, str, str] = MINUTES) -> tuple[str, ...]:
    """Return the sounds of a wait, rounded up to whole minutes; at least one."""
    minutes = max(1, -int(-wait_s // 60))
    return (*spoken_number(minutes, language, feminine=True), forms[plural_form(minutes, language)])


def phrase(
    parts: tuple[str, ...],
    language: Language,
    *,
    position: int = 0,
    wait_s: float | None = None,
    line: str = "",
    minutes: tuple[str, str, str] = MINUTES,
) -> tuple[str, ...]:
    """Return the sounds of an announcement.

    A part that speaks a value nobody knows (`{wait}` while nothing can be said of it) leaves the whole phrase unsaid:
    a sentence without its object is worse than music.
    """
    sounds: list[str] = []
    for part in parts:
        match part:
            case "{position}":
                sounds += spoken_number(position, language)
            case "{wait}":
                if wait_s is None:
                    return ()
                sounds += spoken_minutes(wait_s, language, minutes)
            case "{line}":
                sounds += [f"digits/{digit}" for digit in line if digit.isdigit()]
            case sound:
                sounds.append(sound)
    return tuple(sounds)
