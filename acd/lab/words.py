"""What the lab's commands say to people, in Russian and English."""

from typing import Final

from acd.texts import Text

PREPARING: Final = Text(
    "Starting Asterisk, the daemon and {operators} operators' telephones on loopback…",
    "Запуск Asterisk, службы и {operators} телефонов операторов на внутреннем адресе…",
)
CALLING: Final = Text(
    "{callers} callers dial line 122 within {seconds} s.", "{callers} абонентов звонят на линию 122 за {seconds} с."
)
MOMENT: Final = Text(
    "{elapsed:3.0f} s  called {placed}/{callers}  waiting {waiting}  talking {talking}  answered {answered}"
    "  given up {abandoned}  in norm {share}",
    "{elapsed:3.0f} с  позвонили {placed}/{callers}  ждут {waiting}  говорят {talking}  отвечено {answered}"
    "  не дождались {abandoned}  в нормативе {share}",
)
SETTLING: Final = Text("All calls have ended; the records are being checked.", "Все вызовы окончены; сверка записей.")
SEEN_AND_RECORDED: Final = Text("Seen by SIPp and recorded", "Что видел SIPp и что записано")
WHAT: Final = Text("What", "Что")
SEEN: Final = Text("Seen", "Видел SIPp")
RECORDED: Final = Text("Recorded", "Записано")
VERDICT: Final = Text("Verdict", "Итог")
AGREES: Final = Text("agrees", "сходится")
DIFFERS: Final = Text("DIFFERS", "НЕ СХОДИТСЯ")
CALLS_PLACED: Final = Text("calls placed", "вызовы")
ANSWERED: Final = Text("answered by an operator", "ответы операторов")
ENDED: Final = Text("callers served or gone", "обслужены или ушли сами")
MISMATCH: Final = Text(
    "caller {caller}: seen {seen}, recorded {recorded}", "абонент {caller}: SIPp {seen}, записано {recorded}"
)
ACCOUNTED: Final = Text(
    "Every call is accounted for; everything that was started is stopped.",
    "Учтён каждый вызов; всё запущенное остановлено.",
)
UNACCOUNTED: Final = Text("{count} calls are unaccounted for.", "Не учтено вызовов: {count}.")
LAB_FAILED: Final = Text("The lab could not do it: {reason}", "Стенд не смог: {reason}")
RUNNING: Final = Text("The contact centre is running.", "Контакт-центр работает.")
SIP_ADDRESS: Final = Text("SIP server", "SIP-сервер")
LOGIN: Final = Text("login", "логин")
PASSWORD: Final = Text("password", "пароль")
STATIC: Final = Text("at a fixed address, without login", "по постоянному адресу, без логина")
MORE_OPERATORS: Final = Text("the same password for {first} to {last}", "тот же пароль у телефонов с {first} по {last}")
TO_DIAL: Final = Text("what to dial", "что набирать")
DIAL_LINE: Final = Text("line {line}", "линия {line}")
DIAL_COLLEAGUE: Final = Text("another operator", "другой оператор")
CODES: Final = {
    "login": Text("log in", "вход оператора"),
    "logout": Text("log out", "выход"),
    "pause": Text("pause (and the digit of a reason)", "перерыв (и цифра причины)"),
    "resume": Text("end of the pause", "конец перерыва"),
    "ready": Text("end of the work after a call", "конец обработки после вызова"),
    "echo": Text("echo test", "проверка связи (эхо)"),
}
FILES: Final = Text("configuration, records, logs", "настройка, записи, журналы")
STATUS: Final = Text("to look at it", "посмотреть")
HOW_TO_STOP: Final = Text("Ctrl-C stops everything.", "Ctrl-C останавливает всё.")
STOPPED: Final = Text("Stopped.", "Остановлено.")
PORT_TAKEN: Final = Text(
    "{place} is taken by another program: use another address (ADDRESS=) or a configuration of your own (CONFIG=)",
    "{place} занят другой программой: укажите другой адрес (ADDRESS=) или свою настройку (CONFIG=)",
)
