"""Draw docs/states from the tables of the state machines.

`--check` draws nothing and fails if a picture is out of date.
"""

import argparse
import importlib
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "states"
MACHINES = {
    "agent": ("queue_engine.agent", "An operator"),
    "call": ("queue_engine.call", "A call"),
    "offer": ("queue_engine.offer", "An offer"),
    "callback": ("callback.states", "A call-back"),
}
SETTLE = "settle"


def draw(module: ModuleType, title: str) -> str:
    """Return the page of one machine: the picture, the list of what is stale, the prose of its file."""
    arrows: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for (state, trigger), target in module.TRANSITIONS.items():
        arrows[str(state), str(target)].append(str(trigger))
    source = module.__name__.replace(".", "/") + ".py"
    lines = [f"# {title}", "", f"Drawn from the tables of `{source}` by `make states`.", ""]
    lines += ["```mermaid", "stateDiagram-v2"]
    if any(target == SETTLE for _, target in arrows):
        lines.append(f"    {SETTLE}: whatever the marks say")
    for (state, target), triggers in arrows.items():
        lines.append(f"    {state} --> {target}: {', '.join(triggers)}")
    lines += ["```", ""]
    lines += ["| stale trigger | in these states it changes nothing |", "| --- | --- |"]
    for trigger, states in module.STALE.items():
        names = ", ".join(sorted(str(state) for state in states))
        lines.append(f"| {trigger} | {names or 'none'} |")
    lines += ["", *(module.__doc__ or "").strip().splitlines(), ""]
    return "\n".join(lines)


def main() -> int:
    """Draw all pages, or compare them."""
    parser = argparse.ArgumentParser(description="Draw docs/states from the tables of the state machines.")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    sys.path.insert(0, str(ROOT))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (module, title) in MACHINES.items():
        page = draw(importlib.import_module(module), title)
        path = FOLDER / f"{name}.md"
        if check and (not path.exists() or path.read_text(encoding="utf-8") != page):
            stale.append(path.name)
        elif not check:
            path.write_text(page, encoding="utf-8")
    for picture in stale:
        print(f"docs/states/{picture} is out of date: run `make states`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
