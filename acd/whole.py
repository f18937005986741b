"""Whole numbers as JSON means them, for whatever is read strictly: `5.0` is the same number as `5`."""

from typing import Final

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE: Final = BeforeValidator(_whole)
"""Beside `int` in the model of a request: a schema says `integer` of both ways to write it, so both are taken."""
