"""How an inspection is shown: lines for people, a document for programs."""

from typing import Any

from maild.config.faults import Fault
from maild.config.inspection import Inspection


def as_text(found: Inspection) -> str:
    """One line per fault, then warnings, idle rules and closed days."""
    lines = [fault.text(found.file) for fault in found.faults]
    lines += [_warning(fault).text(found.file) for fault in found.warnings]
    lines += [f"{found.file}: warning: {sentence}" for sentence in found.idle]
    for name, days in found.closed.items():
        lines.append(f"calendar {name}: {len(days)} closed days in the next 12 months")
        lines += [f"  {day:%a %Y-%m-%d}  {title}".rstrip() for day, title in days.items()]
    count = len(found.faults)
    lines.append(f"{found.file}: {f'{count} to mend' if count else 'no faults'}")
    return "\n".join(lines)


def _warning(fault: Fault) -> Fault:
    return Fault(fault.line, fault.where, f"warning: {fault.message}")


def as_json(found: Inspection) -> dict[str, Any]:
    """`{"ok", "errors", "warnings", "closed_days", "unreachable"}`."""
    return {
        "ok": not found.faults,
        "errors": [_plain(fault) for fault in found.faults],
        "warnings": [_plain(fault) for fault in found.warnings]
        + [_plain(Fault(0, "[[rule]]", sentence)) for sentence in found.idle],
        "closed_days": {
            name: [{"day": str(day), "name": title} for day, title in days.items()]
            for name, days in found.closed.items()
        },
        "unreachable": list(found.idle),
    }


def _plain(fault: Fault) -> dict[str, Any]:
    return {"line": fault.line, "where": fault.where, "message": fault.message}
