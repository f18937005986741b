"""The matrix of roles and rights, cell by cell."""

import pytest

from acd.journal.errors import Forbidden
from acd.journal.roles import MATRIX, RIGHT_FOR, SCOPE, Person, Right, Role
from acd.journal.states import CardTrigger, Holder

# One row per right; a mark in each column: operators of the 1st, 2nd and 3rd line, administrator, insurer, official.
TABLE = """
read_card             1 2 3 a i o
write_card            1 2 3 a i -
open_card             1 2 3 a - -
register              1 2 3 a - -
hand_over             1 2 3 a - -
take_back             - 2 3 a - -
enter_result          - - - - i o
defer                 - 2 3 a - -
finish                1 2 3 a - -
reject                1 2 3 a - -
reopen                1 2 3 a - -
read_knowledge        1 2 3 a i -
propose_knowledge     1 2 3 a - -
approve_knowledge     - - - a - -
telephone             1 2 3 a - -
hear_messages         1 2 3 a - -
call_lists            - - - a - -
wallboard             1 2 3 a - -
assess                - - - a - -
read_own_assessments  1 2 3 - - -
catalogues            - - - a - -
people                - - - a - -
reports               - - - a - -
export                - - - a - -
read_trail            - - - a - -
"""
COLUMNS = (Role.OPERATOR_1, Role.OPERATOR_2, Role.OPERATOR_3, Role.ADMINISTRATOR, Role.INSURER, Role.OFFICIAL)
ROWS = {Right(line.split()[0]): line.split()[1:] for line in TABLE.strip().splitlines()}


def person(role, **more):
    """Return somebody with this role at line 122."""
    return Person("login", "Имя", role, "saratov-122", **more)


def test_the_table_here_knows_every_right_and_every_role():
    """A new right or role has to be thought about here first."""
    assert set(ROWS) == set(Right)
    assert set(COLUMNS) == set(Role) == set(MATRIX) == set(SCOPE)


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("role", Role)
def test_cell(role, right):
    """Each role has exactly the rights of its column."""
    allowed = ROWS[right][COLUMNS.index(role)] != "-"
    assert person(role).may(right) == allowed
    if allowed:
        person(role).require(right)
    else:
        with pytest.raises(Forbidden):
            person(role).require(right)


def test_each_trigger_takes_a_right_or_is_the_clocks():
    """No trigger can be fired without anybody having thought of who may."""
    assert set(RIGHT_FOR) == set(CardTrigger)
    clocks = {trigger for trigger, right in RIGHT_FOR.items() if right is None}
    assert clocks == {CardTrigger.PROMISE_DUE, CardTrigger.REOPENING_OVER}


@pytest.mark.parametrize(
    ("who", "service", "holder", "organisation", "seen"),
    [
        (person(Role.OPERATOR_1), "saratov-122", Holder.CLINIC, 4, True),
        (person(Role.OPERATOR_1), "sakhalin-1300", Holder.CENTRE, None, False),
        (person(Role.ADMINISTRATOR), "sakhalin-1300", Holder.CENTRE, None, False),
        (person(Role.INSURER, organisation=4), "saratov-122", Holder.INSURER, 4, True),
        (person(Role.INSURER, organisation=4), "saratov-122", Holder.INSURER, 5, False),
        (person(Role.INSURER, organisation=4), "saratov-122", Holder.CENTRE, None, False),
        (person(Role.INSURER), "saratov-122", Holder.INSURER, None, False),
        (person(Role.OFFICIAL, card=7), "saratov-122", Holder.CLINIC, 4, True),
        (person(Role.OFFICIAL, card=8), "saratov-122", Holder.CLINIC, 4, False),
    ],
)
def test_who_sees_card_7(who, service, holder, organisation, seen):
    """Cards are seen within the service, by an insurer its own only, by an official the one of the link."""
    assert who.sees(7, service, holder, organisation) == seen
