"""A first config.toml: the shipped one, with the five things only its owner knows."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

from maild.config.desk import tag_for
from maild.config.schema import json_schema
from maild.config.shipped import shipped
from maild.config.templates import languages
from maild.errors import ConfigError

_WRITTEN = ("config.toml", "config.schema.json", "templates")


@dataclass(frozen=True, slots=True)
class Answers:
    """What `maild init` asks."""

    name: str
    address: str
    language: str
    timezone: str
    admin: str


def refuse_to_overwrite(folder: Path) -> None:
    """Raises ConfigError where one of the files of a config is in the folder already."""
    for name in _WRITTEN:
        if (folder / name).exists():
            raise ConfigError(f"{folder / name} is there already; nothing was written")


def local_language() -> str:
    """This machine's language where there are templates in it, else English."""
    word = (os.environ.get("LC_ALL") or os.environ.get("LANG") or "")[:2]
    return word if word in languages((shipped("templates"),)) else "en"


def local_timezone() -> str:
    """This machine's time zone by its name, or UTC."""
    target = str(Path("/etc/localtime").resolve())
    name = os.environ.get("TZ") or target.partition("zoneinfo/")[2]
    return name if name in available_timezones() else "UTC"


def write(folder: Path, answers: Answers | None = None) -> list[Path]:
    """config.toml, its schema and templates/ in `folder`; the paths written.

    Raises ConfigError, having written nothing, where one of them is there already.
    """
    refuse_to_overwrite(folder)
    config, schema, templates = (folder / name for name in _WRITTEN)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(shipped("templates"), templates)
        schema.write_text(json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n")
        text = shipped("config.toml").read_text("utf-8")
        config.write_text(filled_in(text, answers) if answers else text, "utf-8")
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error
    return [config, schema, templates]


def filled_in(text: str, answers: Answers) -> str:
    """The shipped text with the answers in it, in shadow mode: no letter leaves yet."""
    text = text.replace('"soporte@acme.test"', _quoted(answers.address))
    values = {
        "name": _quoted(answers.name),
        "tag": _quoted(tag_for(answers.name)),
        "language": _quoted(answers.language),
        "timezone": _quoted(answers.timezone),
        "admins": f"[{_quoted(answers.admin)}]",
        "mode": '"shadow"',
    }
    for key, value in values.items():  # [desk] is the first table, so the first such key is its
        found = re.search(rf'^{key} *= *("[^"]*"|\[[^\]]*\])', text, re.MULTILINE)
        assert found, f"the shipped config has no {key}"
        text = text[: found.start(1)] + value + text[found.end(1) :]
    return text


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
