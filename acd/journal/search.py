"""How words are found: one rule for SQLite and PostgreSQL, so that both find the same cards.

A text is stored as its words in lower case, `ё` written as `е`. A search finds every card that has, for each word asked
for, a word that begins alike: Russian endings are cut off the question by length, which is coarser than a stemmer and
needs none. Words with digits are taken as they are, telephone numbers in one spelling: `79161234567`.
"""

import re
from typing import Final

_TELEPHONE: Final = re.compile(r"(?<!\d)(?:\+?7|8)[ (-]*(\d{3})[ )-]*(\d{3})[ -]*(\d{2})[ -]*(\d{2})(?!\d)")
"""A Russian number in any of its usual spellings."""
_WORD: Final = re.compile(r"[^\W_]+")
_MAX_WORDS: Final = 8
"""More words narrow nothing down and cost time."""
SHORTEST, LONGEST = 3, 10
"""Letters of a beginning. Both indexes have an own list for each beginning of these lengths, so that a search reads no
other; what is shorter or longer is asked for as a whole word."""
_CUTS: Final = ((9, 3), (6, 2), (5, 1))
"""From so many letters on, so many are taken for an ending."""


def words(*texts: str) -> str:
    """Return the words of the texts, each once, as they are stored: in lower case, joined by single blanks."""
    found = (word for text in texts for word in _WORD.findall(_plain(text)))
    return " ".join(dict.fromkeys(found))


def beginnings(question: str) -> tuple[str, ...]:
    """Return the beginnings that a card's words must have to be found; empty if nothing was asked."""
    return tuple(dict.fromkeys(_beginning(word) for word in _WORD.findall(_plain(question))))[:_MAX_WORDS]


def fts5(question: str) -> str:
    """Return the question in the language of SQLite's FTS5."""
    return " AND ".join(f'"{word}" *' if _is_beginning(word) else f'"{word}"' for word in beginnings(question))


def tsquery(question: str) -> str:
    """Return the question in the language of PostgreSQL's tsquery; its index holds the beginnings themselves."""
    return " & ".join(f"'{word}'" for word in beginnings(question))


def needles(question: str) -> tuple[str, ...]:
    """Return what must stand in a blank, the stored words and a blank, for them to be what the question asks for."""
    return tuple(f" {word}" if _is_beginning(word) else f" {word} " for word in beginnings(question))


def _plain(text: str) -> str:
    return _TELEPHONE.sub(r" 7\1\2\3\4 ", text.lower().replace("ё", "е"))


def _beginning(word: str) -> str:
    if not word.isalpha():
        return word
    for letters, cut in _CUTS:
        if len(word) >= letters:
            return word[:-cut][:LONGEST]
    return word


def _is_beginning(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST
