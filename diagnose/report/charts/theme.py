"""Colours and type of the pictures: one palette for paper, one for dark screens, both safe for colour-blind readers.

A picture is drawn for paper. An SVG carries the rules that recolour it on a dark screen: each colour stands for one
role only, so a rule can name it. No role is told by its colour alone: lines and areas are labelled where they are.
"""

from __future__ import annotations

from typing import Any

PAPER, INK, MUTED, GRID = "#ffffff", "#1f2328", "#59636e", "#d1d9e0"
SERVICE, ANTAGONIST, THIRD, FOURTH, FIFTH = "#0072b2", "#b84a00", "#00795c", "#8c4a7f", "#7d5a00"
"""After Okabe and Ito (2008), darkened to a contrast of 4.5 to 1 on white."""
LEVELS = ("#cbba69", "#9c947b", "#757577", "#52596e", "#2c3e6b", "#00224e")
"""Few reads to many, one a decade: cividis (Nuñez et al. 2018), which looks the same to the colour-blind."""
TINTS = ("#fdf1e7", "#fbe0cb", "#f8cdab", "#f4b98b", "#efa46b")
"""Few pages to many, one a decade, all light enough for ink to be read on them."""

DARK = {
    PAPER: "#0d1117",
    INK: "#e6edf3",
    MUTED: "#9198a1",
    GRID: "#3d444d",
    SERVICE: "#58a6ff",
    ANTAGONIST: "#ff9d5c",
    THIRD: "#3fd6a8",
    FOURTH: "#d9a0d0",
    FIFTH: "#e3b341",
    **dict(zip(LEVELS, ("#4a536d", "#6b6e73", "#8b8779", "#b0a573", "#d6c35f", "#fee838"), strict=True)),
    **dict(zip(TINTS, ("#21180f", "#2f200f", "#3d2810", "#4a3012", "#573814"), strict=True)),
}
FONT = 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif'

RC: Any = {
    "svg.hashsalt": "diagnose",  # ids by content, not by chance
    "svg.fonttype": "none",  # text stays text: it can be selected, searched and read aloud
    "text.parse_math": False,  # a "$" in a name is a dollar
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every host draws the same
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "path.simplify": False,
}


def dark_rules(scope: str = "") -> str:
    """Return the CSS that recolours what lies in `scope` on a dark screen; paper stays as it is."""
    rules = "".join(
        f'{scope}[{kind}="{light}"]{{{kind}:{dark}}}' for light, dark in DARK.items() for kind in ("fill", "stroke")
    )
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"
