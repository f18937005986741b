"""The page of the do-not-call list: who is on it, a number put on it or taken off."""

from typing import Final

from starlette.responses import Response

from acd.campaigns.bars import NotANumber
from acd.journal.store.trail import TrailEntry
from acd.journal.web.desk import Asked, BadForm
from callback.kinds import BarScope

SHOWN: Final = 200
"""Numbers on the page, the newest; the others are found by searching."""


async def bars(asked: Asked) -> Response:
    """The list, or what of it has the digits that are searched for."""
    return await _page(asked)


async def _page(asked: Asked, refused: str = "") -> Response:
    rows = await asked.desk.floor.campaigning.bars.all()
    text = asked.query.get("text", "").strip()
    digits = "".join(character for character in text if character.isdigit())
    if text:
        # 8 and +7 begin the same number: what follows decides.
        wanted = digits[1:] if len(digits) == 11 and digits[0] in "78" else digits
        found = [row for row in rows if wanted and wanted in row.number]
    else:
        found = rows
    return asked.page(
        "do_not_call.html",
        status=422 if refused else 200,
        rows=found[: -SHOWN - 1 : -1],
        count=len(rows),
        cut=len(found) > SHOWN,
        text=text,
        scopes=BarScope,
        refused=refused,
        said=asked.query.get("said", "") if asked.query.get("said") in {"added", "removed"} else "",
        number=asked.query.get("number", ""),
    )


async def change(asked: Asked) -> Response:
    """Put a number on the list, or let it be called again."""
    form, barring = asked.form, asked.desk.floor.campaigning.bars
    number, do = form.get("number", "").strip(), form.get("do", "")
    try:
        if do == "add":
            number = await barring.add(
                number, BarScope(form.get("scope", "")), form.get("reason", "").strip()[:200], asked.person.login
            )
        elif do == "remove":
            if not await barring.remove(number):
                return await _page(asked, "bar_unknown")
        else:
            raise BadForm
    except NotANumber:
        return await _page(asked, "bar_wrong")
    except ValueError as error:
        raise BadForm from error
    desk = asked.desk
    await desk.journal.trail.note(TrailEntry(desk.now(), asked.person.login, "do_not_call", detail=f"{do} {number}"))
    return asked.goto("/do-not-call", said="added" if do == "add" else "removed", number=number)
