"""A drawn SVG made fit to stand alone and inside a page: no style attributes, no clashing ids, a name, dark colours.

A strict content security policy refuses style attributes, so they become presentation attributes.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from diagnose.report.charts.theme import FONT, dark_rules

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"(?:(?P<weight>bold|\d+) )?(?P<size>[\d.]+)px .*")
_DIGITS = re.compile(r"-?\d+\.\d{3,}")
_MEASURES = ("d", "x", "y", "width", "height", "transform", "font-size")
_DEFAULTS = {"stroke-linejoin": "miter", "stroke-linecap": "butt"}


def tidy(drawn: bytes, name: str, title: str, alt: str) -> bytes:
    """Return the SVG with `title` and `alt` for those who do not see it, ids prefixed by `name`."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(drawn)  # noqa: S314 - matplotlib has just written it
    for parent in list(root.iter()):
        for child in [c for c in parent if c.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")]:
            parent.remove(child)
    for element in root.iter():
        _to_attributes(element)
    _prefix_ids(root, name)
    _describe(root, name, title, alt)
    text = ElementTree.tostring(root, encoding="unicode")
    return (re.sub(r">\s+<", "><", text) + "\n").encode()


def _to_attributes(element: ElementTree.Element) -> None:
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            _font(element, value)
        elif key and _DEFAULTS.get(key) != value:
            element.set(key, value)
    element.attrib.pop("font-family", None)  # the family is the whole picture's
    if element.attrib.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for key in _MEASURES:
        if key in element.attrib:
            element.set(key, _DIGITS.sub(_to_hundredths, element.attrib[key]).strip())


def _to_hundredths(number: re.Match[str]) -> str:
    """Return a length in points as exact as can be seen."""
    return f"{round(float(number[0]), 2) + 0:g}"


def _font(element: ElementTree.Element, value: str) -> None:
    """Write the size and the weight."""
    if match := _FONT.fullmatch(value):
        element.set("font-size", match["size"])
        if match["weight"] and match["weight"] != "400":
            element.set("font-weight", match["weight"])


def _prefix_ids(root: ElementTree.Element, name: str) -> None:
    """Keep the ids that are referred to, numbered and unique among the pictures of a page, and drop all others.

    matplotlib's own are hashes of numbers whose last digits the layout does not always hit the same.
    """
    href = f"{{{_XLINK}}}href"
    used = {e.attrib[href].removeprefix("#") for e in root.iter() if e.attrib.get(href, "").startswith("#")}
    used |= {m for e in root.iter() for v in e.attrib.values() for m in _REFERENCE.findall(v)}
    found = (e.attrib["id"] for e in root.iter() if e.attrib.get("id") in used)
    new = {old: f"{name}-{number}" for number, old in enumerate(dict.fromkeys(found), 1)}
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id":
                del element.attrib[key]
                if value in new:
                    element.set("id", new[value])
            elif key == href and value.startswith("#"):
                element.set(key, f"#{new[value[1:]]}")
            elif "url(#" in value:
                element.set(key, _REFERENCE.sub(lambda match: f"url(#{new[match[1]]})", value))


def _describe(root: ElementTree.Element, name: str, title: str, alt: str) -> None:
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-alt")
    root.set("font-family", FONT)
    for place, (tag, text) in enumerate((("title", title), ("desc", alt), ("style", dark_rules()))):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}")
        element.text = text
        if tag != "style":
            element.set("id", f"{name}-{'title' if tag == 'title' else 'alt'}")
        root.insert(place, element)
