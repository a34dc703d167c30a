"""Rules at work in the desk: every action, answers, moves, modes, storms."""

import json
import random
from datetime import UTC, datetime

import pytest

from maild.model.mail import Envelope
from maild.trial import on_trial
from tests.stories.office import Office, kinds

LUIS = "Luis Pérez <luis@x.test>"
OPENED = [("acknowledgement", "luis@x.test"), ("agent-new", "ana@acme.test")]


def rule(name: str, when: str = "", then: str = "", on: str = "") -> str:
    """One `[[rule]]`, its `when` and `then` as inline tables."""
    occasions = f"on = {on}\n" if on else ""
    return f'[[rule]]\nname = "{name}"\n{occasions}when = {{ {when} }}\nthen = {{ {then} }}\n'


def answer_file(office: Office, text: str, name: str = "reset") -> None:
    folder = office.folder / "templates/answers/es"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(text)


def why(office: Office, intake: int) -> dict:
    row = office.store.engine.one("SELECT why FROM intake WHERE id = ?", [intake])
    assert row is not None
    found: dict = json.loads(row[0])
    return found


# -- what a rule does to a new ticket ---------------------------------------------------------


def test_a_rule_places_the_ticket_and_says_so(office: Office) -> None:
    """Department, priority, level, tags, category and agent, each with the rule's name."""
    office.configure(
        more=rule(
            "Acceso",
            'text_has = ["no puedo acceder"]',
            'department = "ventas", priority = "high", tags = ["acceso"], assign = "eva"',
        )
    )
    intake = office.write(LUIS)
    ticket = office.ticket()
    assert ticket["department"] == "ventas"
    assert ticket["priority"] == "high"
    assert ticket["tags"] == ["acceso"]
    assert ticket["assignee"] == "eva"
    assert ticket["category"] == "Acceso"
    actors = {e["kind"]: e["actor"] for e in ticket["events"]}
    assert actors["tags"] == actors["assigned"] == "rule:Acceso"
    assert ticket["events"][0]["detail"]["department"] == "ventas"
    assert kinds(office.letters()) == [OPENED[0], ("agent-new", "eva@acme.test")]
    (line,) = why(office, intake)["rules"]["trace"]
    assert line["matched"] and "no puedo acceder" in line["because"]


def test_a_category_is_said_or_is_the_rule_that_gave_the_department(office: Office) -> None:
    """Else the first that matched; none where none matched."""
    office.configure(
        more=rule("Todos", "", 'tags = ["t"]')
        + rule("Facturas", 'text_has = "factura"', 'department = "ventas"')
        + rule("Robo", 'text_has = "robo"', 'category = "Seguridad"')
    )
    for subject in ("hola", "factura", "robo de factura"):
        office.write(LUIS, subject)
    categories = [office.ticket(number)["category"] for number in (1, 2, 3)]
    assert categories == ["Todos", "Facturas", "Seguridad"]
    office.configure(more="")
    office.write(LUIS, "nada")
    assert office.ticket(4)["category"] is None


def test_a_saved_answer_goes_to_the_customer_as_automatic_mail(office: Office) -> None:
    """One `answer` letter, marked as automatic; it stands on the ticket, by the rule."""
    answer_file(office, "Pulse «He olvidado mi contraseña».\n\nGracias.")
    office.configure(more=rule("Clave", 'text_has = "contraseña"', 'reply = "reset"'))
    office.write(LUIS, "Mi contraseña")
    letters = {letter.type: letter for letter in office.letters()}
    assert set(letters) == {"acknowledgement", "answer", "agent-new"}
    answer = letters["answer"]
    assert answer.to == "luis@x.test"
    assert "Pulse «He olvidado mi contraseña»." in answer.text
    assert answer.mail["Auto-Submitted"] == "auto-replied"
    assert "ana@acme.test" not in answer.raw.decode()
    ticket = office.ticket()
    kept = ticket["messages"][1]
    assert (kept["kind"], kept["to"]) == ("auto", ["luis@x.test"])
    assert ticket["events"][-1]["actor"] == "rule:Clave"
    assert ticket["status"] == "new"


def test_a_saved_answer_never_goes_to_machines_or_too_often(office: Office) -> None:
    """None to a robot; to an address without proof only with an acknowledgement."""
    answer_file(office, "Pulse aquí.")
    office.configure(more=rule("Clave", "", 'reply = "reset"'))
    office.write("robot@x.test", "alarma", Auto_Submitted="auto-generated")
    assert kinds(office.letters()) == [("agent-new", "ana@acme.test")]
    for number in range(8):
        office.write(LUIS, f"n{number}")
    to_luis = [letter for letter in office.letters() if letter.to == "luis@x.test"]
    assert sorted(letter.type for letter in to_luis) == ["acknowledgement", "answer"]


def test_those_a_rule_names_are_told_once(office: Office) -> None:
    """Words and addresses; who hears of the ticket anyway hears of it once."""
    office.configure(
        more=rule("P1", "", 'notify = ["assignee", "supervisors", "guardia@acme.test"]')
    )
    office.write(LUIS)
    told = [to for type, to in kinds(office.letters()) if type == "agent-new"]
    assert told == ["ana@acme.test", "guardia@acme.test", "jefa@acme.test"]


def test_a_rule_makes_readers_and_never_of_the_desk_itself(office: Office) -> None:
    """They get the answers from now on."""
    office.configure(
        more=rule("Archivo", "", 'cc = ["archivo@acme.test", "soporte@acme.test"]')
    )
    office.write(LUIS)
    assert office.ticket()["cc"] == ["archivo@acme.test"]
    notice = office.letter("agent-new")
    office.answer(notice, "Hecho.")
    told = sorted(letter.to for letter in office.letters() if letter.type == "reply")
    assert told == ["archivo@acme.test", "luis@x.test"]


def test_a_dropped_mail_is_accounted_for(office: Office) -> None:
    """No ticket, no letter, and the reason and the trace are kept."""
    office.configure(
        more=rule("Boletines", 'header = { List-Unsubscribe = "*" }', 'drop = "boletín"')
    )
    intake = office.write(LUIS, List_Unsubscribe="<mailto:x@y.test>")
    assert office.outcome(intake) == "dropped"
    assert office.letters() == []
    assert office.store.browse.whole(1) is None
    assert why(office, intake)["rules"]["dropped"] == "boletín"


def test_spam_by_a_rule_is_nobodys_news(office: Office) -> None:
    """The ticket is there, marked; nobody is told."""
    office.configure(more=rule("Basura", 'text_has = "viagra"', 'status = "spam"'))
    office.write(LUIS, "viagra")
    assert office.ticket()["status"] == "spam"
    assert office.letters() == []


def test_resolving_by_rule_sends_nothing_to_who_proved_nothing(office: Office) -> None:
    """Else the desk could be made to write to anybody."""
    office.configure(more=rule("Listo", "", 'status = "resolved"'))
    office.write(LUIS)
    assert office.ticket()["status"] == "resolved"
    assert kinds(office.letters()) == OPENED


# -- answers ----------------------------------------------------------------------------------

ON_REPLY = '["reply"]'


def test_rules_on_answers_change_the_ticket(office: Office) -> None:
    """They see its state, and each change bears the rule's name."""
    office.configure(
        more=rule("Nuevo", "", 'tags = ["visto"]')
        + rule(
            "Enfado",
            'text_has = "queja", tags = "visto", department = "soporte"',
            'priority = "urgent", tags = ["queja"], status = "on_hold"',
            ON_REPLY,
        )
    )
    office.write(LUIS)
    acknowledgement, _ = office.letters()
    intake = office.answer(acknowledgement, "Voy a poner una queja.", sender=LUIS)
    ticket = office.ticket()
    assert (ticket["priority"], ticket["status"]) == ("urgent", "on_hold")
    assert ticket["tags"] == ["visto", "queja"]
    assert ticket["category"] == "Nuevo"
    assert {e["actor"] for e in ticket["events"][-3:]} == {"rule:Enfado"}
    assert why(office, intake)["rules"]["matched"] == ["Enfado"]
    assert kinds(office.letters()) == [("agent-message", "ana@acme.test")]


def test_an_answer_that_moves_the_ticket_finds_new_people(office: Office) -> None:
    """Ana loses it, the other department is told, with the words that moved it."""
    office.configure(
        assign="least_busy",
        more=rule("Factura", 'text_has = "factura"', 'department = "ventas"', ON_REPLY),
    )
    office.write(LUIS)
    acknowledgement, _ = office.letters()
    assert office.ticket()["assignee"] == "ana"
    office.answer(acknowledgement, "Es por la factura.", sender=LUIS)
    assert office.ticket()["department"] == "ventas"
    assert office.ticket()["assignee"] is None
    (notice,) = office.letters()
    assert (notice.type, notice.to) == ("agent-new", "eva@acme.test")
    assert "Es por la factura." in notice.text


def test_an_answer_can_be_dropped(office: Office) -> None:
    """It joins nothing, and is accounted for."""
    office.configure(
        more=rule("Eco", 'subject_has = "eco"', 'drop = "eco"', ON_REPLY),
    )
    office.write(LUIS)
    acknowledgement, _ = office.letters()
    intake = office.answer(acknowledgement, "x", sender=LUIS, subject="Eco")
    assert office.outcome(intake) == "dropped"
    assert len(office.ticket()["messages"]) == 1
    assert office.letters() == []


def test_an_answer_is_answered_by_rule(office: Office) -> None:
    """The saved answer goes out again, also to who has written before."""
    answer_file(office, "Estamos en ello.")
    office.configure(more=rule("Prisa", 'body_has = "urge"', 'reply = "reset"', ON_REPLY))
    office.write(LUIS)
    acknowledgement, _ = office.letters()
    office.answer(acknowledgement, "¡Urge!", sender=LUIS)
    assert kinds(office.letters()) == [
        ("agent-message", "ana@acme.test"),
        ("answer", "luis@x.test"),
    ]
    assert office.outcome(2) == "reply"


# -- who gets it ------------------------------------------------------------------------------

AWAY = 'away = ["2026-06-08/2026-06-12"]'


def _second_agent(office: Office, away: str = "") -> str:
    return (
        '[agent.pau]\nname = "Pau"\nemail = "pau@acme.test"\ndepartments = ["ventas"]\n'
        f"level = 1\n{away}\n"
    )


def test_a_moved_ticket_is_assigned_anew(office: Office) -> None:
    """`#departamento` re-runs the other department's assignment and tells its agent once."""
    office.configure(
        more='[department.red]\naddress = "red@acme.test"\nname = "Red"\n'
        'assign = "round_robin"\n[agent.pau]\nname = "Pau"\nemail = "pau@acme.test"\n'
        'departments = ["red"]\nlevel = 1\n'
    )
    office.write(LUIS)
    office.answer(office.letter("agent-new"), "#departamento red")
    assert office.ticket()["assignee"] == "pau"
    assert kinds(office.letters()) == [("agent-new", "pau@acme.test")]


def test_who_is_away_gets_nothing_assigned_and_is_not_told_alone(office: Office) -> None:
    """Neither by turns nor by a rule; his own tickets reach his team as well."""
    office.configure(
        more=_second_agent(office, AWAY) + rule("Pau", 'text_has = "pau"', 'assign = "pau"')
    )
    office.write(LUIS, "para pau", to="sales@acme.test")
    assert office.ticket()["assignee"] is None
    office.letters()
    office.configure(more=_second_agent(office) + rule("Pau", "", 'assign = "pau"'))
    office.write(LUIS, "otra", to="sales@acme.test")
    assert office.ticket(2)["assignee"] == "pau"
    (notice,) = office.letters()
    office.configure(more=_second_agent(office, AWAY))
    office.write(LUIS, "Re: [ACME #2] otra", "¿Y bien?", to="sales@acme.test")
    told = sorted(letter.to for letter in office.letters())
    assert told == ["eva@acme.test", "pau@acme.test"]
    assert notice.to == "pau@acme.test"


def test_who_is_away_hears_of_what_is_his(office: Office) -> None:
    """A ticket of nobody is news to those who are there; where a level's people are all away,
    their department hears of it too; what is given to one by name reaches him alone."""
    eva, pau = "eva@acme.test", "pau@acme.test"
    office.configure(more=_second_agent(office, AWAY))
    office.write(LUIS, "de nadie", to="sales@acme.test")
    notices = [letter for letter in office.letters() if letter.type == "agent-new"]
    assert [letter.to for letter in notices] == [eva]
    office.answer(notices[0], "#assign pau")
    assert kinds(office.letters()) == [("assigned", pau)]
    office.configure(more=_second_agent(office, AWAY).replace("level = 1", "level = 3"))
    office.answer(notices[0], "#unassign\n#escalate 3")
    told = [letter.to for letter in office.letters() if letter.type == "escalation"]
    assert sorted(told) == [eva, pau]


# -- modes ------------------------------------------------------------------------------------


def test_in_shadow_every_letter_is_kept_but_those_to_the_admins(office: Office) -> None:
    """They stand in the queue as kept, agents' notices and answers included."""
    office.configure(desk='mode = "shadow"')
    office.write(LUIS)
    office.write("cliente@x.test", "Hola", to="postmaster@acme.test")
    assert kinds(office.letters()) == [("admin", "admin@acme.test")]
    counts = office.store.browse.counts()
    assert counts["outgoing"]["kept"] == 2
    assert {item.state for item in office.store.browse.queue()} == {"kept"}


def test_a_pilot_is_for_those_it_names(office: Office) -> None:
    """By requester: notices about others' tickets are kept like their letters."""
    office.configure(desk='mode = "pilot"\npilot_for = ["*@x.test"]')
    office.write("otro@y.test")
    assert office.letters() == []
    office.write(LUIS)
    assert kinds(office.letters()) == OPENED


def test_a_daily_letter_says_what_was_kept(office: Office) -> None:
    """Once a day, to the admins: how many, of what kind, to whom."""
    office.configure(desk='mode = "shadow"')
    for number in range(3):
        office.write(f"c{number}@x.test")
    job = next(job for job in office.app.jobs(office.store) if job.name == "kept letters")
    office.clock.set(datetime(2026, 6, 9, 5, 59, tzinfo=UTC))
    job.run(office.clock.now())
    assert office.letters() == []
    office.clock.set(datetime(2026, 6, 9, 6, 1, tzinfo=UTC))
    for _ in range(3):
        job.run(office.clock.now())
    letter = office.letter("admin", "admin@acme.test")
    assert "6 cartas" in letter.text
    assert "acknowledgement" in letter.text and "ana@acme.test" in letter.text
    again = next(job for job in office.app.jobs(office.store) if job.name == "kept letters")
    again.run(office.clock.now())
    assert office.letters() == []
    office.configure(desk="")
    assert "kept letters" not in [job.name for job in office.app.jobs(office.store)]


@pytest.mark.parametrize("mode", ["live", "shadow"])
def test_old_mail_is_nobodys_news(office: Office, mode: str) -> None:
    """Neither customers nor agents nor admins hear of it, today or when it would be due."""
    sla = '[[sla]]\nname = "s"\nnormal = { first_response = "1h" }\n'
    step = '[[escalation]]\nat = "100%"\nnotify = ["assignee"]\n'
    answer_file(office, "Automático.")
    office.configure(
        desk=f'mode = "{mode}"',
        more=sla + step + rule("r", "", 'reply = "reset", notify = ["x@acme.test"]'),
    )
    old = Envelope("imap:main", silent=True)
    for sender, subject, to in (
        (LUIS, "No puedo acceder", "soporte@acme.test"),
        (LUIS, "estado", "soporte@acme.test"),
        ("Ana <ana@acme.test>", "#cliente x@y.test", "soporte@acme.test"),
        ("x@y.test", "hola", "postmaster@acme.test"),
    ):
        mail = office.mail(sender, subject, "#cliente x@y.test\nHola", to=to)
        office.receive(mail, old)
    office.clock.wind(days=2)
    for job in office.app.jobs(office.store):
        if job.name == "tickets":
            job.run(office.clock.now())
    assert office.letters() == []
    assert office.store.browse.counts()["outgoing"]["kept"] == 0
    assert office.ticket()["status"] == "new"


# -- storms -----------------------------------------------------------------------------------

STORM = '[[cluster]]\nfrom = ["nagios@*"]\nwindow = "30m"\n'


def test_an_alert_storm_is_one_ticket(office: Office) -> None:
    """300 alike in ten minutes, one that differs in the middle: two tickets, two notices."""
    office.configure(more=STORM)
    for number in range(300):
        at = f"2026-06-08 07:{number // 60:02}:{number % 60:02}"
        different = number == 150
        office.write(
            "nagios@mon.test",
            "PROBLEM P1: db07 is DOWN" if different else "PROBLEM: disk usage",
            "All replicas are gone" if different else f"Disk {number % 97} % full at {at}",
        )
        office.clock.wind(seconds=2)
    first, second = office.ticket(1), office.ticket(2)
    assert office.store.browse.whole(3) is None
    assert len(first["messages"]) == 299
    assert {m["kind"] for m in first["messages"][1:]} == {"auto"}
    assert second["subject"] == "PROBLEM P1: db07 is DOWN"
    letters = office.letters()
    assert sum(letter.type == "agent-new" for letter in letters) == 2
    assert sum(letter.type == "acknowledgement" for letter in letters) <= 2
    assert len(letters) <= 4
    storm = office.store.storms.of(1)
    assert storm is not None and storm.count == 299
    assert first["status"] == "new"


def test_a_storm_ends_with_its_window_or_its_solution(office: Office) -> None:
    """After half an hour of calm, or once solved, the next mail opens a ticket."""
    office.configure(more=STORM)
    office.write("nagios@mon.test", "disk", "disk 91 %")
    office.clock.wind(minutes=29)
    office.write("nagios@mon.test", "disk", "disk 92 %")
    office.clock.wind(minutes=29)
    office.write("nagios@mon.test", "disk", "disk 93 %")
    assert office.store.browse.whole(2) is None
    office.clock.wind(minutes=31)
    office.write("nagios@mon.test", "disk", "disk 94 %")
    notice = [letter for letter in office.letters() if letter.type == "agent-new"][-1]
    assert office.ticket(2)["subject"] == "disk"
    office.answer(notice, "#resuelto")
    office.write("nagios@mon.test", "disk", "disk 95 %")
    assert office.ticket(3)["subject"] == "disk"


def test_people_are_never_gathered(office: Office) -> None:
    """Two customers with the same words are two customers."""
    office.configure(more=STORM)
    office.write("a@x.test", "no va", "no va")
    office.write("b@x.test", "no va", "no va")
    assert office.ticket(2)["requester"]["email"] == "b@x.test"


# -- the table --------------------------------------------------------------------------------

WORDS = "vpn factura acceso lento correo disco usb red nómina teclado pantalla móvil".split()


def _random_rules(dice: random.Random) -> str:
    rules = []
    for number in range(40):
        words = dice.sample(WORDS, 2)
        when = dice.choice(
            [
                f'text_has = ["{words[0]}", "{words[1]}*"]',
                f'subject_has = "{words[0]}", not = {{ body_has = "{words[1]}" }}',
                f"body_matches = '{words[0]}\\s+\\w+'",
                f'from = "*@d{number % 5}.test"',
                f'tags = "t{max(0, number - 3)}"',
                'department = "ventas", priority = ["high", "urgent"]',
                f'header = {{ X-Kind = "k{number % 4}*" }}',
                f'attachment = "*.p{number % 3}"',
                "automatic = true",
                'larger_than = "150B", in_hours = true',
            ]
        )
        then = dice.choice(
            [
                f'department = "{dice.choice(["ventas", "soporte"])}"',
                f'priority = "{dice.choice(["low", "high", "urgent"])}"',
                f"level = {dice.randint(1, 3)}",
                f'assign = "{dice.choice(["ana", "eva", "leo"])}"',
                f'category = "c{number % 6}"',
            ]
        )
        stop = ", stop = true" if dice.random() < 0.1 else ""
        rules.append(rule(f"r{number}", when, f'{then}, tags = ["t{number}"]{stop}'))
    return "".join(rules)


def test_rules_test_says_what_the_desk_then_does(office: Office) -> None:
    """40 rules, 300 mails: department, priority, level, tags, agent and trace agree."""
    dice = random.Random(7)
    office.configure(more=_random_rules(dice))
    matched = set()
    with on_trial(office.app.settings) as trial:
        for number in range(1, 301):
            mail = office.mail(
                f"c{number}@d{dice.randrange(8)}.test",
                " ".join(dice.sample(WORDS, 3)),
                " ".join(dice.choices(WORDS, k=12)),
                to=dice.choice(["soporte@acme.test", "sales@acme.test"]),
                **({"X_Kind": f"k{dice.randrange(6)}"} if dice.random() < 0.5 else {}),
                **({"Auto_Submitted": "auto-generated"} if dice.random() < 0.2 else {}),
            )
            if dice.random() < 0.3:
                name = f"a.p{dice.randrange(5)}"
                mail.add_attachment(
                    b"x" * 100, maintype="application", subtype="x", filename=name
                )
            said = trial.book.decide(trial.facts(mail.as_bytes(), now=office.clock.now()))
            intake = office.receive(mail)
            told, done = said.as_json(), office.ticket(number)
            for key in ("department", "priority", "level", "tags", "assignee"):
                assert done[key] == told[key], (number, key)
            kept = why(office, intake)["rules"]
            assert [line["because"] for line in kept["trace"]] == [
                line["because"] for line in told["trace"]
            ]
            matched |= set(said.matched)
            office.clock.wind(minutes=17)
    assert len(matched) > 30, "the table tries too few rules"


def test_facts_survive_the_store(office: Office) -> None:
    """What is kept for replay gives the same decision again, bit for bit."""
    office.configure(more=_random_rules(random.Random(3)))
    office.write("c@d1.test", "vpn ñ €", "lento " * 40, X_Kind="k1")
    (stored,) = office.store.sightings.since(datetime(2026, 1, 1, tzinfo=UTC))
    again = office.app.rules.decide(stored.facts, on=stored.on)
    row = why(office, 1)["rules"]
    assert again.record() == row
