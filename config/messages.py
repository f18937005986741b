"""The texts of mistakes in Russian and English, by the kind of mistake.

pydantic's own kinds are named as pydantic names them; ours begin with `acd_`. A text is a format string over the
context of the error, so that both languages say the same thing.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import PydanticCustomError

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    # pydantic's kinds
    "missing": ("is missing", "не задан"),
    "extra_forbidden": ("is not a known key", "неизвестный ключ"),
    "string_type": ("must be a text in quotes", "должен быть текстом в кавычках"),
    "bool_type": ("must be true or false", "должен быть true или false"),
    "bool_parsing": ("must be true or false", "должен быть true или false"),
    "int_type": ("must be a whole number", "должен быть целым числом"),
    "int_parsing": ("must be a whole number", "должен быть целым числом"),
    "int_from_float": ("must be a whole number", "должен быть целым числом"),
    "float_type": ("must be a number", "должен быть числом"),
    "float_parsing": ("must be a number", "должен быть числом"),
    "finite_number": ("must be a finite number", "должен быть конечным числом"),
    "greater_than": ("must be above {gt:g}", "должен быть больше {gt:g}"),
    "greater_than_equal": ("must be at least {ge:g}", "должен быть не меньше {ge:g}"),
    "less_than": ("must be below {lt:g}", "должен быть меньше {lt:g}"),
    "less_than_equal": ("must be at most {le:g}", "должен быть не больше {le:g}"),
    "tuple_type": ("must be a list", "должен быть списком"),
    "dict_type": ("must be a table", "должен быть таблицей"),
    "model_type": ("must be a table", "должен быть таблицей"),
    "model_attributes_type": ("must be a table", "должен быть таблицей"),
    "literal_error": ("must be one of {expected}", "должен быть одним из {expected}"),
    "enum": ("must be one of {expected}", "должен быть одним из {expected}"),
    "string_too_short": ("must not be empty", "не должен быть пустым"),
    "string_too_long": ("is too long: at most {max_length}", "слишком длинный: не больше {max_length}"),
    "too_short": ("needs at least {min_length}", "нужно не меньше {min_length}"),
    "too_long": ("takes at most {max_length}", "допускается не больше {max_length}"),
    "ip_any_address": ("must be an IP address", "должен быть адресом IP"),
    "path_type": ("must be a path in quotes", "должен быть путём в кавычках"),
    "union_tag_invalid": ("kind must be one of {expected_tags}", "kind должен быть одним из {expected_tags}"),
    "union_tag_not_found": ("kind is missing", "не задан kind"),
    "string_pattern_mismatch": ("must match {pattern}", "должен подходить под {pattern}"),
    # ours
    "acd_toml": ("is not valid TOML: {why}", "не разбирается как TOML: {why}"),
    "acd_unreadable": ("cannot be read: {why}", "не читается: {why}"),
    "acd_name": (
        "must be small Latin letters, digits and single dashes, 2 to 40 of them, beginning with a letter",
        "должен состоять из строчных латинских букв, цифр и одиночных дефисов, от 2 до 40 знаков, первой идёт буква",
    ),
    "acd_reserved": ("the name {name} is kept for the product itself", "имя {name} занято самой системой"),
    "acd_number": (
        "must be a telephone number: digits, + in front, * and # allowed, up to 40 of them",
        "должен быть телефонным номером: цифры, + в начале, допустимы * и #, не больше 40 знаков",
    ),
    "acd_operator_number": ("must be 1 to 10 digits", "должен состоять из 1–10 цифр"),
    "acd_endpoint": (
        "must be Latin letters, digits, _ . and -, up to 60 of them",
        "должен состоять из латинских букв, цифр, _ . и -, не больше 60 знаков",
    ),
    "acd_code": ("must be * or # and 1 to 5 digits", "должен быть * или # и от 1 до 5 цифр"),
    "acd_keys": ("must be up to 4 keys out of 0-9 * #", "должно быть не больше 4 клавиш из 0-9 * #"),
    "acd_digit": ("must be one digit", "должен быть одной цифрой"),
    "acd_sound": (
        "must be the name of a sound: Latin letters, digits, _ - . and /",
        "должен быть именем звукового файла: латинские буквы, цифры, _ - . и /",
    ),
    "acd_listen": ("must be host:port", "должен иметь вид узел:порт"),
    "acd_hours": (
        "must be days and hours: mon-fri 08:00-20:00, sun 10:00-16:00",
        "должны быть дни и часы: mon-fri 08:00-20:00, sun 10:00-16:00",
    ),
    "acd_day_hours": (
        "must be hours in their order: 09:00-13:00, 14:00-16:00",
        "должны быть часы по порядку: 09:00-13:00, 14:00-16:00",
    ),
    "acd_hours_overlap": ("hours of one weekday overlap", "часы одного дня недели пересекаются"),
    "acd_hours_nowhere": (
        "the line has hours but no at_closed: nobody knows where callers go outside them",
        "у линии есть часы работы, но не задан at_closed: куда направлять звонки вне этих часов?",
    ),
    "acd_callback_line": (
        "the line has no [line.callback] table, so nobody can be called back",
        "у линии нет таблицы [line.callback], перезвонить некому",
    ),
    "acd_callback_range": ("must be at least {key}", "должен быть не меньше {key}"),
    "acd_callback_margin": ("must be below first_attempt_s", "должен быть меньше first_attempt_s"),
    "acd_line_text": (
        "must be one line of printable characters without ; and #",
        "должен быть одной строкой печатных знаков без ; и #",
    ),
    "acd_sip_uri": (
        "must be a SIP address: sip:name@host:port",
        "должен быть адресом SIP: sip:имя@узел:порт",
    ),
    "acd_time_zone": ("is no known time zone", "такой часовой зоны нет"),
    "acd_network": ("must be an address or a network: 10.1.0.0/16", "должен быть адресом или сетью: 10.1.0.0/16"),
    "acd_secret_form": (
        'must be {{ file = "..." }} or {{ env = "..." }} (a bare value only with site.lab = true)',
        'должен быть {{ file = "..." }} или {{ env = "..." }} (само значение допустимо только при site.lab = true)',
    ),
    "acd_secret_file": ("the secret's file {path} cannot be read: {why}", "файл секрета {path} не читается: {why}"),
    "acd_secret_env": ("the environment variable {name} is not set", "переменная окружения {name} не задана"),
    "acd_secret_text": (
        "the secret is empty or has spaces, quotes, ; or characters outside ASCII",
        "секрет пуст либо содержит пробелы, кавычки, ; или знаки вне ASCII",
    ),
    "acd_secret_bare": (
        "a secret may stand in the file itself only with site.lab = true",
        "секрет прямо в файле допустим только при site.lab = true",
    ),
    "acd_secret_missing": (
        "has no secret; only a lab (site.lab = true) may do without",
        "нет секрета; без него можно только на стенде (site.lab = true)",
    ),
    "acd_unknown_line": ("no line is named {name}{hint}", "линии с именем {name} нет{hint}"),
    "acd_unknown_destination": ("no destination is named {name}{hint}", "назначения с именем {name} нет{hint}"),
    "acd_unknown_telephone": ("no telephone is named {name}{hint}", "телефона с именем {name} нет{hint}"),
    "acd_unknown_trunk": ("no trunk is named {name}{hint}", "транка с именем {name} нет{hint}"),
    "acd_unknown_music": ("no music class is named {name}{hint}", "класса музыки с именем {name} нет{hint}"),
    "acd_unknown_server": ("no Asterisk server is named {name}{hint}", "сервера Asterisk с именем {name} нет{hint}"),
    "acd_unknown_profile": ("no profile is named {name}{hint}", "профиля с именем {name} нет{hint}"),
    "acd_unknown_survey": ("no survey is named {name}{hint}", "опроса с именем {name} нет{hint}"),
    "acd_unknown_script": ("no script is named {name}{hint}", "сценария с именем {name} нет{hint}"),
    "acd_unknown_prompt": (
        "the sound acd/{name} has neither a text nor a file{hint}",
        "у звука acd/{name} нет ни текста, ни файла{hint}",
    ),
    "acd_twice": ("{what} is already used by {other}", "{what} уже используется: {other}"),
    "acd_needs": ("needs {key} as well", "требует также {key}"),
    "acd_exactly_one": ("must hold exactly one of {keys}", "должно содержать ровно одно из {keys}"),
    "acd_unknown_announcement": ("{name} is no announcement{hint}", "объявления {name} нет{hint}"),
    "acd_step_late": ("must not be after max_wait_s", "не может быть позже max_wait_s"),
    "acd_excludes": ("cannot stand beside {key}", "не может стоять вместе с {key}"),
    "acd_target_above_max": (
        "must be at most max_wait_s ({max_wait_s:g})",
        "должен быть не больше max_wait_s ({max_wait_s:g})",
    ),
    "acd_destination_loop": (
        "the way from line to line never ends: {way}",
        "путь с линии на линию никогда не кончается: {way}",
    ),
    "acd_code_prefix": (
        "one code is the beginning of another: {code} and {other} ({key})",
        "один код служит началом другого: {code} и {other} ({key})",
    ),
    "acd_rtp_range": ("first must be below last", "first должен быть меньше last"),
    "acd_range_count": (
        "the numbers from {first} on do not all have {digits} digits",
        "не у всех номеров начиная с {first} одинаковое число цифр ({digits})",
    ),
    "acd_no_pin": (
        "an operator without a telephone of his own needs a pin",
        "оператору без своего телефона нужен pin",
    ),
    "acd_not_loopback": (
        "must be a loopback address as long as the link is not encrypted (TLS)",
        "должен быть адресом обратной петли, пока соединение не шифруется (TLS)",
    ),
    "acd_recording_key": (
        "must be 32 bytes in base64: head -c 32 /dev/urandom | base64",
        "должен быть 32 байтами в base64: head -c 32 /dev/urandom | base64",
    ),
    "acd_recording_folder": (
        "needs a table [recording] with the folder of recordings",
        "требует таблицы [recording] с папкой записей",
    ),
    "acd_norm_source": (
        "must cite the regulation's section, as in SAR 5.1",
        "должен ссылаться на раздел положения, например SAR 5.1",
    ),
}


def is_own(kind: str) -> bool:
    """Tell whether a rule of ours found the mistake: the value has the right shape and cannot be."""
    return kind.startswith("acd_")


def mistake(kind: str, **context: object) -> PydanticCustomError:
    """Return an error of `kind` for a validator to raise."""
    return PydanticCustomError(kind, "{kind}", {"kind": kind, **context})


def texts(kind: str, context: Mapping[str, Any], otherwise: str) -> tuple[str, str]:
    """Return what is wrong in English and in Russian; `otherwise` (the library's words) for a kind without texts."""
    known = TEXTS.get(kind)
    if known is None:
        return otherwise, otherwise
    english, russian = known
    return english.format_map(context), russian.format_map(context)
