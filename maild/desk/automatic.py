"""What happens to mail that no person wrote: bounces and automatic replies.

Neither opens a ticket, changes a status, stops a clock or is answered.
"""

from dataclasses import dataclass
from datetime import timedelta

from maild.desk.case import SYSTEM, Case, make_message
from maild.desk.casebook import Casebook
from maild.desk.occasion import Courtesy, Occasion
from maild.desk.practice import Practice
from maild.desk.reading import Reading
from maild.desk.tells import Notices
from maild.links import Signer, local_part_token
from maild.model.known import ReferenceHit
from maild.model.mail import DeliveryReport
from maild.model.ticket import EventKind, Message, MessageKind
from maild.threading.clues import addresses_of

MUTE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Robots:
    """The desk's conduct towards machines."""

    practice: Practice
    signer: Signer
    cases: Casebook
    notices: Notices

    def keep(self, reading: Reading) -> tuple[Case | None, Message | None]:
        """An out-of-office, a thumbs-up, a receipt: kept on its ticket, nothing else."""
        if reading.match.ticket is None:
            return None, None
        case = self.cases.open_case(reading.match.ticket.id, reading.now)
        assert case is not None
        message = self._add(case, reading, MessageKind.AUTO, reading.mail.reply)
        return case, message

    def bounce(self, reading: Reading) -> tuple[Case | None, Message | None]:
        """A delivery report: it marks the letter it speaks of, and the agent is told."""
        report = reading.mail.screening.report
        hit = self._letter_of(reading, report)
        if hit is None:  # of no letter of ours: forged, or about somebody else's mail
            return None, None
        if report and report.permanent and hit.address:
            self.cases.mute(hit.address, reading.now + MUTE, report.reason[:500])
        if not hit.ticket:
            return None, None
        case = self.cases.open_case(hit.ticket, reading.now)
        if case is None:
            return None, None
        text = report.reason if report else reading.mail.subject
        message = self._add(case, reading, MessageKind.BOUNCE, text)
        if report and report.failed:
            self._fail(case, reading, hit, report, message)
        return case, message

    def _fail(
        self,
        case: Case,
        reading: Reading,
        hit: ReferenceHit,
        report: DeliveryReport,
        message: Message,
    ) -> None:
        carried = self.cases.message_of_letter(hit.letter) if hit.letter else None
        reason = " ".join(filter(None, (report.status, report.reason)))[:500]
        case.record(
            EventKind.DELIVERY_FAILED,
            SYSTEM,
            {"message": carried, "reason": reason, "recipient": hit.address},
        )
        occasion = Occasion(cause=reading.cause, message=message, courtesy=Courtesy.NONE)
        self.notices.tell(case, occasion)

    def _letter_of(
        self, reading: Reading, report: DeliveryReport | None
    ) -> ReferenceHit | None:
        """By the ids of the returned original, else by the envelope address it came back to."""
        ids = report.message_ids if report else ()
        for hit in self.cases.references([*ids, *reading.mail.references]):
            if hit.ours:
                return hit
        for address in addresses_of(reading.mail, reading.envelope):
            word = local_part_token(address) or ""
            signed = self.signer.read(word, "", purposes=("bounce",))
            if signed and (found := self.cases.letter_reference(signed.number)):
                return found
        return None

    def _add(self, case: Case, reading: Reading, kind: MessageKind, text: str) -> Message:
        message = make_message(
            self.cases.new_message_number(),
            case,
            kind,
            sender=reading.sender,
            text=text,
            subject=reading.mail.subject,
            quoted=reading.mail.quoted,
            message_id=reading.mail.message_id,
            public=False,
        )
        return case.add_message(message, SYSTEM)
