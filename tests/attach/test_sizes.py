"""Long reports and pictures: what each ticket system takes, and what becomes of the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnose.attach import material
from diagnose.errors import CannotPostError, UsageError
from tests.attach.conftest import Poster
from tests.helpers.ticket_servers import (
    PNG,
    Answer,
    Fault,
    GitHubServer,
    GitLabServer,
    JiraServer,
    posts,
    shown_pictures,
)

# ---------------------------------------------------------------- sizes


def long_report(poster: Poster, sections: int = 12) -> str:
    rows = "".join(f"| row {n:03d} | {'.' * 80} |\n" for n in range(100))
    text = "# Long\n\n**Finding**\n\n" + "".join(
        f"## Section {n}\n\n| a | b |\n|---|---|\n{rows}\n" for n in range(sections)
    )
    (poster.folder / "report.md").write_text(text)
    return text


def test_a_long_report_becomes_several_comments_on_github(github: GitHubServer, poster: Poster) -> None:
    text = long_report(poster)
    assert len(text) > GitHubServer.limit
    posted = poster(github)
    assert len(posted) == len(github.comments) == 2
    assert all(len(comment) <= GitHubServer.limit for comment in github.comments)
    for n in range(12):
        assert sum(f"## Section {n}\n" in comment for comment in github.comments) == 1
    assert poster.waited == [1.0], "a second between two posts"
    assert all(p.before for p in poster(github))


def test_a_long_report_fits_one_note_on_gitlab(gitlab: GitLabServer, poster: Poster) -> None:
    long_report(poster)
    assert len(poster(gitlab)) == 1


def test_a_long_report_becomes_several_comments_on_jira(jira: JiraServer, poster: Poster) -> None:
    text = long_report(poster)
    assert len(poster(jira)) == len(jira.comments) == 1 + len(text) // JiraServer.limit
    assert all(c.count("{noformat}") == 2 for c in jira.comments)


def test_a_post_that_stopped_between_parts_goes_on_there(github: GitHubServer, poster: Poster) -> None:
    long_report(poster, 20)
    github.faults = [Fault("POST", "comments", Answer(422, {"message": "no"}), times=9, after=1)]
    with pytest.raises(CannotPostError, match="refuses it"):
        poster(github)
    assert len(github.comments) == 1
    github.faults.clear()
    posted = poster(github)
    assert [p.before for p in posted] == [True, False, False, False]
    assert len(github.comments) == 4


def test_a_limit_that_is_lower_than_known_is_told(github: GitHubServer, poster: Poster) -> None:
    github.limit = 100
    with pytest.raises(CannotPostError, match="Body is too long"):
        poster(github)
    assert posts(github) == 1


# ---------------------------------------------------------------- pictures


def add_pictures(poster: Poster, *names: str) -> None:
    lines = [f"[![The {name}](charts/{name}.png)](charts/{name}.svg)" for name in names]
    (poster.folder / "charts").mkdir()
    path = poster.folder / "report.md"
    path.write_text(path.read_text() + "\n\n".join(["", *lines, ""]))
    for name in names:
        (poster.folder / "charts" / f"{name}.png").write_bytes(PNG)
        (poster.folder / "charts" / f"{name}.svg").write_text("<svg/>")


def test_gitlab_gets_the_pictures_and_shows_them(gitlab: GitLabServer, poster: Poster) -> None:
    add_pictures(poster, "reads", "modes")
    poster(gitlab)
    assert list(gitlab.files.values()) == [PNG, PNG]
    assert shown_pictures(gitlab.comments[0]) == list(gitlab.files)


def test_a_picture_that_is_too_large_stays_behind(gitlab: GitLabServer, poster: Poster) -> None:
    add_pictures(poster, "reads", "modes")
    (poster.folder / "charts/reads.png").write_bytes(PNG + bytes(GitLabServer.max_upload))
    poster(gitlab)
    assert [name.rsplit("/", 1)[1] for name in shown_pictures(gitlab.comments[0])] == ["modes.png"]
    assert "*Picture: The reads* (`charts/reads.png` beside the report)" in gitlab.comments[0]
    assert any("reads.png stays behind" in text and "413" in text for text in poster.said)


def test_an_upload_that_fails_half_way_is_repeated(gitlab: GitLabServer, poster: Poster) -> None:
    add_pictures(poster, "reads")
    gitlab.faults = [Fault("POST", "uploads", dropped=True)]
    poster(gitlab)
    assert shown_pictures(gitlab.comments[0]) == list(gitlab.files)


def test_github_takes_no_pictures_and_the_report_says_where_they_are(github: GitHubServer, poster: Poster) -> None:
    add_pictures(poster, "reads")
    poster(github)
    assert shown_pictures(github.comments[0]) == []
    assert "*Picture: The reads* (`charts/reads.png` beside the report)" in github.comments[0]
    assert any("GitHub takes no files" in text for text in poster.said)
    assert {r.path for r in github.sent("POST")} == {GitHubServer.path}


@pytest.mark.parametrize("carried_out", [None, False, True])
def test_jira_gets_each_picture_once(jira: JiraServer, poster: Poster, carried_out: bool | None) -> None:
    add_pictures(poster, "reads", "modes")
    (poster.folder / "report.jira.txt").write_text("h1. Report\n\n!reads.png!\n\n!modes.png!\n\n!other.png!\n")
    if carried_out is not None:
        jira.faults = [Fault("POST", "attachments", carried_out=carried_out, dropped=True)]
    poster(jira)
    short = material.load(poster.folder).identity[:8]
    assert jira.files == {f"diagnose-{short}-{name}.png": PNG for name in ("modes", "reads")}
    assert len(jira.sent("POST", "attachments")) == (3 if carried_out is False else 2)
    assert f"!diagnose-{short}-reads.png|width=900!" in jira.comments[0]
    assert "(picture other.png, beside the report)" in jira.comments[0]
    jira.comments.clear()
    poster(jira)
    assert len(jira.sent("POST", "attachments")) == (3 if carried_out is False else 2)


def test_where_jira_takes_no_attachments_the_text_is_posted(jira: JiraServer, poster: Poster) -> None:
    add_pictures(poster, "reads")
    jira.can_attach = False
    poster(jira)
    assert len(jira.comments) == 1
    assert any("reads.png stays behind" in text for text in poster.said)


def test_jira_cloud_gets_basic_authentication(jira: JiraServer, poster: Poster) -> None:
    jira.authorization = "Basic bWVAZXhhbXBsZS5jb206dG9rZW4="
    poster(jira, "me@example.com:token")
    assert len(jira.comments) == 1


# ---------------------------------------------------------------- the folder


def test_a_folder_without_a_report_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="name the folder"):
            material.load(folder)


def test_what_cannot_be_read_is_said_so(poster: Poster) -> None:
    (poster.folder / "capture.json.gz").unlink()
    (poster.folder / "capture.json.gz").mkdir()
    with pytest.raises(UsageError, match=r"cannot read .*capture"):
        material.load(poster.folder)


def test_a_link_among_the_pictures_leads_nowhere(poster: Poster) -> None:
    (poster.folder / "secret.png").symlink_to("/etc/hostname")
    (poster.folder / "elsewhere").symlink_to("/usr/share", target_is_directory=True)
    (poster.folder / "reads.png").write_bytes(PNG)
    assert [p.name for p in material.load(poster.folder).pictures] == ["reads.png"]


@pytest.mark.parametrize("name", ["report.md", "report.json", "report.jira.txt", "capture.json.gz"])
def test_what_is_no_file_of_the_folder_is_not_posted_and_not_waited_for(poster: Poster, name: str) -> None:
    path = poster.folder / name
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/hostname")
    with pytest.raises(UsageError, match="is a link"):
        material.load(poster.folder)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageError, match="it is no file"):
        material.load(poster.folder)
