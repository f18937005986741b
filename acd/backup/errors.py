"""What can be wrong with backups."""

from pathlib import Path

from acd.texts import Text


class BackupError(Exception):
    """Base of all errors of backups: what is wrong, in both languages."""

    def __init__(self, text: Text, **values: object) -> None:
        super().__init__(text.en, values)
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return self.text.en.format(**self.values)


class BackupDamaged(BackupError):
    """A file of a backup was changed, cut short, or does not open with the key."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(_DAMAGED, path=path, reason=reason)


class BackupFolder(BackupError):
    """The folder of the backups cannot be used."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(_FOLDER, path=path, reason=reason)


class NotEmpty(BackupError):
    """What is to be restored would be put over what is there."""

    def __init__(self, what: object) -> None:
        super().__init__(_NOT_EMPTY, what=what)


class NewerSchema(BackupError):
    """The backup was made by a newer version."""

    def __init__(self, table: str, revision: str) -> None:
        super().__init__(_NEWER, table=table, revision=revision)


_DAMAGED = Text("The backup {path} cannot be trusted: {reason}", "Резервной копии {path} нельзя верить: {reason}")
_FOLDER = Text("The folder of backups {path} cannot be used: {reason}", "Папка копий {path} недоступна: {reason}")
_NOT_EMPTY = Text(
    "Nothing is restored over what is there: {what}", "Поверх имеющегося ничего не восстанавливается: {what}"
)
_NEWER = Text(
    "The backup is of a newer version: {table} {revision} is not known here",
    "Копия сделана более новой версией: {table} {revision} здесь неизвестна",
)
