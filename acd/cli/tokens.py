"""`acd tokens` and `acd audit`: who may use the control API, and what they did. Both read the database themselves."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, TypeVar
from zoneinfo import ZoneInfo

import typer

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.help import tell
from acd.cli.session import Session
from acd.cli.status import JSON_HELP
from acd.clock import wall_time
from acd.control.access import Identity, Role
from acd.control.errors import StoreAway, TokenWrong
from acd.texts import Text
from metrics.errors import RecordsUnusable
from queue_engine.ids import AgentId, Instant

if TYPE_CHECKING:
    from acd.control.store.database import ControlDatabase
    from acd.control.store.tokens import TokenRecord
    from acd.control.store.trail import Entry

HELP: Final = tell("Give out and take back tokens for the API.", "Выдать или отозвать ключи доступа к API.")
AUDIT_HELP: Final = tell(
    "Show the audit trail: who looked at whose number, who did what.",
    "Показать журнал доступа: кто смотрел чьи номера и кто что сделал.",
)

tokens = typer.Typer(help=HELP, no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


@tokens.command(help=tell("Make a token. It is shown this once.", "Создать ключ. Он показывается один раз."))
def make(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=tell("Whose it is, for the trail.", "Чей он, для журнала."))],
    *,
    role: Annotated[Role, typer.Option(help=tell("What its holder may do.", "Что разрешено владельцу."))],
    agent: Annotated[
        str | None,
        typer.Option(help=tell("The operator's number, of role operator.", "Номер оператора для роли operator.")),
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.01, help=tell("Valid for so long.", "Срок действия, дней."))
    ] = None,
) -> None:
    """Make a token, put it into the database as its digest, and show it."""
    session: Session = context.obj
    config = session.load()
    if agent is not None and agent not in {operator.number for operator in config.operators}:
        raise CommandFailed(ExitCode.WRONG, _NO_OPERATOR, agent=agent)
    now = wall_time()
    expires_at = None if days is None else Instant(now + days * 86_400)
    operator = None if agent is None else AgentId(agent)

    async def ask(database: "ControlDatabase") -> str:
        from acd.control.store.tokens import TokenStore  # noqa: PLC0415 - the database's libraries take long

        token = await TokenStore(database).make(name, role, now, agent=operator, expires_at=expires_at)
        await _note(database, "make token", name, f"role {role}")
        return token

    session.print_line(_with_database(session, ask))


@tokens.command("list", help=tell("Show the tokens, never the secrets.", "Показать ключи, но не сами секреты."))
def list_(context: typer.Context, *, json: _Json = False) -> None:
    """List every token that was ever made."""
    session: Session = context.obj

    async def ask(database: "ControlDatabase") -> "list[TokenRecord]":
        from acd.control.store.tokens import TokenStore  # noqa: PLC0415 - see above

        return await TokenStore(database).all()

    found = _with_database(session, ask)
    if json:
        session.print_json(found)
        return
    zone = ZoneInfo(session.load().site.time_zone)
    now = wall_time()
    session.print_table(
        [session.say(text) for text in _TOKEN_HEAD],
        [
            [
                token.id,
                token.name,
                token.role.value,
                token.agent or "",
                _instant(token.made_at, zone),
                _instant(token.expires_at, zone),
                session.say(_VALID if token.valid(now) else _INVALID),
            ]
            for token in found
        ],
    )


@tokens.command(
    help=tell("Take a token back; it opens nothing from now on.", "Отозвать ключ; он сразу перестаёт действовать.")
)
def revoke(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help=tell("Its id from the list.", "Его номер из списка."))],
) -> None:
    """Revoke the token."""
    session: Session = context.obj

    async def ask(database: "ControlDatabase") -> int:
        from acd.control.store.tokens import TokenStore  # noqa: PLC0415 - see above

        count = await TokenStore(database).revoke(id_, wall_time())
        await _note(database, "revoke token", id_, f"{count} revoked")
        return count

    if not _with_database(session, ask):
        raise CommandFailed(ExitCode.REFUSED, _NO_TOKEN, id=id_)
    session.print_line(session.say(_REVOKED))


@tokens.command(
    help=tell(
        "Ask for a PIN and print its hash, which may stand in the PIN's file instead of it.",
        "Спросить PIN и напечатать его хэш, который можно хранить в файле вместо самого PIN.",
    )
)
def pin(context: typer.Context) -> None:
    """Hash what is typed twice, unseen."""
    from acd.pins import hashed  # noqa: PLC0415 - argon2 is loaded when it is needed

    session: Session = context.obj
    typed = typer.prompt(session.say(_PIN), hide_input=True, confirmation_prompt=True)
    if not typed.isdigit():
        raise CommandFailed(ExitCode.WRONG, _PIN_WRONG)
    session.print_line(hashed(typed))


def audit(
    context: typer.Context,
    *,
    after: Annotated[
        int, typer.Option(min=0, help=tell("Entries above this number.", "Записи после этого номера."))
    ] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help=tell("So many at most.", "Не больше стольких."))] = 100,
    json: _Json = False,
) -> None:
    """Print a part of the trail."""
    session: Session = context.obj

    async def ask(database: "ControlDatabase") -> "list[tuple[int, Entry]]":
        from acd.control.store.trail import Trail  # noqa: PLC0415 - see above

        return await Trail(database).entries(after=after, limit=limit)

    found = _with_database(session, ask)
    if json:
        session.print_json([{"id": number, "entry": entry} for number, entry in found])
        return
    zone = ZoneInfo(session.load().site.time_zone)
    session.print_table(
        [session.say(text) for text in _TRAIL_HEAD],
        [
            [str(number), _instant(e.at, zone), e.who, e.role, e.address, e.action, e.object, e.detail, e.outcome]
            for number, e in found
        ],
    )


async def _note(database: "ControlDatabase", action: str, object_: str, detail: str) -> None:
    """Put into the trail what was done at the keyboard, by the system's name of the person."""
    from acd.control.store.trail import Trail  # noqa: PLC0415 - see above

    person = Identity(getpass.getuser(), Role.ADMINISTRATOR)
    await Trail(database).acted(person, "console", action, object_, wall_time(), detail=detail)


def note_at_keyboard(session: Session, action: str, object_: str, detail: str) -> None:
    """Put into the trail what is done at the keyboard.

    Raises:
        CommandFailed: It cannot be put there; then it must not be done.
    """

    async def ask(database: "ControlDatabase") -> None:
        await _note(database, action, object_, detail)

    _with_database(session, ask)


_PIN: Final = Text("PIN", "PIN")
_PIN_WRONG: Final = Text("A PIN is digits: it is dialled", "PIN состоит из цифр: его набирают на телефоне")

_T = TypeVar("_T")


def _with_database(session: Session, ask: "Callable[[ControlDatabase], Awaitable[_T]]") -> _T:
    """Return what is asked of the control API's tables."""
    from acd.control.store.database import ControlDatabase  # noqa: PLC0415 - see above
    from acd.records_file import check_records_file  # noqa: PLC0415 - see above

    url = session.load().database.url

    async def asked() -> _T:
        database = ControlDatabase(url)
        try:
            return await ask(database)
        finally:
            await database.close()

    try:
        check_records_file(url, must_exist=True)
        return asyncio.run(asked())
    except TokenWrong as fault:
        raise CommandFailed(ExitCode.WRONG, _WRONG, reason=fault.reason) from fault
    except (StoreAway, RecordsUnusable) as fault:
        raise CommandFailed(ExitCode.DATABASE, _AWAY, reason=fault) from fault


def _instant(at: float | None, zone: ZoneInfo) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).astimezone(zone).isoformat(" ", "seconds")


_NO_OPERATOR: Final = Text("There is no operator {agent}", "Оператора {agent} нет")
_NO_TOKEN: Final = Text("No valid token has the id {id}", "Действующего ключа с номером {id} нет")
_REVOKED: Final = Text("The token opens nothing any more.", "Ключ больше не действует.")
_WRONG: Final = Text("This cannot be: {reason}", "Так нельзя: {reason}")
_AWAY: Final = Text("The database cannot be used: {reason}", "База данных недоступна: {reason}")
_VALID: Final = Text("valid", "действует")
_INVALID: Final = Text("no longer", "не действует")
_TOKEN_HEAD: Final = (
    Text("Id", "Номер"),
    Text("Whose", "Чей"),
    Text("Role", "Роль"),
    Text("Operator", "Оператор"),
    Text("Made", "Создан"),
    Text("Until", "До"),
    Text("State", "Состояние"),
)
_TRAIL_HEAD: Final = (
    Text("No.", "№"),
    Text("When", "Когда"),
    Text("Who", "Кто"),
    Text("Role", "Роль"),
    Text("From", "Откуда"),
    Text("Action", "Действие"),
    Text("On", "Над чем"),
    Text("Detail", "Подробности"),
    Text("Outcome", "Итог"),
)
