"""The norms that figures are held against and the rules by which they are read: plain values, from whoever knows them.

The defaults are SAR 5.1 and 5.2 in their strictest reading. A figure is always shown with the name of its rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ServiceLevelRule(StrEnum):
    """How K1, the share of accepted calls connected within the normative wait, is read. See `kpi.service_level`."""

    OF_ALL_ACCEPTED = "of_all_accepted"
    SHORT_ABANDONS_LEFT_OUT = "short_abandons_left_out"
    EARLY_ABANDONS_LEFT_OUT = "early_abandons_left_out"
    EARLY_ABANDONS_COUNT_AS_MET = "early_abandons_count_as_met"
    ANSWERED_ONLY = "answered_only"


class UnansweredRule(StrEnum):
    """How K2, the share of calls that operators left unanswered, is read. See `kpi.unanswered_share`."""

    OF_ALL_ACCEPTED = "of_all_accepted"
    SHORT_ABANDONS_LEFT_OUT = "short_abandons_left_out"
    AFTER_NORMATIVE_WAIT = "after_normative_wait"
    WITHIN_NORMATIVE_WAIT = "within_normative_wait"


class OverMaximumRule(StrEnum):
    """How K7, calls that waited over the maximum, is read. See `kpi.over_maximum`."""

    EVERY_CALL = "every_call"
    ANSWERED_ONLY = "answered_only"


class TalkTimeRule(StrEnum):
    """How the norms of K3 and K4, 180 s of questioning and 300 s of advising, are read: SAR 5.2 gives no direction."""

    AT_MOST = "marked_talks_norm_at_most"
    SHOWN_ONLY = "marked_talks_shown_only"


class AttemptsRule(StrEnum):
    """How K6, call-back attempts per break, is read. See `call_backs.call_back_figures`."""

    UNTIL_SPOKEN = "until_spoken"
    EVERY_BREAK = "every_break"


@dataclass(frozen=True, slots=True)
class Norms:
    """What a line is held to. Seconds, shares from 0 to 1, counts."""

    target_wait_s: float = 60.0
    """SAR 5.1: normative wait until connected with an operator."""
    max_wait_s: float = 120.0
    """SAR 5.1: maximum wait."""
    in_norm_share: float = 0.90
    """K1, SAR 5.2: at least."""
    unanswered_share: float = 0.05
    """K2, SAR 5.2: at most."""
    questioning_s: float = 180.0
    """K3, SAR 5.2."""
    advising_s: float = 300.0
    """K4, SAR 5.2."""
    call_back_within_s: float = 15.0
    """K5, SAR 5.2: at most."""
    call_back_attempts: int = 2
    """K6, SAR 5.2: at least."""
    over_maximum_calls: int = 0
    """K7, SAR 5.1."""
    short_abandon_s: float = 5.0
    """A caller who gives up sooner than this has not really waited; matters to rules that name short abandons."""
    leaving_s: float = 1.0
    """How long a call that leaves the line at the maximum wait may take to do so before K7 counts it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Which reading of each figure is used."""

    service_level: ServiceLevelRule = ServiceLevelRule.OF_ALL_ACCEPTED
    unanswered: UnansweredRule = UnansweredRule.OF_ALL_ACCEPTED
    over_maximum: OverMaximumRule = OverMaximumRule.EVERY_CALL
    talk_time: TalkTimeRule = TalkTimeRule.AT_MOST
    attempts: AttemptsRule = AttemptsRule.UNTIL_SPOKEN


@dataclass(frozen=True, slots=True)
class Standard:
    """All that figures are held against: the norms of each line, and the rules that hold for all."""

    default: Norms = field(default_factory=Norms)
    """For lines that are not named, and for the norms of shares over several lines together."""
    lines: Mapping[str, Norms] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)

    def of(self, line: str) -> Norms:
        """Return the norms of the line."""
        return self.lines.get(line, self.default)
