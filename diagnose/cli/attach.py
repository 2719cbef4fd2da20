"""`diagnose attach`: post a report to the ticket it is about."""

from __future__ import annotations

from pathlib import Path

import click

from diagnose.cli import _streams
from diagnose.cli._common import EXIT_NO_FINDING, cli, say, tell_visible


@cli.command(
    exits={0: "posted, or there already", 2: "bad usage, no token, no report", 3: "could not post"},
    examples=[
        ("See what would be sent", "diagnose attach https://github.com/o/r/issues/12 report --dry-run"),
        ("Post it, under pseudonyms", "diagnose attach https://github.com/o/r/issues/12 redacted-report"),
    ],
    environment=[
        ("DIAGNOSE_TOKEN", "the token of whatever system the ticket is in; goes before the following"),
        ("GITHUB_TOKEN, GITLAB_TOKEN, JIRA_TOKEN", "the token of that system (on Jira Cloud EMAIL:TOKEN)"),
    ],
)
@click.argument("ticket_url", metavar="TICKET")
@click.argument("folder", metavar="REPORT_DIR", type=click.Path(path_type=Path))
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File that holds the token. [default: the environment: DIAGNOSE_TOKEN, else GITHUB_TOKEN, GITLAB_TOKEN or "
    "JIRA_TOKEN (on Jira Cloud EMAIL:TOKEN)]",
)
@click.option("--dry-run", is_flag=True, help="Print the requests with the token masked; connect to nothing.")
def attach(ticket_url: str, folder: Path, token_file: Path | None, dry_run: bool) -> int:
    """Post a report to a ticket of GitHub, GitLab or Jira.

    TICKET is its address, such as https://github.com/o/r/issues/12, https://gitlab.example/g/p/-/issues/3 or
    https://jira.example/browse/ABC-12; REPORT_DIR the folder that holds report.md. The first screen is shown, the rest
    folded; what is too long for one comment becomes several. The same capture is posted to a ticket once.
    """
    import os

    from diagnose import attach as attaching
    from diagnose.attach import material, tickets, tokens
    from diagnose.attach.secrets import Secrets
    from diagnose.errors import CannotPostError

    ticket = tickets.parse(ticket_url)
    loaded = material.load(folder)
    token = tokens.find_token(ticket.system, token_file, os.environ)
    _streams.mask(Secrets([token] if token else []).hidden)
    if not loaded.redacted:
        say("this report is not redacted: it names hosts, cgroups and files as they are (--redact makes another)")
    if dry_run:
        attaching.show(ticket, loaded, token, say, tell_visible)
        say(f"dry run: nothing was sent; {'the token was found' if token else tokens.missing(ticket.system)}")
        return EXIT_NO_FINDING
    if token is None:
        raise tokens.missing(ticket.system)
    try:
        posted = attaching.attach(ticket, loaded, token, say)
    except KeyboardInterrupt:
        raise CannotPostError("stopped; run it again to post what is missing, nothing is posted twice") from None
    for comment in posted:
        tell_visible(f"{'there already' if comment.before else 'posted'}: {comment.address}")
    return EXIT_NO_FINDING
