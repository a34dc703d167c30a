"""config.toml: what it is read as, what is said of faults, and where."""

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model

from maild.config import InvalidConfig, Listen, Rate, Secret, examine, find_config, load
from maild.config.lines import Place, locate
from maild.config.places import known_keys
from maild.config.secret import parse as parse_secret
from maild.config.settings import Settings
from maild.config.table import Reading, Table
from maild.errors import ConfigError

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "config.toml"
BAD = sorted(path for path in (Path(__file__).parent / "bad_config").iterdir() if path.is_dir())

SMALL = """
[desk]
name = "Soporte ACME"
address = "soporte@acme.test"
admins = ["admin@acme.test"]
[smtp]
[department.soporte]
name = "Soporte"
address = "soporte@acme.test"
"""


def written(folder: Path, text: str) -> Path:
    """A config file with this text."""
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return path


def settings_of(folder: Path, more: str = "") -> Settings:
    """The settings of a small config and some lines more."""
    return load(written(folder, SMALL + more))


def faults_of(folder: Path, more: str) -> list[str]:
    """The lines that are said of a small config and some lines more."""
    found = examine(written(folder, SMALL + more))
    return [fault.text(found.file) for fault in found.faults]


# Faults


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_a_bad_config_is_refused_with_its_sentence(folder: Path) -> None:
    """Each folder of bad_config is refused, and the first line said is the one expected."""
    with pytest.raises(InvalidConfig) as refused:
        load(folder / "config.toml")
    first, _, _ = str(refused.value).partition("\n")
    expected = (folder / "expected").read_text("utf-8").strip()
    assert expected == first.replace(str(folder), "DIR")
    assert refused.value.exit_code == 2


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Shape, names, rules and secrets are complained of in one run, in the order of lines."""
    told = faults_of(
        tmp_path,
        """[kb]
sugest = 3
[department.ventas]
name = "Ventas"
address = "ventas@acme.test"
calendar = "oficina"
[[rule]]
name = "Acceso"
when.text_has = ["x"]
then.level = 7
[webhook.crm]
url = "https://crm.acme.test/"
events = ["status"]
secret = { env = "MAILD_TEST_NOT_SET" }
""",
    )
    assert told == [
        'config.toml:11: [kb] sugest: unknown key (did you mean "suggest"?)',
        "config.toml:15: [department.ventas] calendar: there is no [calendar.oficina]",
        "config.toml:19: [[rule]] then.level: no level 7: there are 1, 2, 3",
        "config.toml:23: [webhook.crm] secret: "
        "the environment variable MAILD_TEST_NOT_SET is not set",
    ]


def test_a_cut_file_is_refused_and_nothing_else_happens(tmp_path: Path) -> None:
    """The shipped file cut at every 50th byte is read or refused, never a crash."""
    raw = SHIPPED.read_bytes()
    refused = 0
    for end in range(0, len(raw), 50):
        path = tmp_path / "config.toml"
        path.write_bytes(raw[:end])
        try:
            load(path)
        except InvalidConfig as error:
            refused += 1
            assert all(
                re.match(r"config\.toml:\d+: ", str(f.text("config.toml")))
                for f in error.faults
            )
    assert refused > 50


@pytest.mark.parametrize("value", ["-1", '"é @"', "[[]]", "{ a = 1 }", "12:00:00", "nan"])
def test_any_value_anywhere_is_read_or_refused(tmp_path: Path, value: str) -> None:
    """Every value of the shipped file in turn becomes one of another kind: no crash."""
    lines = SHIPPED.read_text("utf-8").splitlines()
    refused = 0
    for number, line in enumerate(lines):
        if found := re.match(r"[\w.-]+\s*=\s*", line):
            changed = [*lines[:number], found[0] + value, *lines[number + 1 :]]
            refused += bool(examine(written(tmp_path, "\n".join(changed))).faults)
    assert refused > 100


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'[desk]\nname = "\xff"\n', "config.toml:2: is not UTF-8 text"),
        (b"a = " + b"[" * 100_000, "config.toml:1: is nested too deeply"),
        (b"\x00", "config.toml:1: is no TOML"),
    ],
)
def test_bytes_that_are_no_config_are_refused(tmp_path: Path, raw: bytes, said: str) -> None:
    """Binary rubbish, endless nesting and other encodings get a sentence too."""
    path = tmp_path / "config.toml"
    path.write_bytes(raw)
    with pytest.raises(InvalidConfig, match=re.escape(said)):
        load(path)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    """No file: the path is named, and `maild init`."""
    with pytest.raises(InvalidConfig, match="maild init"):
        load(tmp_path / "config.toml")


# The shipped file


def test_the_shipped_config_is_sound() -> None:
    """What we ship has neither faults nor warnings."""
    found = examine(SHIPPED)
    assert found.faults == ()
    assert found.warnings == ()


#: Keys whose shipped value is an example beside a default of nobody and UTC.
EXAMPLES = {"desk.timezone", "desk.admins"}


def test_the_shipped_config_states_the_defaults() -> None:
    """Every value we ship that has a default is that default, examples of people aside."""
    data = tomllib.loads(SHIPPED.read_text("utf-8"))
    settings = load(SHIPPED)
    wrong = [
        f"{name}.{key}"
        for name, table in single_tables(settings)
        for key in data[name]
        if f"{name}.{key}" not in EXAMPLES
        and not type(table).model_fields[key].is_required()
        and getattr(table, key) != default_of(type(table), key)
    ]
    assert wrong == []


def single_tables(settings: Settings) -> list[tuple[str, Table]]:
    """The tables there is one of; people, hours and promises are examples throughout."""
    tables = {name: getattr(settings, name) for name in Settings.model_fields}
    return [(name, table) for name, table in tables.items() if isinstance(table, Table)]


def default_of(model: type[Table], key: str) -> Any:
    """A key's default, put through the same parsing as a value of the file."""
    field = model.model_fields[key]
    alone = create_model("Alone", __base__=Table, **{key: (field.annotation, field)})
    return getattr(alone.model_validate({}, context=Reading(ROOT)), key)


def test_every_option_stands_in_the_shipped_config() -> None:
    """Each key of each table is there, if only in a comment."""
    text = SHIPPED.read_text("utf-8")
    missing = [
        f"{table.__name__}.{key}"
        for table in tables_under(Settings)
        for key in (field.alias or name for name, field in table.model_fields.items())
        if key != "(days)" and not re.search(rf"\b{key}\b", text)
    ]
    assert missing == []


def tables_under(kind: Any, seen: tuple[Any, ...] = ()) -> set[type[Table]]:
    """A table and all tables in it."""
    if isinstance(kind, type) and issubclass(kind, Table):
        inner = (field.annotation for field in kind.model_fields.values())
        return {kind}.union(*(tables_under(part) for part in inner))
    return set().union(*(tables_under(part) for part in get_args(kind)))


# What values become


def test_names_in_the_file_are_the_names_of_attributes(tmp_path: Path) -> None:
    """A small file gives settings with all the rest at its defaults."""
    settings = settings_of(tmp_path)
    assert settings.desk.tag == "ACME"
    assert settings.smtp and settings.smtp.listen == Listen("127.0.0.1", 8025)
    assert settings.portal is None
    assert settings.default_department == "soporte"
    assert settings.limits.answers_per_address == Rate(10, timedelta(hours=1))
    assert settings.limits.attachments == 15_000_000
    assert settings.retention.raw_mail == timedelta(days=730)
    assert settings.retention.closed_tickets is None
    assert list(settings.levels) == [1, 2, 3]


def test_a_working_day_is_kept_apart_from_hours(tmp_path: Path) -> None:
    """In levels and SLAs `d` waits for a calendar; elsewhere it has 24 hours."""
    settings = settings_of(
        tmp_path, '[levels]\n1 = { time = "1d2h" }\n[lifecycle]\nretarget_grace = "1d2h"\n'
    )
    time = settings.levels[1].time
    assert time and time.of(timedelta(hours=8)) == timedelta(hours=10)
    assert settings.lifecycle.retarget_grace == timedelta(hours=26)


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """The store, state and templates of a config lie beside it, wherever maild is started."""
    settings = settings_of(tmp_path)
    assert settings.desk.state_dir == tmp_path / "var"
    assert settings.desk.templates == tmp_path / "templates"
    assert settings.store.url == f"sqlite:///{tmp_path}/var/maild.db"


def test_a_calendar_holds_its_week_in_minutes(tmp_path: Path) -> None:
    """`mon-thu` and `fri` become seven days; the longest is the working day."""
    settings = settings_of(
        tmp_path,
        """[calendar.oficina]
mon-thu = "16:00-19:00, 09:00-14:00"
fri = "09:00-15:00"
short = { 2026-12-24 = "09:00-13:00", 2026-12-31 = "" }
holidays = ["ES-MD", 2026-05-15]
""",
    )
    calendar = settings.calendar["oficina"]
    assert calendar.week[0] == ((540, 840), (960, 1140))
    assert calendar.week[4] == ((540, 900),)
    assert calendar.week[5:] == ((), ())
    assert calendar.working_day == timedelta(hours=8)
    assert calendar.short[date(2026, 12, 24)] == ((540, 780),)
    assert calendar.holidays == ("ES-MD", date(2026, 5, 15))


def test_a_provider_fills_in_what_is_silent(tmp_path: Path) -> None:
    """Microsoft 365 brings host, port, sign-in and the relay; what is written wins."""
    settings = settings_of(
        tmp_path,
        """[mailbox.main]
provider = "microsoft365"
user = "soporte@acme.test"
port = 1993
oauth = { client_id = "x", flow = "device", tenant = "acme" }
""",
    )
    mailbox = settings.mailbox["main"]
    assert (mailbox.host, mailbox.port) == ("outlook.office365.com", 1993)
    assert mailbox.oauth and mailbox.oauth.provider == "microsoft"
    assert settings.relay.host == "smtp.office365.com"
    assert settings.relay.user == "soporte@acme.test"
    assert settings.relay.oauth == mailbox.oauth
    assert settings.relay.envelope == ""


def test_a_provider_leaves_a_written_relay_alone(tmp_path: Path) -> None:
    """`relay.host = ""` says: keep letters as files, whatever the mailbox."""
    settings = settings_of(
        tmp_path,
        '[mailbox.main]\nprovider = "google"\nuser = "a@acme.test"\npassword = "x"\n'
        '[relay]\nhost = ""\n',
    )
    assert settings.relay.host == ""
    assert settings.mailbox["main"].oauth is None


# Secrets


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    """Neither repr nor str of the settings holds a password; a plain one is warned of."""
    path = written(
        tmp_path,
        SMALL + '[mailbox.m]\nhost = "h"\nuser = "u"\npassword = "canary"\n',
    )
    found = examine(path)
    assert found.settings
    assert "canary" not in repr(found.settings) + str(found.settings) + repr(found)
    secret = found.settings.mailbox["m"].password
    assert secret and secret.reveal() == "canary" and "canary" not in str(secret)
    assert [warning.where for warning in found.warnings] == ["[mailbox.m] password"]
    assert "canary" not in found.warnings[0].message


def test_a_wrong_secret_is_not_quoted(tmp_path: Path) -> None:
    """A fault about a secret of a wrong kind does not print it."""
    told = faults_of(tmp_path, '[mailbox.m]\nhost = "h"\nuser = "u"\npassword = ["canary"]\n')
    assert len(told) == 1
    assert "canary" not in told[0]


def test_a_secret_comes_from_where_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables, files and commands are read when the secret is asked for."""
    monkeypatch.setenv("MAILD_TEST_SECRET", "from env")
    (tmp_path / "key").write_text("from file\n")
    (tmp_path / "key").chmod(0o600)
    sources = {"env": "MAILD_TEST_SECRET", "file": "key", "command": "echo 'from command'"}
    secrets = {kind: parse_secret({kind: word}, tmp_path) for kind, word in sources.items()}
    assert {kind: f"from {kind}" for kind in sources} == {
        kind: secret.reveal() for kind, secret in secrets.items() if secret
    }


def test_a_file_everybody_can_read_holds_no_secret(tmp_path: Path) -> None:
    """A world-readable secret file is refused, and the sentence says how to mend it."""
    (tmp_path / "key").write_text("open")
    (tmp_path / "key").chmod(0o644)
    secret = Secret("file", str(tmp_path / "key"))
    with pytest.raises(ConfigError, match="chmod o-r"):
        secret.reveal()


@pytest.mark.parametrize("command", ["false", "no-such-program-here", "'unclosed", "true"])
def test_a_command_that_gives_no_secret_is_a_fault(command: str) -> None:
    """Failing, missing, malformed and silent commands each raise ConfigError."""
    with pytest.raises(ConfigError, match="the command"):
        Secret("command", command).reveal()


def test_commands_that_need_no_secret_run_without(tmp_path: Path) -> None:
    """`load(secrets=False)` accepts a password that is not set here."""
    more = '[mailbox.m]\nhost = "h"\nuser = "u"\npassword = { env = "MAILD_TEST_NOT_SET" }\n'
    path = written(tmp_path, SMALL + more)
    assert load(path, secrets=False).mailbox["m"].user == "u"
    with pytest.raises(InvalidConfig):
        load(path)


# Places


def test_the_config_is_found_where_it_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-c` wins over $MAILD_CONFIG, which wins over ./config.toml."""
    monkeypatch.delenv("MAILD_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    assert Path("config.toml") == find_config(None)
    monkeypatch.setenv("MAILD_CONFIG", "/x/y.toml")
    assert Path("/x/y.toml") == find_config(None)
    assert Path("z.toml") == find_config(Path("z.toml"))


def test_lines_are_found_in_every_shape_of_toml() -> None:
    """Dotted and quoted keys, inline tables, arrays over several lines, long strings."""
    text = '''a.b = 1
"c d" = """
[not.a.table]
x = 1"""
e = [ # comment ]
  "]",
  { f = 1, "g\\u0041" = [2,
     3] },
]
[[r]]
w.x = 'it''s'
[[r.t]]
m = 1
[[r]]
[[r.t]]
[r.t.deep]
n = 2026-01-01
[ z . "y" ]
k = {}
'''.replace("'it''s'", "'its'")
    tomllib.loads(text)
    lines = locate(text)
    expected: dict[Place, int] = {
        ("a", "b"): 1,
        ("c d",): 2,
        ("e",): 5,
        ("e", 0): 6,
        ("e", 1, "f"): 7,
        ("e", 1, "gA"): 7,
        ("e", 1, "gA", 1): 8,
        ("r",): 10,
        ("r", 0, "w", "x"): 11,
        ("r", 0, "t", 0, "m"): 13,
        ("r", 1): 14,
        ("r", 1, "t", 0): 15,
        ("r", 1, "t", 0, "deep", "n"): 17,
        ("z", "y", "k"): 19,
    }
    assert expected == {place: lines.get(place) for place in expected}


def places_in(data: Any, place: Place = ()) -> set[Place]:
    """Every path of a parsed document."""
    steps: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        steps = list(data.items())
    elif isinstance(data, list):
        steps = list(enumerate(data))
    found = {place} if place else set()
    return found.union(*(places_in(value, (*place, step)) for step, value in steps))


def test_every_place_of_the_shipped_config_has_a_line() -> None:
    """The scanner finds exactly the paths that tomllib finds."""
    text = SHIPPED.read_text("utf-8")
    assert places_in(tomllib.loads(text)) == set(locate(text))


keys = st.sampled_from(["a", "b-c", '"q k"', "'l k'", '"\\u00e9"', "1", "x.y", 'x . "z.w"'])
scalars = st.sampled_from(
    [
        "1",
        "-2.5e3",
        "true",
        "2026-01-01",
        "07:30:00",
        '"#t"',
        "'[x]'",
        '"""\n"a"\n"""',
        "'''\n'''",
    ]
)
blanks = st.sampled_from(["", " ", "\t"])
breaks = st.sampled_from([" ", "\n", "\n # note ]\n"])


def values() -> st.SearchStrategy[str]:
    """Values as TOML text, nested."""

    def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        arrays = st.builds(
            lambda items, gap: "[" + gap + f",{gap}".join(items) + gap + "]",
            st.lists(inner, max_size=3),
            breaks,
        )
        tables = st.builds(
            lambda pairs: "{ " + ", ".join(f"{k} = {v}" for k, v in pairs.items()) + " }",
            st.dictionaries(keys, inner.filter(lambda v: "\n" not in v), max_size=3),
        )
        return arrays | tables

    return st.recursive(scalars, nested, max_leaves=6)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["", "[t]", "[u.v]", "[[r]]", "[[r.s]]", "[ r . s . w ]", "[[u.x]]"]
            ),
            st.dictionaries(keys, values(), max_size=3),
            breaks,
        ),
        max_size=6,
    )
)
def test_the_scanner_agrees_with_tomllib(parts: list[tuple[str, dict[str, str], str]]) -> None:
    """For any document tomllib accepts, the scanner knows the same paths, each on its line."""
    text = "\n".join(
        head + gap + "\n" + "\n".join(f"{key} = {value}" for key, value in pairs.items())
        for head, pairs, gap in parts
    )
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = locate(text)
    assert places_in(data) == set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


def test_the_nearest_words_come_from_the_tables() -> None:
    """What may stand in a table is asked of the table, however deep it is."""
    assert "suggest" in known_keys(("kb",))
    assert "client_id" in known_keys(("mailbox", "main", "oauth"))
    assert "key" in known_keys(("portal", "source", "chatbot"))
    assert "expect" in known_keys(("rule", 0, "test", 1))
    assert "mon" in known_keys(("calendar", "oficina"))
