"""What the live screen says, in Russian and English, short enough for 80 columns."""

from typing import Final

from acd.texts import Text

LINE: Final = Text("Line", "Линия")
WAITING: Final = Text("Wait", "Ждут")
LONGEST: Final = Text("Longest", "Дольше")
RINGING: Final = Text("Ring", "Звонок")
TALKING: Final = Text("Talk", "Говорят")
READY: Final = Text("Ready", "Готовы")
ACCEPTED: Final = Text("Calls", "Принят")
LOST: Final = Text("Lost", "Потер")
IN_NORM: Final = Text("Norm", "Норма")
NUMBER: Final = Text("No.", "№")
OPERATOR: Final = Text("Operator", "Оператор")
STATE: Final = Text("State", "Сост.")
FOR: Final = Text("For", "Время")
PLACE: Final = Text("#", "#")
CALLER: Final = Text("Caller", "Абонент")
WAITED: Final = Text("Waited", "Ждал")

CALL_STATES: Final = {
    "greeting": Text("greet.", "привет"),
    "waiting": Text("waits", "ждёт"),
    "ringing": Text("rings", "звонок"),
    "talking": Text("talks", "говор."),
    "gone": Text("gone", "ушёл"),
}
DUE: Final = Text("Due", "Срок")
ATTEMPTS: Final = Text("No", "№")
CALLBACK_STATES: Final = {
    "owed": Text("owed", "ждёт"),
    "in_line": Text("queue", "очер."),
    "reserved": Text("operat", "опер."),
    "dialling": Text("dials", "набор"),
    "ringing": Text("rings", "звонок"),
    "connected": Text("there", "ответ"),
    "talking": Text("talks", "говор."),
    "after_talk": Text("after", "после"),
    "calling_in": Text("calls", "сам"),
    "done": Text("done", "готов"),
    "merged": Text("joined", "вместе"),
    "given_up": Text("gone", "отказ"),
    "impossible": Text("cannot", "нельзя"),
}
CALLBACKS_OWED: Final = Text("Call-backs {owed}", "Перезвонить {owed}")
OLDEST_DUE: Final = Text("the first due in {due}", "первому через {due}")
OVERDUE: Final = Text("the first is {due} late", "первый просрочен на {due}")
LINK: Final = {
    "ok": Text("all well", "всё в порядке"),
    "degraded": Text("not all is well", "не всё в порядке"),
    "down": Text("no calls are taken up", "вызовы не принимаются"),
}
NO_LINK: Final = Text("NO LINK to the daemon for {passed}: {reason}", "НЕТ СВЯЗИ со службой {passed}: {reason}")
NOT_YET: Final = Text("asking the daemon…", "жду ответа службы…")
DATABASE_AWAY: Final = Text("database away", "база недоступна")
SERVER_AWAY: Final = Text("Asterisk {server} away", "Asterisk {server}: нет связи")
WAITING_SPARK: Final = Text("Waiting", "Ждут")
NORM_SPARK: Final = Text("In norm", "В норме")
FILTER: Final = Text("Filter: part of a name, number or state; Esc: none", "Фильтр: часть имени, номера; Esc: снять")

PAUSE: Final = Text("Pause", "Пауза")
RESUME: Final = Text("Resume", "Снять")
LOG_OUT: Final = Text("Out", "Вывод")
LOG_IN: Final = Text("In", "Вход")
GIVE: Final = Text("Give", "Отдать")
MOVE: Final = Text("Move", "Линия")
LISTEN: Final = Text("Listen", "Слуш")
WHISPER: Final = Text("Whisper", "Подсказ.")
JOIN: Final = Text("Join", "Вступить")
TAKE: Final = Text("Take", "Забрать")
CALLBACKS: Final = Text("Callb.", "Перезв.")
HELP: Final = Text("More", "Ещё")
SORT: Final = Text("Sort", "Сорт")
TURN: Final = Text("Turn", "↕")
FIND: Final = Text("Find", "Найти")
QUIT: Final = Text("Quit", "Выход")

ASK_PAUSE: Final = Text("Pause {name}? The reason:", "Перерыв: {name}? Причина:")
ASK_RESUME: Final = Text("End the pause of {name}? (y/n)", "Снять с перерыва: {name}? (д/н)")
ASK_LOG_OUT: Final = Text("Log {name} out? (y/n)", "Вывести из линии: {name}? (д/н)")
ASK_LOG_IN: Final = Text("Log {name} in? (y/n)", "Впустить: {name}? (д/н)")
ASK_GIVE: Final = Text("Give call {caller} to the operator, by number:", "Отдать вызов {caller} оператору, номер:")
ASK_MOVE: Final = Text("Move call {caller} to the line, by name:", "Перевести вызов {caller} на линию, имя:")
ANSWER: Final = Text("Enter: do it   Esc: leave it", "Enter: выполнить   Esc: отмена")
DEFAULT_REASON: Final = Text("supervisor", "старший смены")
DONE: Final = Text("Done", "Выполнено")
REFUSED: Final = Text("Refused: {message}", "Отказано: {message}")
CHOOSE_AGENT: Final = Text("Choose an operator first (Tab)", "Сначала выберите оператора (Tab)")
CHOOSE_CALL: Final = Text("Choose a call first (Tab)", "Сначала выберите вызов (Tab)")
CHOOSE_TALK: Final = Text("{name} talks to nobody", "{name} ни с кем не говорит")
ASK_LISTEN: Final = Text("Listen to {name}'s talk? (y/n)", "Слушать разговор: {name}? (д/н)")
ASK_WHISPER: Final = Text("Speak to {name}, unheard by the caller? (y/n)", "Подсказывать, без абонента: {name}? (д/н)")
ASK_JOIN: Final = Text("Join {name}'s talk? (y/n)", "Вступить в разговор: {name}? (д/н)")
ASK_TAKE: Final = Text("Take {name}'s caller over? (y/n)", "Забрать абонента у оператора: {name}? (д/н)")
ASK_TELEPHONE: Final = Text("Your telephone, by name (op900):", "Ваш телефон, имя (op900):")
PICK_UP: Final = Text("{telephone} rings: pick it up", "{telephone} звонит: снимите трубку")
IN_TALK: Final = Text("{telephone} is in the talk", "{telephone} в разговоре")
CLOSE: Final = Text("Esc: back", "Esc: назад")
LONG: Final = {
    "pause": Text("pause the operator", "отправить оператора на перерыв"),
    "resume": Text("end his pause", "снять с перерыва"),
    "log_out": Text("log him out, after his talk", "вывести из линии, после разговора"),
    "log_in": Text("log him in", "впустить в линию"),
    "listen": Text("listen to his talk on your telephone", "слушать его разговор по своему телефону"),
    "whisper": Text("speak to him alone", "подсказывать ему одному"),
    "join": Text("speak to both", "говорить с обоими"),
    "take": Text("take his caller over", "забрать абонента себе"),
    "give": Text("give the caller to an operator", "отдать ждущего оператору"),
    "move": Text("move the caller to another line", "перевести ждущего на другую линию"),
    "callbacks": Text("call-backs instead of callers, and back", "перезвоны вместо ждущих и обратно"),
    "sort": Text("sort by the next column", "упорядочить по следующему столбцу"),
    "turn": Text("turn the order round", "обратный порядок"),
    "find": Text("filter", "фильтр"),
    "quit": Text("leave", "выйти"),
}
