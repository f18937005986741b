"""Names of states, alarms, holders and the rest, in Russian and English, as letters, desk and reports show them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from acd.journal.cards import Alarm, Channel
from acd.journal.limits import LimitRule, Urgency
from acd.journal.roles import Role
from acd.journal.states import CardState, CardTrigger, Holder
from acd.journal.store.knowledge import ArticleKind, ArticleState
from acd.texts import Text
from config.errors import Language

NAMES: Final[Mapping[type[StrEnum], Mapping[str, Text]]] = {
    CardState: {
        CardState.NEW: Text("new", "новое"),
        CardState.IN_WORK: Text("in work", "в работе"),
        CardState.HANDED_OVER: Text("handed over", "передано"),
        CardState.DEFERRED: Text("deferred", "отложено"),
        CardState.FINISHED: Text("finished", "завершено"),
        CardState.REJECTED: Text("rejected", "отклонено"),
        CardState.REOPENED: Text("reopened", "открыто заново"),
        CardState.CLOSED: Text("closed", "закрыто"),
    },
    CardTrigger: {
        CardTrigger.REGISTER: Text("Register", "Зарегистрировать"),
        CardTrigger.HAND_OVER: Text("Hand over", "Передать"),
        CardTrigger.TAKE_BACK: Text("Take back", "Забрать назад"),
        CardTrigger.ENTER_RESULT: Text("Enter the result", "Внести результат"),
        CardTrigger.DEFER: Text("Defer the answer", "Отложить ответ"),
        CardTrigger.RESUME: Text("Resume", "Продолжить"),
        CardTrigger.PROMISE_DUE: Text("the promised time has come", "наступил обещанный срок"),
        CardTrigger.FINISH: Text("Finish", "Завершить"),
        CardTrigger.REJECT: Text("Reject", "Отклонить"),
        CardTrigger.REOPEN: Text("Reopen", "Открыть заново"),
        CardTrigger.REOPENING_OVER: Text("the time for reopening is over", "срок повторного открытия истёк"),
    },
    Holder: {
        Holder.CENTRE: Text("contact centre", "контакт-центр"),
        Holder.SECOND_LINE: Text("2nd line", "2-я линия"),
        Holder.THIRD_LINE: Text("3rd line", "3-я линия"),
        Holder.CLINIC: Text("clinic", "медицинская организация"),
        Holder.MINISTRY: Text("ministry", "министерство"),
        Holder.INSURER: Text("insurer", "страховая организация"),
    },
    Channel: {
        Channel.TELEPHONE: Text("telephone", "телефон"),
        Channel.EMAIL: Text("e-mail", "электронная почта"),
        Channel.WEB_SITE: Text("web site", "сайт"),
        Channel.PAPER: Text("on paper", "на бумаге"),
        Channel.IN_PERSON: Text("in person", "на личном приёме"),
        Channel.VOICE_MESSAGE: Text("voice message", "голосовое сообщение"),
    },
    Urgency: {
        Urgency.LOW: Text("low", "низкая"),
        Urgency.MEDIUM: Text("medium", "средняя"),
        Urgency.HIGH: Text("high", "высокая"),
        Urgency.VERY_HIGH: Text("very high", "очень высокая"),
    },
    Alarm: {
        Alarm.REGISTER_AHEAD: Text("time to register", "время регистрации"),
        Alarm.REGISTER_BREACH: Text("time to register", "время регистрации"),
        Alarm.RESOLVE_AHEAD: Text("time to resolve", "время выполнения"),
        Alarm.RESOLVE_BREACH: Text("time to resolve", "время выполнения"),
        Alarm.FEEDBACK_AHEAD: Text("time for feedback", "время обратной связи"),
        Alarm.FEEDBACK_BREACH: Text("time for feedback", "время обратной связи"),
        Alarm.PROMISE: Text("promised answer", "обещанный ответ"),
        Alarm.REOPENING_OVER: Text("time for reopening", "время повторного открытия"),
    },
    LimitRule: {
        LimitRule.OFFICE_HOURS: Text("open hours", "часы работы"),
        LimitRule.WORKING_DAYS: Text("working days", "рабочие дни"),
        LimitRule.THROUGH_WORKING_DAY: Text("to the end of a working day", "до конца рабочего дня"),
        LimitRule.CALENDAR_HOURS: Text("hours on the wall", "календарные часы"),
    },
    Role: {
        Role.OPERATOR_1: Text("operator, 1st line", "оператор 1-го уровня"),
        Role.OPERATOR_2: Text("operator, 2nd line", "оператор 2-го уровня"),
        Role.OPERATOR_3: Text("expert, 3rd line", "эксперт 3-го уровня"),
        Role.ADMINISTRATOR: Text("administrator", "администратор"),
        Role.INSURER: Text("insurer's representative", "страховой представитель"),
        Role.OFFICIAL: Text("responsible official", "ответственное должностное лицо"),
    },
    ArticleKind: {
        ArticleKind.SCRIPT: Text("script", "сценарий"),
        ArticleKind.QUESTION: Text("question and answer", "вопрос и ответ"),
    },
    ArticleState: {
        ArticleState.PROPOSED: Text("proposed", "предложено"),
        ArticleState.APPROVED: Text("approved", "утверждено"),
        ArticleState.DECLINED: Text("declined", "не принято"),
        ArticleState.WITHDRAWN: Text("withdrawn", "снято"),
    },
}
"""By kind first: members of two kinds may have the same value, and are equal then."""


def name_of(member: StrEnum, language: Language) -> str:
    """Return what people call it."""
    return NAMES[type(member)][member].say(language)
