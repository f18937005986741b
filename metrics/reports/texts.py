"""The words of the reports, in Russian and English side by side, so that none can be forgotten.

Keys are the names of figures, columns, tables, charts, rules, states and outcomes, as code and JSON name them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["en", "ru"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in every language; `{}` marks a place for a value."""

    en: str
    ru: str


TITLES: Final[Mapping[str, Text]] = {
    "kpi": Text("Performance indicators", "Показатели результативности"),
    "daily": Text("Daily report", "Отчёт за день"),
    "monthly": Text("Monthly report", "Отчёт за месяц"),
    "quarterly": Text("Quarterly report", "Отчёт за квартал"),
    "operators": Text("Operators' work", "Работа операторов"),
    "calls": Text("List of calls", "Список звонков"),
    "outgoing": Text("Call lists", "Обзвоны"),
    "surveys": Text("Surveys", "Опросы"),
    "period": Text("Period", "Период"),
    "line": Text("Line", "Линия"),
    "all_lines": Text("all lines", "все линии"),
    "zone": Text("Time zone", "Часовой пояс"),
    "made_at": Text("Made", "Сформирован"),
    "page": Text("page {} of {}", "стр. {} из {}"),
    "total": Text("Total", "Итого"),
    "nobody": Text("not answered", "без ответа"),
    "nothing": Text("There is nothing in this period.", "За этот период данных нет."),
    "signed": Text("Responsible", "Ответственный"),
    "signature": Text("signature", "подпись"),
    "full_name": Text("full name", "Ф. И. О."),
    "simulation": Text("Simulation", "Моделирование"),
    "staffing": Text("Staffing plan", "План численности операторов"),
    "replay": Text("Replay of recorded calls", "Проигрывание записанных звонков"),
    "forecast": Text("Forecast of calls", "Прогноз звонков"),
}

TABLES: Final[Mapping[str, Text]] = {
    "campaigns": Text("Call lists", "Обзвоны"),
    "campaign_results": Text("How the last calls ended", "Чем закончились последние звонки"),
    "campaign_outcomes": Text("What the talks have brought", "Итоги разговоров"),
    "surveys": Text("Who was asked", "Кого спросили"),
    "survey_answers": Text("Answers", "Ответы"),
    "survey_operators": Text("Answers by operator", "Ответы по операторам"),
    "indicators": Text("Norms and facts", "Нормативы и факт"),
    "volumes": Text("Volumes and shares", "Объёмы и доли"),
    "waits_and_talks": Text("Waits and talks", "Ожидание и разговоры"),
    "by_line": Text("By line", "По линиям"),
    "by_hour": Text("By hour", "По часам"),
    "by_day": Text("By day", "По дням"),
    "by_month": Text("By month", "По месяцам"),
    "by_interval": Text("By interval", "По интервалам"),
    "by_weekday_hour": Text("Accepted calls by weekday and hour", "Принятые звонки по дням недели и часам"),
    "in_norm_by_weekday_hour": Text(
        "Share connected in norm by weekday and hour", "Доля соединений в норматив по дням недели и часам"
    ),
    "by_operator": Text("By operator", "По операторам"),
    "by_level": Text("By level", "По уровням"),
    "transfers": Text("Callers passed on by operators", "Переводы звонков операторами"),
    "states": Text("Hours by state", "Часы по состояниям"),
    "pauses": Text("Pauses by reason", "Перерывы по причинам"),
    "abandons_by_wait": Text("Unanswered calls by wait", "Неотвеченные звонки по времени ожидания"),
    "outcomes": Text("How calls ended", "Чем закончились звонки"),
    "repeats": Text("Repeat calls", "Повторные звонки"),
    "call_back_course": Text("Breaks by attempts to call back", "Разрывы по числу попыток дозвона"),
    "call_back_reasons": Text("Why nobody was reached", "Почему не дозвонились"),
    "call_backs": Text("Call-backs after a break", "Обратный дозвон после разрыва"),
    "violations": Text("Violations", "Нарушения"),
    "violating_calls": Text("Calls behind the violations", "Звонки с нарушениями"),
    "list_of_calls": Text("Calls", "Звонки"),
    "offers": Text("Offers to operators", "Вызовы операторов"),
    "simulated_figures": Text("Norms and figures, mean of the runs", "Нормативы и показатели, среднее по прогонам"),
    "waits_of_answered": Text("Waits of answered calls", "Ожидание отвеченных звонков"),
    "call_backs_of_a_run": Text("Call-backs, mean of the runs", "Обратный дозвон, среднее по прогонам"),
    "staffing": Text("Operators by quarter of an hour", "Операторы по четвертям часа"),
    "side_by_side": Text("Side by side", "Рядом"),
    "forecast_days": Text("By day", "По дням"),
    "forecast_errors": Text("Error on held-out weeks", "Ошибка на отложенных неделях"),
}

CHARTS: Final[Mapping[str, Text]] = {
    "calls_by_hour": Text("Calls by hour", "Звонки по часам"),
    "calls_by_day": Text("Calls by day", "Звонки по дням"),
    "calls_by_month": Text("Calls by month", "Звонки по месяцам"),
    "in_norm_by_day": Text("Share connected in norm by day", "Доля соединений в норматив по дням"),
    "in_norm_by_hour": Text("Share connected in norm by hour", "Доля соединений в норматив по часам"),
    "in_norm_by_month": Text("Share connected in norm by month", "Доля соединений в норматив по месяцам"),
    "unanswered_by_wait": Text("Unanswered calls by wait", "Неотвеченные звонки по времени ожидания"),
    "operators_hours": Text("Operators' hours by state", "Часы операторов по состояниям"),
    "calls_by_quarter_hour": Text("Calls by quarter of an hour", "Звонки по четвертям часа"),
    "in_norm_by_quarter_hour": Text(
        "Share connected in norm by quarter of an hour", "Доля соединений в норматив по четвертям часа"
    ),
    "waits_of_answered": Text("Waits of answered calls", "Ожидание отвеченных звонков"),
    "staffing": Text("Operators by quarter of an hour", "Операторы по четвертям часа"),
    "forecast": Text("Expected calls by quarter of an hour", "Ожидаемые звонки по четвертям часа"),
}

COLUMNS: Final[Mapping[str, Text]] = {
    "campaign": Text("Call list", "Обзвон"),
    "list_contacts": Text("Contacts", "Контактов"),
    "list_attempts": Text("Attempts", "Попыток"),
    "list_reached": Text("Reached", "Дозвонились"),
    "list_waiting": Text("Waiting", "Ждут"),
    "list_calling": Text("Being called", "Звоним"),
    "list_closed": Text("Closed", "Закрыто"),
    "list_result": Text("Result", "Результат"),
    "list_outcome": Text("Outcome", "Итог"),
    "survey": Text("Survey", "Опрос"),
    "question": Text("Question", "Вопрос"),
    "key": Text("Key", "Клавиша"),
    "asked": Text("Asked", "Спросили"),
    "gave_answers": Text("Answered", "Ответили"),
    "share_of_asked": Text("Share", "Доля"),
    "share_of_answers": Text("Share", "Доля"),
    "mean_s": Text("Mean length", "В среднем длится"),
    "mean_key": Text("Mean", "Среднее"),
    "code": Text("No.", "№"),
    "figure": Text("Figure", "Показатель"),
    "value": Text("Fact", "Факт"),
    "norm": Text("Norm", "Норматив"),
    "rule": Text("Rule", "Правило расчёта"),
    "verdict": Text("Kept", "Выполнение"),
    "queue": Text("Line", "Линия"),
    "interval": Text("From", "Начало"),
    "paused": Text("Duration", "Длительность"),
    "day": Text("Day", "День"),
    "hour": Text("Hour", "Час"),
    "month": Text("Month", "Месяц"),
    "weekday": Text("Weekday", "День недели"),
    "operator": Text("Operator", "Оператор"),
    "name": Text("Name", "Имя"),
    "level": Text("Level", "Уровень"),
    "state": Text("State", "Состояние"),
    "reason": Text("Reason", "Причина"),
    "count": Text("Count", "Количество"),
    "part": Text("Share", "Доля"),
    "from_s": Text("From, s", "От, с"),
    "to_s": Text("To, s", "До, с"),
    "call": Text("Call", "Звонок"),
    "caller": Text("Caller", "Номер звонящего"),
    "entered_at": Text("Entered", "Поступил"),
    "answered_at": Text("Answered", "Отвечен"),
    "ended_at": Text("Ended", "Завершён"),
    "outcome": Text("Outcome", "Итог"),
    "waited_s": Text("Wait", "Ожидание"),
    "talked_s": Text("Talk", "Разговор"),
    "questioned_s": Text("Questioning", "Опрос"),
    "ended_by": Text("Ended by", "Завершил"),
    "cause": Text("Cause", "Код причины"),
    "offers": Text("Offers", "Вызовов"),
    "way": Text("How", "Способ"),
    "target": Text("To", "Кому"),
    "taken": Text("Taken", "Приняты"),
    "returned": Text("Returned", "Вернулись"),
    "left": Text("Caller left", "Не дождались"),
    "elsewhere": Text("Otherwise", "Иначе"),
    "misses": Text("Missed", "Пропущено"),
    "destination": Text("Left for", "Передан"),
    "broken_at": Text("Broke off", "Разрыв"),
    "first_after_s": Text("First call-back after", "Первый дозвон через"),
    "attempts": Text("Attempts", "Попыток"),
    "spoken": Text("Reached", "Дозвонились"),
    "breaks": Text("Breaks", "Разрывов"),
    "in_time": Text("First one in time", "Первая в срок"),
    "reached": Text("Reached by the last", "Дозвонились последней"),
    "merged": Text("Called themselves", "Позвонили сами"),
    "given_up": Text("Given up", "Прекращено"),
    "under_way": Text("Under way", "В работе"),
    "why": Text("Reason", "Причина"),
    "kept": Text("In time", "В срок"),
    "violation": Text("Violation", "Нарушение"),
    "talks": Text("Talks", "Разговоров"),
    "in_norm": Text("In norm", "В норматив"),
    "unanswered": Text("Unanswered", "Без ответа"),
    "mean_wait": Text("Mean wait", "Ср. ожидание"),
    "longest_wait": Text("Longest wait", "Макс. ожидание"),
    "mean_talk": Text("Mean talk", "Ср. разговор"),
    "aht": Text("Handling (AHT)", "Обработка (AHT)"),
    "occupancy": Text("Occupancy", "Занятость"),
    "logged_in": Text("Logged in", "На смене"),
    "accepted": Text("Accepted", "Принято"),
    "answered": Text("Answered", "Отвечено"),
    "abandoned": Text("Abandoned", "Потеряно"),
    "overflowed": Text("Overflowed", "Переведено"),
    "died": Text("Broken off", "Оборвано"),
    "over_maximum": Text("Over maximum", "Сверх максимума"),
    "missed_offers": Text("Missed offers", "Пропущено вызовов"),
    "missed_share": Text("Missed", "Доля пропущенных"),
    "mean_ring": Text("Mean ring", "Ср. вызов"),
    "low": Text("At least", "Не менее"),
    "high": Text("At most", "Не более"),
    "half_width": Text("±", "±"),
    "expected_calls": Text("Expected calls", "Ожидается звонков"),
    "operators": Text("Operators", "Операторов"),
    "erlang_a": Text("Erlang A", "Эрланг A"),
    "erlang_c": Text("Erlang C", "Эрланг C"),
    "recorded": Text("Recorded", "По записям"),
    "as_it_was": Text("Replayed as it was", "Проиграно как было"),
    "with_other": Text("Replayed otherwise", "Проиграно иначе"),
    "error": Text("Error", "Ошибка"),
    "naive_error": Text("Error of last week", "Ошибка прошлой недели"),
    "off": Text("Day off", "Выходной"),
}

FIGURES: Final[Mapping[str, Text]] = {
    "K1": Text("Accepted calls connected within the normative wait", "Доля звонков, соединённых в нормативное время"),
    "K2": Text("Calls that operators left unanswered", "Доля звонков, не отвеченных операторами"),
    "K3": Text("Mean time of questioning", "Среднее время опроса"),
    "K4": Text("Mean time of advising", "Среднее время консультирования"),
    "K5": Text(
        "Longest time from a break to the first call-back", "Макс. время от разрыва до первого обратного дозвона"
    ),
    "K6": Text("Fewest call-back attempts per break", "Мин. число попыток обратного дозвона на разрыв"),
    "K7": Text("Calls that waited over the maximum", "Звонки с ожиданием сверх максимального"),
    "accepted": Text("Accepted", "Принято звонков"),
    "passed_on": Text("of them passed on from another line", "из них переданы с другой линии"),
    "waited_in_sum": Text(
        "Wait on all lines of a call together, mean", "Ожидание за весь звонок на всех линиях, среднее"
    ),
    "answered": Text("Answered", "Отвечено"),
    "answered_in_norm": Text("Answered within the normative wait", "Отвечено в нормативное время"),
    "abandoned": Text("Abandoned by the caller", "Потеряно: абонент не дождался"),
    "abandoned_short": Text("of them short abandons", "из них положили трубку сразу"),
    "overflowed": Text("Overflowed to another destination", "Переведено по истечении ожидания"),
    "died": Text("Broken off by a failure", "Оборвано из-за сбоя"),
    "refused": Text("Refused: no such line", "Отклонено: нет такой линии"),
    "closed": Text("Came while the line was closed", "Поступило, когда линия закрыта"),
    "open": Text("Still waiting", "Ещё ожидают"),
    "missed_offers": Text("Offers missed by operators", "Вызовы, пропущенные операторами"),
    "talks_marked": Text("Talks with the end of questioning marked", "Разговоры с отметкой конца опроса"),
    "talks_unmarked": Text("Talks without the mark", "Разговоры без отметки"),
    "waited_mean": Text("Wait, mean", "Ожидание, среднее"),
    "waited_p50": Text("Wait, median", "Ожидание, медиана"),
    "waited_p90": Text("Wait, 90th percentile", "Ожидание, 90-й процентиль"),
    "waited_p95": Text("Wait, 95th percentile", "Ожидание, 95-й процентиль"),
    "waited_p99": Text("Wait, 99th percentile", "Ожидание, 99-й процентиль"),
    "waited_max": Text("Wait, longest", "Ожидание, максимум"),
    "talked_mean": Text("Talk, mean", "Разговор, средний"),
    "talked_p50": Text("Talk, median", "Разговор, медиана"),
    "talked_p90": Text("Talk, 90th percentile", "Разговор, 90-й процентиль"),
    "talked_p95": Text("Talk, 95th percentile", "Разговор, 95-й процентиль"),
    "talked_p99": Text("Talk, 99th percentile", "Разговор, 99-й процентиль"),
    "talked_max": Text("Talk, longest", "Разговор, максимум"),
    "aht": Text("Mean handling time (talk and wrap-up)", "Среднее время обработки (разговор и доработка)"),
    "occupancy": Text("Occupancy of operators", "Занятость операторов"),
    "repeat_calls": Text("Calls repeated within 24 hours", "Повторные звонки в течение 24 часов"),
    "repeat_share": Text("Share of repeat calls", "Доля повторных звонков"),
    "first_call_resolution": Text("Solved with the first call", "Решено с первого звонка"),
    "callers": Text("Different callers", "Разных абонентов"),
    "withheld": Text("Calls with a withheld number", "Звонки со скрытым номером"),
    "taken_over": Text("Callers taken over by supervisors", "Звонки, принятые руководителем у оператора"),
    "recorded_talks": Text("Recorded talks", "Записанные разговоры"),
    "call_backs_in_time": Text("Share of breaks called back in time", "Доля разрывов с дозвоном в срок"),
    "call_backs_late": Text("Breaks without a call-back in time", "Разрывы без своевременного обратного дозвона"),
    "breaks": Text("Breaks that are owed a call-back", "Разрывы, требующие обратного дозвона"),
    "call_backs_reached": Text("Callers reached", "Дозвонились"),
    "owed": Text("Call-backs owed", "Положено обратных звонков"),
    "attempts": Text("Attempts", "Попыток дозвона"),
    "late": Text("Late", "С опозданием"),
    "reached": Text("Reached", "Дозвонились"),
    "merged": Text("Called themselves", "Позвонили сами"),
    "given_up": Text("Given up", "Прекращено"),
    "impossible": Text("Impossible", "Невозможно"),
    "at_work": Text("Operators' hours at work", "Часы операторов на смене"),
}

UNITS: Final[Mapping[str, Text]] = {
    "share": Text("%", "%"),
    "seconds": Text("s", "с"),
    "hours": Text("h", "ч"),
    "count": Text("", ""),
}

NOTES: Final[Mapping[str, Text]] = {
    "summary_kept": Text("All norms of the period are kept.", "Все нормативы за период выполнены."),
    "summary_broken": Text("Norms not kept: {}.", "Не выполнены нормативы: {}."),
    "calls_of_total": Text("{} of {} calls are listed.", "Показано {} из {} звонков."),
    "still_open": Text(
        "{} calls still wait; they are counted once they end.",
        "Звонков ещё в ожидании: {}; они учитываются по завершении.",
    ),
    "no_call_backs": Text(
        "No breaks that are owed a call-back are recorded.", "Разрывов, требующих обратного дозвона, не зафиксировано."
    ),
    "nothing": TITLES["nothing"],
    "simulated": Text(
        "{} runs, seed {}; “at least” and “at most” bound each figure with {} confidence.",
        "Прогонов: {}, начальное число: {}; «не менее» и «не более» — границы с доверием {}.",
    ),
    "scenario": Text("Scenario: {}.", "Сценарий: {}."),
    "stopped_early": Text("Stopped before its end: {} of {} runs.", "Остановлено досрочно: прогонов {} из {}."),
    "staffing_kept": Text(
        "With these operators each quarter of an hour keeps K1, K2 and K7 with {} confidence ({} runs, seed {}).",
        "С этим числом операторов каждая четверть часа выполняет K1, K2 и K7 с доверием {} ({} прогонов, начальное "
        "число {}).",
    ),
    "staffing_not_kept": Text(
        "In these quarters of an hour the norms are not kept with {} confidence: {}.",
        "В этих четвертях часа нормативы с доверием {} не выполняются: {}.",
    ),
    "staffing_hours": Text(
        "Operators' hours: {}; by Erlang A {}, by Erlang C {}.",
        "Часов операторов: {}; по Эрлангу A {}, по Эрлангу C {}.",
    ),
    "replayed": Text(
        "{} recorded calls; {} runs, seed {}. Patience of answered callers and talks of lost ones are drawn.",
        "Записанных звонков: {}; прогонов {}, начальное число {}. Терпение дождавшихся и разговоры потерянных — "
        "случайные.",
    ),
    "forecast_from": Text("From the records of {} weeks, {} to {}.", "По записям за {} недель, с {} по {}."),
}


def say(catalogue: Mapping[str, Text], key: str, language: Language, *values: object) -> str:
    """Return the text of the key in the language, values filled in; the key itself where the catalogue lacks it."""
    text = catalogue.get(key)
    if text is None:
        return key
    chosen = text.ru if language == "ru" else text.en
    return chosen.format(*values) if values else chosen
