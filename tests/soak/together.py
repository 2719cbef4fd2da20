"""Captures at the same time."""

from __future__ import annotations

import time

from tests.soak import counters, figures
from tests.soak.scene import SETTLE_SECONDS, Scene, reader

CAPTURES = 2


def together(scene: Scene, seconds: float) -> str:
    """Two captures of the same service at once: each counts everything."""
    worker = reader(scene, seconds)
    outputs = [scene.new_output() for _ in range(CAPTURES)]
    tools = [scene.tool(output, "--window", "0.5") for output in outputs]
    try:
        for tool in tools:
            tool.begun()
        start = counters.read(scene.here, [worker])
        worker.act()
        end = counters.read(scene.here, [worker])
        time.sleep(1 + SETTLE_SECONDS)
        for tool, output in zip(tools, outputs, strict=True):
            ending = scene.end(tool, output)
            if ending.capture is not None:
                scene.checks += figures.checks(ending.capture, scene.here, [worker], start, end)
    finally:
        for tool in tools:
            tool.__exit__(None, None, None)
    return f"{CAPTURES} captures"
