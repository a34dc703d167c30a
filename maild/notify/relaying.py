"""Which attachments travel with a letter, and which are only named in it.

Programs and scripts are kept but never relayed; what is larger than one letter may carry
stays behind too. The letter says so: nothing vanishes silently.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from maild.model.ticket import Enclosure

#: endings that mail clients run, or run something by
PROGRAMS = frozenset(
    "ade adp apk app appx bat chm cmd com cpl dll exe hta inf ins iso jar js jse lib lnk mde "
    "msc msi msix msp mst nsh pif ps1 psm1 reg scf scr sct sh shb sys vb vbe vbs vhd vxd "
    "wsc wsf wsh xll xlam docm dotm xlsm xltm pptm potm".split()
)


@dataclass(frozen=True, slots=True)
class Relayed:
    """Attachments sorted by what becomes of them."""

    sent: tuple[Enclosure, ...] = ()
    programs: tuple[Enclosure, ...] = ()
    too_large: tuple[Enclosure, ...] = ()
    sealed: tuple[Enclosure, ...] = ()  #: of those sent: in Outlook's own format


def sort_enclosures(enclosures: Iterable[Enclosure], *, limit: int) -> Relayed:
    """In their order, as long as all that is sent fits into `limit` bytes."""
    sent: list[Enclosure] = []
    programs: list[Enclosure] = []
    too_large: list[Enclosure] = []
    total = 0
    for enclosure in enclosures:
        if is_program(enclosure.filename):
            programs.append(enclosure)
        elif total + enclosure.size > limit:
            too_large.append(enclosure)
        else:
            total += enclosure.size
            sent.append(enclosure)
    sealed = tuple(one for one in sent if one.filename.casefold() == "winmail.dat")
    return Relayed(tuple(sent), tuple(programs), tuple(too_large), sealed)


def is_program(filename: str) -> bool:
    """By the last ending; blanks and dots that hide it aside."""
    return filename.rstrip(". ").rpartition(".")[2].casefold() in PROGRAMS
