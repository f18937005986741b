"""A service with people, catalogues and the facts it published, for the tests of everything above the store."""

from dataclasses import dataclass, field

from acd.journal.letters import Letters
from acd.journal.roles import Person, Role
from acd.journal.service import Journal
from acd.journal.states import Holder
from acd.journal.store.outbox import Outbox
from acd.journal.store.people import People
from tests.journal.conftest import rules_of

SUPERVISOR_MAIL = "supervisor@example.org"


@dataclass
class Service:
    """A journal and all that belongs to it."""

    journal: Journal
    outbox: Outbox
    people: People
    facts: list = field(default_factory=list)
    reason: int = 0
    clinic: int = 0
    insurer: int = 0
    official: int = 0

    def person(self, role, **more):
        """Return somebody with this role; the login is the role's name."""
        return Person(str(role), f"Сотрудник {role}", role, self.journal.service, **more)


async def service_on(engine, profile, language="ru"):
    """Return a service by this profile, with one reason, one clinic with its official, and one insurer."""
    rules = rules_of(profile)
    facts = []
    letters = Letters(rules.work, language)
    journal = Journal(engine, rules, letters, publish=facts.append, address="https://desk.example.org/journal/")
    made = Service(journal, Outbox(engine), People(engine), facts)
    made.reason = await journal.catalogues.add_reason(profile, "Запись к врачу")
    made.clinic = await journal.catalogues.add_organisation(profile, Holder.CLINIC, "Городская больница № 1")
    made.insurer = await journal.catalogues.add_organisation(profile, Holder.INSURER, "Страховая компания")
    made.official = await journal.catalogues.add_official(made.clinic, "Смирнова О. И.", "clinic@example.org")
    await made.people.put(Person("anna", "Анна", Role.OPERATOR_1, profile, agent="101"), "no-hash")
    return made


__all__ = ["SUPERVISOR_MAIL", "Role", "Service", "service_on"]
