"""report.html in a real browser: everybody can read it, on a desk, on a phone and in the dark; it loads nothing.

Accessibility is checked by axe-core (the rules of WCAG 2 A and AA, and its best practices).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.charts.drawing import draw
from diagnose.report.formats.html import render_html
from diagnose.report.model import Report
from tests.helpers.example_report import NAMES, example_capture, example_report

pytestmark = pytest.mark.browser
SHOWN = ("noisy-neighbour", "two-noisy-neighbours", "healthy", "idle-pages", "swap-thrash", "slow-peers", "hostile")
HOSTILE = "</style><script>document.title='broken'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
SCREENS = {"desk": (1280, 900, "light"), "phone": (390, 844, "light"), "dark": (390, 844, "dark")}


def report_of(name: str) -> Report:
    if name != "hostile":
        capture, packed = captures.load(RECORDED / f"{name}.capture.json.gz")
        return pipeline.analyse(capture, rules.load_rules(), packed)
    names = dict.fromkeys(NAMES, HOSTILE)
    capture = example_capture(25, 25, names={k: v for k, v in names.items() if k != "text"})
    return example_report(capture, names=names)


@pytest.fixture(scope="module", params=SHOWN)
def page_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report.html with its charts."""
    report = report_of(request.param)
    file = tmp_path_factory.mktemp(request.param) / "report.html"
    file.write_text(render_html(report, draw(report)), "utf-8")
    return file


def opened(browser: Any, file: Path, screen: str, bypass_csp: bool = False) -> tuple[Any, list[str]]:
    """Return the page, and what the browser complained about or asked the network for."""
    width, height, scheme = SCREENS[screen]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=bypass_csp
    )
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    return page, heard


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing(browser: Any, page_file: Path, screen: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, _ = opened(browser, page_file, screen, bypass_csp=True)  # axe is a script, and the page allows none
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    found = Axe().run(page).response
    page.context.close()
    assert len(found["passes"]) > 15
    assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found["violations"]] == []


@pytest.mark.parametrize("screen", SCREENS)
def test_it_loads_nothing_and_fits_the_screen(browser: Any, page_file: Path, screen: str) -> None:
    page, heard = opened(browser, page_file, screen)
    assert page.title().startswith("Read latency of ")
    wide = page.evaluate("document.documentElement.scrollWidth")
    shown = page.evaluate("[...document.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect().height)")
    page.context.close()
    assert heard == []
    assert wide <= SCREENS[screen][0]
    assert all(height > 50 for height in shown)


def test_a_dark_screen_gets_dark_charts(browser: Any, page_file: Path) -> None:
    grounds = {}
    for screen in ("phone", "dark"):
        page, _ = opened(browser, page_file, screen)
        grounds[screen] = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor,"
            " ...[...document.querySelectorAll('figure svg')].map(s => getComputedStyle(s.querySelector('path')).fill)]"
        )
        page.context.close()
    assert set(grounds["phone"]) == {"rgb(255, 255, 255)"}
    assert set(grounds["dark"]) == {"rgb(13, 17, 23)"}


def test_no_text_leaves_a_chart(browser: Any, page_file: Path) -> None:
    page, _ = opened(browser, page_file, "desk")
    outside = page.evaluate(
        "[...document.querySelectorAll('figure svg')].flatMap(svg => { const box = svg.getBoundingClientRect();"
        " return [...svg.querySelectorAll('text')].filter(text => { const own = text.getBoundingClientRect();"
        " return own.left < box.left - 1 || own.right > box.right + 1 || own.top < box.top - 1; })"
        " .map(text => text.textContent); })"
    )
    page.context.close()
    assert outside == []
