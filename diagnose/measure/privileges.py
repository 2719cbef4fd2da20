"""May this process measure?"""

from __future__ import annotations

import os

from diagnose.errors import CannotMeasureError


def require_privileges(otherwise: str = "") -> None:
    """Raise CannotMeasureError unless this is root; `otherwise`: what else can be done."""
    if os.geteuid() != 0:
        raise CannotMeasureError(f"measuring needs root (BPF programs are loaded); run it with sudo{otherwise}")
