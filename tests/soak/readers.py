"""As many readers as a service may have threads."""

from __future__ import annotations

from tests.soak.scene import Scene, reader

THREADS = 400


def readers(scene: Scene, seconds: float) -> str:
    """Hundreds of threads that read at the same time."""
    reading = reader(scene, seconds, threads=THREADS, burst=5, pause=0.1)
    scene.measured([reading])
    return f"{THREADS} threads, {reading.result['reads'] / seconds:,.0f} reads/s"
