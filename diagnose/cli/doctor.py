"""`diagnose doctor`: what can be measured here."""

from __future__ import annotations

import click

from diagnose.cli._common import cli, tell_visible


@cli.command(
    exits={0: "the battery can measure here", 2: "bad usage", 3: "it cannot; what stops it is marked"},
    examples=[("Before the first measurement on a host", "sudo diagnose doctor")],
    files=[
        ("/sys/kernel/btf/vmlinux", "the kernel's types; without it nothing can be measured"),
        ("/sys/kernel/tracing", "tracefs; where it is not mounted, it is mounted for the process alone"),
    ],
)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def doctor(as_json: bool) -> int:
    """Say what can be measured on this host.

    Checks privileges, bcc, BTF, tracefs, the tracepoints and the memory controller one by one; for what is missing it
    prints what that costs and the command that adds it. Changes nothing. Without root it says less.
    """
    from diagnose import doctor as doctors

    checks = doctors.checks()
    tell_visible(doctors.as_json(checks) if as_json else doctors.as_text(checks))
    return doctors.exit_code(checks)
