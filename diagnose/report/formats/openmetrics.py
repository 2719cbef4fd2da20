"""The key figures of a report for node_exporter's textfile collector (pure).

Everything is a gauge: a report is one look at the service, not a counter. The text is valid both as OpenMetrics and in
Prometheus' own format, which that collector reads; without time stamps, which it refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from diagnose.report.measurements.model import Measurements
from diagnose.report.measurements.read_models import ReadLatency
from diagnose.report.model import Report


@dataclass
class Family:
    """A metric and its samples. None, not measured, is left out; so is a second sample of the same labels."""

    name: str
    help: str
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def add(self, value: float | None, **labels: str) -> Family:
        if value is not None and labels not in [known for known, _ in self.samples]:
            self.samples.append((labels, float(value)))
        return self


def openmetrics(report: Report) -> str:
    """Return `report.prom`; every sample carries the service's name and cgroup."""
    common = {"service": report.service.name, "cgroup": report.service.cgroup}
    lines: list[str] = []
    for family in _families(report):
        if family.samples:
            lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} gauge"]
            lines += [_sample(family.name, {**common, **labels}, value) for labels, value in family.samples]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _families(report: Report) -> Iterator[Family]:
    yield from _capture(report)
    yield from _verdict(report)
    m = report.measurements
    if m.read_latency is not None:
        yield from _reads(m.read_latency)
    yield from _cache(m)


def _capture(report: Report) -> Iterator[Family]:
    capture = report.capture
    began = Family("diagnose_capture_start_seconds", "When the capture began, in seconds since 1970 UTC.")
    yield began.add(_unix_time(capture.start))
    length = Family("diagnose_capture_length_seconds", "How long was measured.")
    yield length.add(capture.windows * capture.window_seconds)
    yield Family("diagnose_lost_events", "Events that were not counted.").add(sum(capture.lost.values()))
    yield Family("diagnose_not_measured_probes", "Probes that did not measure.").add(len(report.not_measured))


def _verdict(report: Report) -> Iterator[Family]:
    verdict = report.verdict
    found = Family("diagnose_verdict", "1, labelled with the verdict.")
    yield found.add(1, status=verdict.status, rule=verdict.rule or "", confidence=verdict.confidence)
    blamed = Family("diagnose_culprit_share", "What a finding blames on a cgroup, as a ratio.")
    for finding in report.findings:
        for culprit in finding.culprits:
            blamed.add(culprit.share, rule=finding.rule, culprit=culprit.cgroup)
    yield blamed
    limit = Family("diagnose_recommended_bytes", "The value that a setting of a cgroup is recommended to have.")
    for change in report.recommendations:
        limit.add(change.value_bytes, target=change.cgroup, setting=change.setting)
    yield limit


def _reads(reads: ReadLatency) -> Iterator[Family]:
    yield Family("diagnose_file_reads", "Reads of regular files by the service.").add(reads.file_reads)
    yield Family("diagnose_slow_reads", "Those at or above the threshold.").add(reads.slow_reads)
    threshold = Family("diagnose_slow_read_threshold_seconds", "The latency from which a read is called slow.")
    yield threshold.add(reads.slow_threshold_seconds)
    latency = Family("diagnose_read_latency_seconds", "Latency of reads of regular files, by percentile.")
    latency.add(reads.p50_seconds, percentile="50").add(reads.p90_seconds, percentile="90")
    yield latency.add(reads.p99_seconds, percentile="99").add(reads.p999_seconds, percentile="99.9")


def _cache(m: Measurements) -> Iterator[Family]:
    service = m.page_cache.service if m.page_cache else None
    ratio = Family("diagnose_page_cache_hit_ratio", "Share of the pages looked up that were there.")
    yield ratio.add(service.hit_ratio if service else None)
    evicted = Family("diagnose_evicted_pages", "Pages of the service removed from the page cache, by whom.")
    for who, pages in m.evictions.of_service_by_pages.items() if m.evictions else ():
        evicted.add(pages, by=who)
    yield evicted


def _unix_time(start: str) -> float | None:
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{label(text)}"' for key, text in labels.items())
    number = int(value) if value.is_integer() else value
    return f"{name}{{{inside}}} {number}"


def label(text: str) -> str:
    """Return a label's value: backslash, quote and newline escaped, everything else as it is."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
