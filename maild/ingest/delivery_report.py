"""Read what a bounce says: who did not get which mail, and why."""

from maild.model.mail import DeliveryReport, Mail


def read_report(mail: Mail) -> DeliveryReport | None:
    """The report in a mail, or None (first draft)."""
    return None
