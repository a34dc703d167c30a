"""`maild check` and `maild schema`: what they print and the status they end with."""

import json
import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from maild.cli.check import check
from maild.cli.schema import schema
from maild.config import Settings
from maild.config.inspection import inspect
from maild.rules import Facts

ROOT = Path(__file__).parent.parent

SMALL = """
[desk]
name = "Soporte ACME"
address = "soporte@acme.test"
admins = ["admin@acme.test"]
timezone = "Europe/Madrid"
[smtp]
[department.soporte]
name = "Soporte"
address = "soporte@acme.test"
"""


def run(config: Path, *words: str) -> Result:
    """A command of maild on this config."""
    app = typer.Typer()
    app.command()(check)
    app.command()(schema)
    return CliRunner().invoke(app, list(words), obj={"config": config})


def checked(folder: Path, more: str) -> Result:
    """`maild check` on a small config and some lines more."""
    path = folder / "config.toml"
    path.write_text(SMALL + more, "utf-8")
    return run(path, "check")


def test_a_sound_config_passes_and_shows_its_closed_days() -> None:
    """The shipped config: status 0, and Christmas among the days nobody works."""
    result = run(ROOT / "config.toml", "check")
    assert result.exit_code == 0
    assert re.search(r"^  \w{3} 20\d\d-12-25  \S", result.stdout, re.MULTILINE)
    assert result.stdout.endswith("config.toml: no faults\n")


def test_closed_days_come_from_regions_days_and_files(tmp_path: Path) -> None:
    """A region's holiday, a day of the city, a file, a short day without hours."""
    (tmp_path / "fiestas.ics").write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261123\nSUMMARY:Puente\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    path = tmp_path / "config.toml"
    path.write_text(
        SMALL
        + """[calendar.oficina]
mon-fri = "09:00-17:00"
holidays = ["ES-MD", 2027-05-15, "fiestas.ics"]
short = { 2026-12-24 = "09:00-13:00", 2026-12-31 = "" }
"""
    )
    found = inspect(path, first=date(2026, 11, 22), last=date(2027, 11, 22))
    closed = found.closed["oficina"]
    assert closed[date(2026, 11, 23)] == "Puente"
    assert closed[date(2027, 1, 6)] == "Epifanía del Señor"
    assert {date(2027, 5, 15), date(2026, 12, 31)} <= set(closed)
    assert date(2026, 12, 24) not in closed
    assert list(closed) == sorted(closed)


def test_each_fault_is_one_line_and_the_status_is_2(tmp_path: Path) -> None:
    """Two faults, two lines that an editor can jump to."""
    result = checked(tmp_path, "[kb]\nsugest = 3\nfolder = 4\n")
    assert result.exit_code == 2
    assert result.stdout.splitlines()[:2] == [
        'config.toml:12: [kb] sugest: unknown key (did you mean "suggest"?)',
        "config.toml:13: [kb] folder: must be text in quotes, not 4",
    ]


def test_json_says_the_same_for_programs(tmp_path: Path) -> None:
    """`--json`: one document with ok, errors and warnings, each with line, where, message."""
    path = tmp_path / "config.toml"
    path.write_text(SMALL.replace('admins = ["admin@acme.test"]', "") + "[kb]\nsugest = 3\n")
    result = run(path, "check", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 2
    assert told["ok"] is False
    assert told["errors"] == [
        {
            "line": 12,
            "where": "[kb] sugest",
            "message": 'unknown key (did you mean "suggest"?)',
        }
    ]


def test_warnings_do_not_fail_a_check(tmp_path: Path) -> None:
    """A password in the file is named, but the config may be used."""
    result = checked(tmp_path, '[mailbox.m]\nhost = "h"\nuser = "u"\npassword = "canary"\n')
    assert result.exit_code == 0
    assert "config.toml:14: [mailbox.m] password: warning: is a secret" in result.stdout
    assert "canary" not in result.output


def test_a_provider_that_may_not_send_is_a_warning(tmp_path: Path) -> None:
    """Google's mailbox in the shipped file, whose `[relay] host = ""` keeps letters here; and
    no warning without those lines."""
    mailbox = '[mailbox.main]\nprovider = "google"\nuser = "a@acme.test"\n'
    mailbox += 'password = { command = "echo x" }\n'
    result = checked(tmp_path, f'{mailbox}[relay]\nhost = ""\nport = 25\n')
    assert result.exit_code == 0
    assert "[relay] host: warning: letters are kept as files; without" in result.stdout
    assert "warning" not in checked(tmp_path, mailbox).stdout


def test_a_rule_that_can_never_match_is_named(tmp_path: Path) -> None:
    """A rule hidden behind an earlier `stop` is pointed out."""
    result = checked(
        tmp_path,
        """[[rule]]
name = "Todo"
then.tags = ["x"]
then.stop = true
[[rule]]
name = "Nunca"
when.subject_has = ["factura"]
then.priority = "high"
""",
    )
    assert result.exit_code == 0
    assert 'warning: rule "Nunca" can never match' in result.stdout


def test_a_golden_mail_that_fails_refuses_the_config(tmp_path: Path) -> None:
    """The rules must do what `[[rule.test]]` expects; the fault is at the test's line."""
    rule = """[[rule]]
name = "Urgente"
when.text_has = ["urgente"]
then.priority = "urgent"
[[rule.test]]
subject = "Es urgente"
expect = { priority = "urgent" }
[[rule.test]]
subject = "Es por un gentío"
expect = { priority = "urgent" }
"""
    result = checked(tmp_path, rule)
    assert result.exit_code == 2
    first = result.stdout.splitlines()[0]
    assert first.startswith('config.toml:18: [[rule.test]]: rule test 2 of rule "Urgente"')
    assert "priority" in first


def test_a_golden_mail_may_be_a_file(tmp_path: Path) -> None:
    """A test's mail is read by whoever knows mails, from the folder of the config."""
    (tmp_path / "acceso.eml").write_text("Subject: x\n\n")
    path = tmp_path / "config.toml"
    path.write_text(
        SMALL
        + """[[rule]]
name = "Acceso"
when.text_has = ["acceso"]
then.priority = "high"
[[rule.test]]
mail = "acceso.eml"
expect = { priority = "high" }
"""
    )
    day = date(2026, 11, 22)

    def reads(subject: str) -> Callable[[Settings, Path], Facts]:
        def read(settings: Settings, mail: Path) -> Facts:
            assert mail == tmp_path / "acceso.eml"
            return Facts(subject=subject, department=settings.default_department)

        return read

    assert inspect(path, first=day, last=day, read=reads("Sin acceso")).faults == ()
    assert len(inspect(path, first=day, last=day, read=reads("Otra cosa")).faults) == 1
    (warning,) = inspect(path, first=day, last=day).warnings
    assert warning.message.endswith("acceso.eml was not tried")


def test_a_broken_template_is_a_fault(tmp_path: Path) -> None:
    """An own template that can't be read is named with its line."""
    folder = tmp_path / "templates" / "letters" / "es"
    folder.mkdir(parents=True)
    (folder / "reply.txt").write_text("Hola\n{% if x %}\n")
    result = checked(tmp_path, "")
    assert result.exit_code == 2
    assert "[desk] templates: letters/es/reply.txt:2: " in result.stdout


def test_a_folder_of_letters_is_a_language(tmp_path: Path) -> None:
    """Own templates in Catalan make `language = "ca"` right."""
    more = '[department.ventas]\nname = "V"\naddress = "v@acme.test"\nlanguage = "ca"\n'
    assert checked(tmp_path, more).exit_code == 2
    (tmp_path / "templates" / "letters" / "ca").mkdir(parents=True)
    assert checked(tmp_path, more).exit_code == 0


def test_an_answer_of_a_rule_must_exist(tmp_path: Path) -> None:
    """`then.reply` names a saved answer; a wrong name is a fault."""
    answers = tmp_path / "templates" / "answers" / "es"
    answers.mkdir(parents=True)
    (answers / "factura.txt").write_text("Va en camino.")
    rule = '[[rule]]\nname = "F"\nwhen.subject_has = ["factura"]\nthen.reply = "{}"\n'
    assert checked(tmp_path, rule.format("factura")).exit_code == 0
    result = checked(tmp_path, rule.format("fatcura"))
    assert result.exit_code == 2
    assert '(did you mean "factura"?)' in result.stdout


def test_the_schema_knows_every_table_and_key() -> None:
    """The JSON Schema has a place for each key of the shipped config, and forbids others."""
    result = run(ROOT / "config.toml", "schema")
    document = json.loads(result.stdout)
    data = tomllib.loads((ROOT / "config.toml").read_text("utf-8"))
    assert set(data) <= set(document["properties"])
    assert unknown(document, document, data) == []
    assert unknown(document, document, {"kb": {"sugest": 3}}) == ["sugest"]


def unknown(document: dict[str, Any], node: dict[str, Any], value: Any) -> list[str]:
    """The keys of a value that a schema has no place for."""
    if "$ref" in node:
        node = document["$defs"][node["$ref"].rpartition("/")[2]]
    for part in node.get("anyOf", []) + node.get("allOf", []):
        if "$ref" in part or part.get("type") == kind(value):
            return unknown(document, part, value)
    if isinstance(value, list):
        return [key for item in value for key in unknown(document, node.get("items", {}), item)]
    if not isinstance(value, dict):
        return []
    found = []
    for key, inner in value.items():
        place = node.get("properties", {}).get(key)
        patterns = node.get("patternProperties", {}).items()
        place = place or next((p for rx, p in patterns if re.match(rx, key)), None)
        more = node.get("additionalProperties", True)
        place = place or (more if isinstance(more, dict) else {} if more else None)
        found += [key] if place is None else unknown(document, place, inner)
    return found


def kind(value: Any) -> str:
    """A value's type as JSON Schema calls it."""
    return {dict: "object", list: "array", str: "string", bool: "boolean"}.get(
        type(value), "integer"
    )


@pytest.mark.parametrize("name", ["config.toml"])
def test_a_missing_config_ends_with_2(tmp_path: Path, name: str) -> None:
    """No config at all: one line, status 2."""
    result = run(tmp_path / name, "check")
    assert result.exit_code == 2
    assert "can't be read: No such file or directory" in result.stdout
