"""What must agree with what across the tables of a configuration. Each check yields every breach, not the first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final

from config.breach import BUILT_IN_DESTINATIONS, Breach, unknown
from config.checks_services import hours, scripts_and_prompts, special_days
from config.kinds import Secret
from config.lines import AppealState, OtherLine, OutsideNumber
from config.model import Config


def breaches(config: Config) -> Iterator[Breach]:
    """Yield every disagreement between the tables of a configuration whose values are sound one by one."""
    for check in CHECKS:
        yield from check(config)


def _twice(table: str, key: str, names: Iterable[str]) -> Iterator[Breach]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            yield Breach((table, index, key), "acd_twice", {"what": name, "other": f"{table}[{first[name] + 1}].{key}"})
        else:
            first[name] = index


def _extension(name: str) -> str:
    """Return what a name is to the dialplan, which does not see dashes."""
    return name.replace("-", "")


def _names(config: Config) -> Iterator[Breach]:
    yield from _twice("asterisk", "name", (server.name for server in config.servers))
    yield from _twice("line", "name", (_extension(line.name) for line in config.lines))
    yield from _twice("destination", "name", (_extension(destination.name) for destination in config.destinations))
    yield from _twice("trunk", "name", (trunk.name for trunk in config.trunks))
    yield from _twice("music", "name", (music.name for music in config.music))
    yield from _twice("pause_reasons", "digit", (reason.digit for reason in config.pause_reasons))
    yield from _twice("pause_reasons", "name", (reason.name for reason in config.pause_reasons))


def _numbers(config: Config) -> Iterator[Breach]:
    """Numbers of lines and operators share the telephones' dialplan with the codes."""
    taken: dict[str, str] = {code: f"codes.{action}" for action, code in config.codes.model_dump().items()}
    for index, line in enumerate(config.lines):
        for number in line.numbers:
            if number in taken:
                yield Breach(("line", index, "numbers"), "acd_twice", {"what": number, "other": taken[number]})
            taken.setdefault(number, f"line[{index + 1}].numbers")
    yield from _numbers_of_destinations(config, taken)
    for index, operator in enumerate(config.operators):
        if operator.number in taken:
            yield Breach(
                ("operator", index, "number"), "acd_twice", {"what": operator.number, "other": taken[operator.number]}
            )
        taken.setdefault(operator.number, f"operator[{index + 1}].number")


def _numbers_of_destinations(config: Config, taken: dict[str, str]) -> Iterator[Breach]:
    for index, destination in enumerate(config.destinations):
        match destination:
            case OutsideNumber(dial_as=str(number)):
                held = [("dial_as", number)]
            case AppealState():
                held = [("numbers", number) for number in destination.numbers]
            case _:
                held = []
        for key, number in held:
            if number in taken:
                yield Breach(("destination", index, key), "acd_twice", {"what": number, "other": taken[number]})
            taken.setdefault(number, f"destination[{index + 1}].{key}")


def _lines(config: Config) -> Iterator[Breach]:
    destinations = (*BUILT_IN_DESTINATIONS, *(destination.name for destination in config.destinations))
    music = ("default", *(music.name for music in config.music))
    for index, line in enumerate(config.lines):
        yield from unknown(("line", index, "at_max_wait"), "acd_unknown_destination", line.at_max_wait, destinations)
        yield from unknown(("line", index, "music"), "acd_unknown_music", line.music, music)
        if line.target_wait_s > line.max_wait_s:
            yield Breach(("line", index, "target_wait_s"), "acd_target_above_max", {"max_wait_s": line.max_wait_s})


def _steps(config: Config) -> Iterator[Breach]:
    destinations = (*BUILT_IN_DESTINATIONS, *(destination.name for destination in config.destinations))
    announcements = [announcement.name for announcement in config.announcements]
    lines = [line.name for line in config.lines]
    yield from _twice("announcement", "name", announcements)
    for index, line in enumerate(config.lines):
        for number, step in enumerate(line.steps):
            key = ("line", index, "step", number)
            if step.at_s > line.max_wait_s:
                yield Breach((*key, "at_s"), "acd_step_late")
            if step.say is not None:
                yield from unknown((*key, "say"), "acd_unknown_announcement", step.say, announcements)
            if step.move_to is not None:
                yield from unknown((*key, "move_to"), "acd_unknown_line", step.move_to, lines)
            if step.leave_for is not None:
                yield from unknown((*key, "leave_for"), "acd_unknown_destination", step.leave_for, destinations)
        for number, rule in enumerate(line.on_join):
            key = ("line", index, "on_join", number)
            yield from unknown((*key, "leave_for"), "acd_unknown_destination", rule.leave_for, destinations)
        yield from _twice("line", "key", (f"{line.name} {pressed.key}" for pressed in line.keys))
        for number, pressed in enumerate(line.keys):
            if pressed.leave_for is not None:
                key = ("line", index, "key", number)
                yield from unknown((*key, "leave_for"), "acd_unknown_destination", pressed.leave_for, destinations)


def _destinations(config: Config) -> Iterator[Breach]:
    destinations = (*BUILT_IN_DESTINATIONS, *(destination.name for destination in config.destinations))
    dialled = {trunk.name for trunk in config.trunks if trunk.dial_address is not None or trunk.external}
    for index, destination in enumerate(config.destinations):
        key = ("destination", index)
        match destination:
            case OtherLine():
                lines = (line.name for line in config.lines)
                yield from unknown((*key, "line"), "acd_unknown_line", destination.line, lines)
            case OutsideNumber():
                trunks = (trunk.name for trunk in config.trunks)
                yield from unknown((*key, "trunk"), "acd_unknown_trunk", destination.trunk, trunks)
                yield from unknown((*key, "otherwise"), "acd_unknown_destination", destination.otherwise, destinations)
                if destination.trunk not in dialled and any(trunk.name == destination.trunk for trunk in config.trunks):
                    at = next(i for i, trunk in enumerate(config.trunks) if trunk.name == destination.trunk)
                    yield Breach(("trunk", at), "acd_needs", {"key": "address"})
            case _:
                pass


def _loops(config: Config) -> Iterator[Breach]:
    """At the maximum wait something happens: a ring of lines and destinations would be waiting without end."""
    after: dict[str, str] = {f"line {line.name}": f"destination {line.at_max_wait}" for line in config.lines}
    for destination in config.destinations:
        match destination:
            case OtherLine():
                after[f"destination {destination.name}"] = f"line {destination.line}"
            case OutsideNumber():
                after[f"destination {destination.name}"] = f"destination {destination.otherwise}"
            case _:
                pass
    told: set[str] = set()
    for index, destination in enumerate(config.destinations):
        way = [f"destination {destination.name}"]
        while (following := after.get(way[-1])) is not None and following not in way:
            way.append(following)
        if following == way[0] and told.isdisjoint(way):
            told.update(way)
            names = " > ".join(step.partition(" ")[2] for step in (*way, way[0]))
            yield Breach(("destination", index), "acd_destination_loop", {"way": names})


def _operators(config: Config) -> Iterator[Breach]:
    lines = [line.name for line in config.lines]
    telephones = [telephone.name for telephone in config.telephones]
    owners: dict[str, str] = {}
    for index, operator in enumerate(config.operators):
        for name in operator.lines:
            yield from unknown(("operator", index, "lines"), "acd_unknown_line", name, lines)
        for name, count in Counter(operator.lines).items():
            if count > 1:
                yield Breach(("operator", index, "lines"), "acd_twice", {"what": name, "other": "lines"})
        for name in operator.levels:
            yield from unknown(("operator", index, "levels", name), "acd_unknown_line", name, config.lines_of(operator))
        own = operator.own_telephone
        if own is None:
            continue
        yield from unknown(("operator", index, "telephone"), "acd_unknown_telephone", own, telephones)
        if own in owners:
            yield Breach(("operator", index, "telephone"), "acd_twice", {"what": own, "other": owners[own]})
        owners.setdefault(own, f"operator {operator.number}")


def _telephones(config: Config) -> Iterator[Breach]:
    endpoints = [trunk.endpoint for trunk in config.trunks]
    servers = [server.name for server in config.servers]
    yield from _twice("telephone", "name", (telephone.name for telephone in config.telephones))
    for index, telephone in enumerate(config.telephones):
        if telephone.name in endpoints:
            yield Breach(("telephone", index, "name"), "acd_twice", {"what": telephone.name, "other": "trunk"})
        if telephone.server is not None:
            yield from unknown(("telephone", index, "server"), "acd_unknown_server", telephone.server, servers)


def _supervisors(config: Config) -> Iterator[Breach]:
    telephones = [telephone.name for telephone in config.telephones]
    yield from _twice("supervisor", "name", (supervisor.name for supervisor in config.supervisors))
    yield from _twice("supervisor", "telephone", (supervisor.telephone for supervisor in config.supervisors))
    for index, supervisor in enumerate(config.supervisors):
        key = ("supervisor", index, "telephone")
        yield from unknown(key, "acd_unknown_telephone", supervisor.telephone, telephones)


def _trunks(config: Config) -> Iterator[Breach]:
    servers = [server.name for server in config.servers]
    matches: dict[tuple[str, str], str] = {}
    for index, trunk in enumerate(config.trunks):
        if trunk.server is not None:
            yield from unknown(("trunk", index, "server"), "acd_unknown_server", trunk.server, servers)
        for network in trunk.match:
            place = (trunk.server or servers[0], network)
            if place in matches:
                yield Breach(("trunk", index, "match"), "acd_twice", {"what": network, "other": matches[place]})
            matches.setdefault(place, f"trunk {trunk.name}")


def _callbacks(config: Config) -> Iterator[Breach]:
    """Who is called back needs a trunk that can be dialled; a key that asks for it needs a line that does it."""
    dialled = {trunk.name for trunk in config.trunks if trunk.dial_address is not None or trunk.external}
    for index, line in enumerate(config.lines):
        for number, pressed in enumerate(line.keys):
            if pressed.callback and line.callback is None:
                yield Breach(("line", index, "key", number, "callback"), "acd_callback_line")
        wanted = line.callback
        if wanted is None:
            continue
        key = ("line", index, "callback")
        yield from unknown((*key, "trunk"), "acd_unknown_trunk", wanted.trunk, (t.name for t in config.trunks))
        at = next((i for i, trunk in enumerate(config.trunks) if trunk.name == wanted.trunk), None)
        if at is not None and wanted.trunk not in dialled:
            yield Breach(("trunk", at), "acd_needs", {"key": "address"})
        if wanted.attempts < wanted.min_attempts:
            yield Breach((*key, "attempts"), "acd_callback_range", {"key": "min_attempts"})
        if wanted.give_up_after_s <= wanted.first_attempt_s:
            yield Breach((*key, "give_up_after_s"), "acd_callback_range", {"key": "first_attempt_s"})
        if wanted.dial_margin_s >= wanted.first_attempt_s:
            yield Breach((*key, "dial_margin_s"), "acd_callback_margin")


def _recordings(config: Config) -> Iterator[Breach]:
    """A line that records needs a place for its recordings."""
    if config.recordings is None:
        for index, line in enumerate(config.lines):
            if line.recording is not None:
                yield Breach(("line", index, "recording"), "acd_recording_folder")


def _codes(config: Config) -> Iterator[Breach]:
    """Digits may follow a code, so no code may be the beginning of another, or of a number."""
    codes = list(config.codes.model_dump().items())
    for action, code in codes:
        others = [(f"codes.{other_action}", other) for other_action, other in codes if other_action != action]
        others += [(f"line[{i + 1}].numbers", number) for i, line in enumerate(config.lines) for number in line.numbers]
        for key, other in others:
            if other.startswith(code) and (other != code or key > f"codes.{action}"):
                yield Breach(("codes", action), "acd_code_prefix", {"code": code, "other": other, "key": key})


def _talk_keys(config: Config) -> Iterator[Breach]:
    """In a talk no key may be the beginning of another; and none may be a code, which operators would mix up."""
    in_talk = config.in_talk.model_dump() | {"questioning_over": config.questioned_keys}
    if not config.in_talk.hands_on:
        in_talk = {name: keys for name, keys in in_talk.items() if name not in {"ask_no_more", "join"}}
    pressed = [(name, keys) for name, keys in in_talk.items() if keys]
    codes = {code: f"codes.{action}" for action, code in config.codes.model_dump().items()}
    for index, (name, keys) in enumerate(pressed):
        if keys in codes:
            yield Breach(("in_talk", name), "acd_twice", {"what": keys, "other": codes[keys]})
        for other_name, other in pressed[index + 1 :]:
            if other.startswith(keys) or keys.startswith(other):
                told = {"code": keys, "other": other, "key": f"in_talk.{other_name}"}
                yield Breach(("in_talk", name), "acd_code_prefix", told)


def _secrets(config: Config) -> Iterator[Breach]:
    """Outside a lab no secret stands in the file itself, and no telephone is without one."""
    if config.site.lab:
        return
    held: list[tuple[tuple[str | int, ...], Secret | None]] = [
        *((("asterisk", i, "ami_secret"), server.ami_secret) for i, server in enumerate(config.servers)),
        (("mqtt", "secret"), None if config.mqtt is None else config.mqtt.secret),
        *(
            ((table, *at), key)
            for table, settings in (("recording", config.recordings), ("backup", config.backup))
            if settings is not None
            for at, key in (
                (("key",), settings.key),
                *((("old_keys", i), old) for i, old in enumerate(settings.old_keys)),
            )
        ),
        *((("telephone", i, "secret"), telephone.secret) for i, telephone in enumerate(config.telephones)),
        *((("operator", i, "pin"), operator.pin) for i, operator in enumerate(config.operators)),
        *((("supervisor", i, "pin"), supervisor.pin) for i, supervisor in enumerate(config.supervisors)),
        *(
            (("trunk", i, "registration", "secret"), trunk.registration.secret)
            for i, trunk in enumerate(config.trunks)
            if trunk.registration is not None
        ),
    ]
    for key, secret in held:
        if secret is not None and secret.bare:
            yield Breach(key, "acd_secret_bare")
    for index, telephone in enumerate(config.telephones):
        if telephone.secret is None and not telephone.external:
            yield Breach(("telephone", index, "secret"), "acd_secret_missing")


def _ports(config: Config) -> Iterator[Breach]:
    taken: dict[tuple[str, int], str] = {}
    places: list[tuple[tuple[str | int, ...], str, int]] = [
        (("agi", "listen"), *config.agi.listen),
        (("control", "listen"), *config.control.listen),
        *(
            (("asterisk", index, "ami_port"), server.host, server.ami_port)
            for index, server in enumerate(config.servers)
        ),
    ]
    for key, host, port in places:
        if (host, port) in taken:
            yield Breach(key, "acd_twice", {"what": f"{host}:{port}", "other": taken[host, port]})
        taken.setdefault((host, port), ".".join(str(part) for part in key))
    if config.control.certificate is None and not _is_loopback(config.control.listen.host):
        yield Breach(("control", "listen"), "acd_not_loopback")
    if config.mqtt is not None and not config.mqtt.tls and not _is_loopback(config.mqtt.host):
        yield Breach(("mqtt", "host"), "acd_not_loopback")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


CHECKS: Final = (
    _names,
    _numbers,
    _lines,
    hours,
    special_days,
    scripts_and_prompts,
    _steps,
    _destinations,
    _loops,
    _operators,
    _telephones,
    _supervisors,
    _trunks,
    _callbacks,
    _recordings,
    _codes,
    _talk_keys,
    _secrets,
    _ports,
)
