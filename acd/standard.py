"""From the configuration's profiles to the norms and rules that figures are held against."""

from dataclasses import replace
from typing import Any, Final

from config.lines import Line
from config.model import Config
from config.profile import Profile
from metrics.norms import Norms, OverMaximumRule, Rules, ServiceLevelRule, Standard, UnansweredRule

_NORM_BY_INDICATOR: Final = {
    "K1": "in_norm_share",
    "K2": "unanswered_share",
    "K3": "questioning_s",
    "K4": "advising_s",
    "K5": "call_back_within_s",
    "K6": "call_back_attempts",
    "K7": "over_maximum_calls",
}
_COUNTS: Final = frozenset({"K6", "K7"})


def standard_of(config: Config) -> Standard:
    """Return the norms of every line and the rules by which figures are read.

    The rules are those of the first line that has a profile: a table of figures is read by one rule.

    Raises:
        ValueError: A profile names a rule that no formula has.
    """
    norms = {line.name: _norms(line, config.profile_of(line)) for line in config.lines}
    first = next((line for line in config.lines if config.profile_of(line) is not None), None)
    default = norms[first.name] if first else next(iter(norms.values()))
    return Standard(default=default, lines=norms, rules=_rules(config.profile_of(first) if first else None))


def _norms(line: Line, profile: Profile | None) -> Norms:
    norms = Norms(target_wait_s=line.target_wait_s, max_wait_s=line.max_wait_s)
    if profile is None:
        return norms
    given: dict[str, Any] = {}
    for indicator, name in _NORM_BY_INDICATOR.items():
        norm = profile.norm_of(indicator)
        if norm is not None:
            given[name] = int(norm.value) if indicator in _COUNTS else norm.value
    return replace(norms, **given)


def _rules(profile: Profile | None) -> Rules:
    rules = Rules()
    if profile is None:
        return rules
    given = {norm.indicator: norm.rule for norm in profile.norm if norm.rule is not None}
    if "K1" in given:
        rules = replace(rules, service_level=ServiceLevelRule(given["K1"]))
    if "K2" in given:
        rules = replace(rules, unanswered=UnansweredRule(given["K2"]))
    if "K7" in given:
        rules = replace(rules, over_maximum=OverMaximumRule(given["K7"]))
    return rules
