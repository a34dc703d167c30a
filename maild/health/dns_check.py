"""What the world's mail systems see of the desk's domain: MX, SPF, DKIM, DMARC."""

from typing import Any

from maild.health.finding import Finding, failed, ok, skipped, warning

WAIT_S = 4.0
#: RFC 2606, RFC 6762: nobody's domains
_NOT_REAL = ("test", "example", "invalid", "localhost", "local", "internal", "lan")


def check_domain(domain: str, *, resolver: Any = None) -> list[Finding]:
    """`resolver`: a `dns.resolver.Resolver`; None asks the machine's own name servers."""
    area = f"dns {domain}"
    if domain.rpartition(".")[2] in _NOT_REAL:
        return [skipped(area, "domain", "is a name for tests or this network only")]
    try:
        import dns.exception
        import dns.resolver
    except ImportError:
        advice = "pip install 'maild[auth]'"
        return [skipped(area, "domain", "DNS entries are looked at by dnspython", advice)]
    try:
        asked = _Asked(resolver or dns.resolver.Resolver(), domain)
        return [asked.mx(area), asked.spf(area), asked.dkim(area), asked.dmarc(area)]
    except dns.exception.DNSException as error:
        text = " ".join(str(error).split())[:200] or type(error).__name__
        advice = "Can this machine ask a name server?"
        return [warning(area, "domain", f"DNS gives no answer: {text}", advice)]


class _Asked:
    """One domain and who answers for it."""

    def __init__(self, resolver: Any, domain: str) -> None:
        self._resolver = resolver
        self._domain = domain

    def _ask(self, name: str, kind: str) -> list[Any]:
        """No records and no such name are the same to us; no answer at all raises."""
        import dns.resolver

        try:
            return list(self._resolver.resolve(name, kind, lifetime=WAIT_S))
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return []

    def _texts(self, name: str) -> list[str]:
        return [
            b"".join(record.strings).decode("utf-8", "replace")
            for record in self._ask(name, "TXT")
        ]

    def mx(self, area: str) -> Finding:
        hosts = [str(record.exchange).rstrip(".") for record in self._ask(self._domain, "MX")]
        if hosts and hosts != [""]:
            return ok(area, "mx", f"mail comes to {', '.join(sorted(hosts)[:4])}")
        text = "no MX: nobody's mail finds the desk"
        return failed(area, "mx", text, "Publish an MX record.")

    def spf(self, area: str) -> Finding:
        found = [t for t in self._texts(self._domain) if t.lower().startswith("v=spf1")]
        if not found:
            text = "no SPF: letters may be taken for spam"
            advice = 'Publish a TXT record such as "v=spf1 mx -all" that names your relay.'
            return failed(area, "spf", text, advice)
        if len(found) > 1:
            text = "two SPF records: none counts (RFC 7208 section 4.5)"
            return failed(area, "spf", text, "Make them one.")
        if "+all" in found[0].split() or "all" in found[0].split():
            text = f"{found[0]}: anybody may send in your name"
            return failed(area, "spf", text, "End it with -all.")
        return ok(area, "spf", found[0][:200])

    def dkim(self, area: str) -> Finding:
        """The key's own name is the relay's choice; but its parent must exist (RFC 8020)."""
        import dns.resolver

        try:
            self._resolver.resolve(f"_domainkey.{self._domain}", "TXT", lifetime=WAIT_S)
        except dns.resolver.NXDOMAIN:
            text = "no DKIM key at all: letters bear no signature that counts"
            advice = "Switch DKIM signing on at the relay, and publish the key it names."
            return failed(area, "dkim", text, advice)
        except dns.resolver.NoAnswer:
            pass
        return ok(area, "dkim", "there are DKIM keys")

    def dmarc(self, area: str) -> Finding:
        labels = self._domain.split(".")
        for start in range(max(1, len(labels) - 1)):
            name = ".".join(labels[start:])
            texts = self._texts(f"_dmarc.{name}")
            found = [text for text in texts if text.lower().startswith("v=dmarc1")]
            if found:
                return ok(area, "dmarc", found[0][:200])
        text = "no DMARC: anybody can write in your name, and agents' mail gives less proof"
        advice = f'Publish a TXT record _dmarc.{self._domain} "v=DMARC1; p=quarantine".'
        return failed(area, "dmarc", text, advice)
