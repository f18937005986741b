"""Checks of the database of records: can it be reached and written, and is its schema today's."""

from pathlib import Path
from typing import Final

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import SQLAlchemyError

import metrics.records
from acd.doctor.finding import Finding, Severity, error, ok, warning
from acd.doctor.machine import folder_writable
from acd.records_file import check_records_file
from acd.texts import Text
from metrics.errors import RecordsUnusable
from metrics.records.database import async_url, open_engine

CHECK: Final = "database"
_MIGRATIONS: Final = Path(metrics.records.__file__).parent / "migrations"
_TRIAL: Final = "CREATE TABLE acd_check (id INTEGER)"
"""Needs what migrations and records need, and takes the lock of the writer; it is rolled back, also by SQLite."""


async def records(url: str) -> list[Finding]:
    """See whether the daemon will be able to write its records. A database that is not there yet is not created."""
    try:
        parsed = async_url(url)
    except RecordsUnusable as fault:
        return [error(CHECK, "", _UNUSABLE, _URL_ADVICE, reason=fault.reason)]
    absent = _absent(parsed)
    if absent is not None:
        return absent
    where = parsed.render_as_string(hide_password=True)
    try:
        check_records_file(url, must_exist=False)
        engine = open_engine(url)
    except RecordsUnusable as fault:
        return [error(CHECK, "", _UNWRITABLE, _UNWRITABLE_ADVICE, where=where, reason=fault.reason)]
    try:
        async with engine.connect() as link:
            # First of all: SQLite lets a transaction that has read become a writer only if nobody wrote meanwhile.
            if engine.dialect.name == "sqlite":
                # Python's driver begins no transaction before a CREATE: without this the table would stay.
                await link.exec_driver_sql("BEGIN IMMEDIATE")
            await link.execute(text(_TRIAL))
            await link.rollback()
            revision = await link.run_sync(_revision)
    except (SQLAlchemyError, OSError) as fault:
        reason = str(fault).splitlines()[0]
        return [error(CHECK, "", _UNWRITABLE, _UNWRITABLE_ADVICE, where=where, reason=reason)]
    finally:
        await engine.dispose()
    return [ok(CHECK, "", _WRITABLE, where=where), _schema(revision)]


def _absent(url: URL) -> list[Finding] | None:
    """Return what there is to say about an SQLite file that does not exist; None for others."""
    file = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or file.exists():
        return None
    folder = folder_writable(CHECK, "", file.absolute().parent)
    return folder if folder[0].severity is Severity.ERROR else [ok(CHECK, "", _NOT_YET, path=file)]


def _revision(link: Connection) -> str | None:
    return MigrationContext.configure(link).get_current_revision()


def _schema(revision: str | None) -> Finding:
    history = ScriptDirectory(str(_MIGRATIONS))
    head = history.get_current_head()
    if revision == head:
        return ok("database.schema", "", _SCHEMA, revision=revision)
    known = {script.revision for script in history.walk_revisions()}
    if revision is not None and revision not in known:
        return error("database.schema", "", _NEWER, _NEWER_ADVICE, revision=revision)
    return warning("database.schema", "", _BEHIND, _BEHIND_ADVICE, revision=revision or "-", head=head)


_UNUSABLE = Text("The database cannot be used: {reason}", "База данных непригодна: {reason}")
_URL_ADVICE = Text(
    "Correct database.url in the configuration: sqlite:///FILE or postgresql://USER@HOST/NAME",
    "Исправьте database.url в настройке: sqlite:///ФАЙЛ или postgresql://ПОЛЬЗОВАТЕЛЬ@УЗЕЛ/БАЗА",
)
_UNWRITABLE = Text("The database {where} cannot be written: {reason}", "В базу данных {where} нельзя писать: {reason}")
_UNWRITABLE_ADVICE = Text(
    "Calls go on without it and their records wait in the spool file; see that the server runs, that user and password "
    "are right, and that the file belongs to the daemon's user",
    "Вызовы идут и без неё, а записи ждут в файле-накопителе; проверьте, что сервер работает, имя и пароль верны, "
    "а файл принадлежит пользователю службы",
)
_NOT_YET = Text(
    "The database {path} will be created at the first start", "База {path} будет создана при первом запуске"
)
_WRITABLE = Text("The database {where} can be written", "База данных {where} доступна для записи")
_SCHEMA = Text("The database's schema is up to date ({revision})", "Схема базы данных свежая ({revision})")
_BEHIND = Text(
    "The database's schema is behind: {revision}, newest {head}", "Схема базы данных устарела: {revision}, нужна {head}"
)
_BEHIND_ADVICE = Text(
    "The daemon brings it up to date when it starts; make a backup before",
    "Служба обновит её при запуске; перед этим сделайте копию",
)
_NEWER = Text(
    "The database's schema {revision} is unknown: it was written by a newer version",
    "Схема базы данных {revision} неизвестна: она создана более новой версией",
)
_NEWER_ADVICE = Text(
    "Install the version that wrote it, or give this one a database of its own",
    "Установите ту версию, которая её создала, или дайте этой отдельную базу",
)
