"""A look at the SQLite file of the records before it is opened for good.

Reading commands must not make an empty file that then belongs to whoever asked (root, say) and not to the daemon. And a
file that cannot be opened is better found out here: aiosqlite leaves a thread behind that complains about it later.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from metrics.errors import RecordsUnusable
from metrics.records.database import async_url

PATIENCE_S: Final = 1.0


def check_records_file(url: str, *, must_exist: bool) -> None:
    """Raise if the URL is an SQLite file that cannot be opened. Blocks for a moment; a server is not looked at.

    Raises:
        RecordsUnusable: The file is no database, cannot be opened, or (if it must) does not exist.
    """
    parsed = async_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return
    path = Path(parsed.database)
    if not path.exists():
        if must_exist:
            raise RecordsUnusable(str(path), "the file does not exist: the daemon makes it when it first starts")
        return
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as link:
            link.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as fault:
        raise RecordsUnusable(str(path), str(fault)) from fault
