"""Scripts: what an operator says and asks on a line (D9), shown beside the call."""

from typing import Annotated

from pydantic import Field

from config.kinds import LineText, Name, Table


class Script(Table):
    """One approved text."""

    name: Name
    title: LineText
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    """Plain text; blank lines between paragraphs."""
    source: str | None = None
    """The section of the regulation that asks for it, or the order that approved it."""
