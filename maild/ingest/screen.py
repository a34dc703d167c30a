"""What kind of mail is this: a person's, or one of five automatic kinds."""

from maild.model.mail import Automatic, Mail, Screening


def screen(mail: Mail, *, envelope_sender: str | None = None) -> Screening:
    """The verdict (first draft)."""
    if (mail.header("Auto-Submitted") or "no").lower().startswith("auto-replied"):
        return Screening(Automatic.AUTO_REPLY, "Auto-Submitted: auto-replied")
    return Screening()
