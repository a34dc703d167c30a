"""Checks that need several tables at once, on settings that are sound by themselves."""

from collections.abc import Iterator

from maild.config.faults import Finding
from maild.config.lines import Place
from maild.config.settings import Settings


def contradictions(settings: Settings) -> Iterator[Finding]:
    """What is wrong between tables: place and message."""
    yield from _addresses(settings)
    yield from _names(settings)
    desk, security = settings.desk, settings.security
    if desk.mode == "pilot" and not desk.pilot_for:
        yield ("desk", "pilot_for"), 'is missing: mode is "pilot"'
    providers = [mailbox.provider for mailbox in settings.mailbox.values()]
    if security.authserv_id == "microsoft365" and "microsoft365" not in providers:
        message = 'needs a mailbox with provider = "microsoft365"'
        yield ("security", "authserv_id"), message
    owner = settings.kb.owner
    if owner and "@" not in owner and owner not in settings.agent:
        yield ("kb", "owner"), f"must be an address or an agent: there is no [agent.{owner}]"
    yield from _listeners(settings)


def _addresses(settings: Settings) -> Iterator[Finding]:
    """One address is one department or one agent; mail must not go in circles."""
    owners: dict[str, str] = {}
    places: list[tuple[Place, str, str]] = []
    for name, department in settings.department.items():
        place: Place = ("department", name, "address")
        places.append((place, department.address, f"[department.{name}]"))
    for name, agent in settings.agent.items():
        places.append((("agent", name, "email"), agent.email, f"[agent.{name}]"))
        for number, alias in enumerate(agent.aliases):
            places.append((("agent", name, "aliases", number), alias, f"[agent.{name}]"))
    for place, address, owner in places:
        first = owners.setdefault(address.casefold(), owner)
        if first != owner:
            yield place, f'"{address}" is also the address of {first}'
    yield from _circles(settings)


def _circles(settings: Settings) -> Iterator[Finding]:
    own = {department.address.casefold() for department in settings.department.values()}
    for place, address in _told(settings):
        if address.casefold() in own:
            yield place, f'"{address}" is the desk itself: its letters would come back'


def _told(settings: Settings) -> Iterator[tuple[Place, str]]:
    """Who gets letters of the house's own, agents aside."""
    for number, address in enumerate(settings.desk.admins):
        yield ("desk", "admins", number), address
    for name, department in settings.department.items():
        for number, address in enumerate(department.supervisors):
            yield ("department", name, "supervisors", number), address
    for name, report in settings.report.items():
        for number, address in enumerate(report.to):
            yield ("report", name, "to", number), address


def _names(settings: Settings) -> Iterator[Finding]:
    for table, names in (
        ("rule", [rule.name for rule in settings.rule]),
        ("sla", [sla.name for sla in settings.sla]),
    ):
        for number, name in enumerate(names):
            if name in names[:number]:
                yield (table, number, "name"), f'"{name}" is also the name of an earlier one'


def _listeners(settings: Settings) -> Iterator[Finding]:
    doors = [
        ("smtp", settings.smtp and settings.smtp.listen),
        ("portal", settings.portal and settings.portal.listen),
        ("metrics", settings.metrics.listen),
    ]
    taken: dict[str, str] = {}
    for table, door in doors:
        if door and door.port:
            first = taken.setdefault(str(door), table)
            if first != table:
                yield (table, "listen"), f"{door} is also [{first}] listen"


def oddities(settings: Settings) -> Iterator[Finding]:
    """What may be meant, but is worth a second look: the warnings."""
    if not settings.desk.admins:
        yield ("desk", "admins"), "nobody is told when the desk has trouble"
    if not settings.smtp and not settings.mailbox:
        yield (), "there is neither [smtp] nor [mailbox]: no mail can come in"
    for name, mailbox in settings.mailbox.items():
        if mailbox.provider and not settings.relay.host:
            yield (
                ("relay", "host"),
                f"letters are kept as files; without the lines of [relay] the provider of "
                f"[mailbox.{name}] fills it in",
            )
    for name, agent in settings.agent.items():
        if not agent.departments:
            yield ("agent", name, "departments"), "none: no ticket reaches this agent"
    own = {department.address.casefold() for department in settings.department.values()}
    if settings.desk.address.casefold() not in own:
        yield ("desk", "address"), "is no department's address"
    if not _is_example(settings.desk.address):
        yield from _examples(settings)


def _examples(settings: Settings) -> Iterator[Finding]:
    """People of the shipped file who were left in a real desk's."""
    places: list[tuple[Place, str]] = [*_told(settings)]
    places += [(("agent", name, "email"), a.email) for name, a in settings.agent.items()]
    places += [
        (("department", n, "address"), d.address) for n, d in settings.department.items()
    ]
    for place, address in places:
        if _is_example(address):
            yield place, f'"{address}" is an example, to which no mail goes'


def _is_example(address: str) -> bool:
    """Its top-level domain is for tests and documents (RFC 2606)."""
    return address.casefold().rpartition(".")[2] in ("test", "example", "invalid")
