"""What a shell may complete: rule ids, scenarios, formats, services, folders. Silent where it cannot know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

MAX_OFFERED = 200
"""More names than this are no help, and slow on a host with thousands of cgroups."""


def folders(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell, which knows folders best."""
    return _items([(incomplete, "")], kind="dir")


def rule_ids(context: click.Context, _argument: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the rules by file name: the shipped ones and those in the folders after --rules."""
    from diagnose import resources

    own: tuple[Path, ...] = context.params.get("rule_folders") or ()
    names = {path.stem for folder in (resources.folder("rules"), *own) for path in Path(folder).glob("*.yaml")}
    names.discard("shared")  # shared.yaml: no rule, but what rules have in common
    return _items([(name, "") for name in sorted(names) if name.startswith(incomplete)])


def scenarios(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from diagnose.lab.scenarios import SCENARIOS

    return _items([(name, s.sets_up) for name, s in SCENARIOS.items() if name.startswith(incomplete)])


def formats(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the formats of a report; after a comma, the further ones."""
    from diagnose.report.formats import FORMATS

    before, comma, begun = incomplete.rpartition(",")
    return _items([(f"{before}{comma}{name}", "") for name in FORMATS if name.startswith(begun)])


def services(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names that `diagnose services` lists, the largest page cache first, and the two prefixes."""
    from diagnose.cgroups import Hierarchy
    from diagnose.cgroups.listing import list_services

    prefixes = [("pid:", "the cgroup of a process"), ("comm:", "the cgroup of a command")]
    try:
        listed = list_services(Hierarchy.discover(), incomplete)
    except (DiagnoseError, OSError):
        listed = []  # no memory hierarchy here, or none that this user may read: nothing to offer
    names = [(s.name, s.cgroup) for s in listed] + [(s.cgroup, "") for s in listed if incomplete.startswith("/")]
    return _items([pair for pair in [*prefixes, *names] if pair[0].startswith(incomplete)])


def _items(pairs: list[tuple[str, str]], kind: str = "plain") -> list[CompletionItem]:
    """Return items; a name that holds what cannot be seen is not offered: it would go onto somebody's command line."""
    from click.shell_completion import CompletionItem

    seen = [(value, text) for value, text in dict(pairs).items() if value.isprintable()]
    return [CompletionItem(value, type=kind, help=text or None) for value, text in seen[:MAX_OFFERED]]
