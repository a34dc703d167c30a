"""The table that `make proof` ends with: each long test, its figure, its target.

A test says its figure with `record_property("figure", …)` and `record_property("target", …)`;
without, the table shows that it passed and how long it took. Cases of one test share a line.
"""

from dataclasses import dataclass, field

import pytest


@dataclass
class Line:
    """One test in the table."""

    outcomes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    figures: list[str] = field(default_factory=list)
    target: str = ""

    def add(self, report: pytest.TestReport) -> None:
        said = dict(report.user_properties)
        self.outcomes.append(report.outcome)
        self.seconds += report.duration
        if "figure" in said:
            self.figures.append(str(said["figure"]))
        self.target = str(said.get("target", self.target))

    @property
    def verdict(self) -> str:
        """`passed`, or how many of its cases did not."""
        bad = [outcome for outcome in self.outcomes if outcome != "passed"]
        return f"{len(bad)} {bad[0]}" if bad else "passed"

    @property
    def figure(self) -> str:
        cases = len(self.outcomes)
        return "; ".join(self.figures[:4]) or f"{cases} case{'s' if cases > 1 else ''}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print it, before pytest's own closing lines."""
    lines = table(terminalreporter)
    if not lines:
        return
    wide = max(len(name) for name in lines)
    terminalreporter.section("proof")
    for name, line in sorted(lines.items()):
        terminalreporter.write_line(
            f"{line.verdict:<9} {line.seconds:7.1f} s  {name:<{wide}}  {line.figure}"
            + (f"  (target: {line.target})" if line.target else "")
        )


def table(reporter: pytest.TerminalReporter) -> dict[str, Line]:
    """The lines by test, cases of a parametrized one together."""
    lines: dict[str, Line] = {}
    for outcome in ("passed", "failed", "skipped", "error"):
        for report in reporter.getreports(outcome):
            if isinstance(report, pytest.TestReport) and _counts(report):
                name = report.nodeid.removeprefix("tests/").partition("[")[0]
                lines.setdefault(name, Line()).add(report)
    return lines


def _counts(report: pytest.TestReport) -> bool:
    """The call itself; set-up and tear-down only where they went wrong or skipped."""
    return report.when == "call" or report.outcome != "passed"
