"""Surveys (VLA 3.8): what a voice menu asks and a person answers by keys, after a talk or when he is called for it."""

from typing import Annotated

from pydantic import Field

from config.kinds import Digit, LineText, Name, Sound, Table


class Question(Table):
    """One question."""

    name: Name
    title: LineText | None = None
    """What reports call it; the name if not given."""
    ask: tuple[Sound, ...] = Field(min_length=1, max_length=10)
    """Says the question and the keys."""
    keys: tuple[Digit, ...] = Field(default=("1", "2", "3", "4", "5"), min_length=1, max_length=10)
    """The keys that are answers."""


class Survey(Table):
    """One menu."""

    name: Name
    title: LineText | None = None
    greeting: tuple[Sound, ...] = Field(default=(), max_length=10)
    """Said first."""
    questions: tuple[Question, ...] = Field(alias="question", min_length=1, max_length=20)
    wait_s: Annotated[int, Field(ge=1, le=60)] = 6
    """So long an answer is waited for."""
    tries: Annotated[int, Field(ge=1, le=5)] = 2
    """So often a question is asked until it is answered."""
    thanks: tuple[Sound, ...] = Field(default=(), max_length=10)
    """Said at the end."""
