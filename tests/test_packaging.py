"""The wheel: what is installed works without the checkout, and carries what it needs."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEEDED = "pyproject.toml README.md config.toml templates maild".split()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the source, without network."""
    source = tmp_path_factory.mktemp("source")
    for name in NEEDED:
        path = ROOT / name
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, source / name, ignore=ignored)
        else:
            shutil.copy(path, source / name)
    build = "import hatchling.build as b; print(b.build_wheel('.'))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return next(source.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked as an installer does it, far from the checkout."""
    target = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(target)
    return target


def maild(site: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The installed `maild`; its dependencies come from this environment."""
    start = (
        "import sys, maild; from maild.cli.main import main; "
        f"assert maild.__file__.startswith({str(site)!r}), maild.__file__; main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-c", start, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def test_the_wheel_carries_config_templates_and_types(wheel: Path) -> None:
    """One copy of config.toml and every template of the source tree; py.typed beside them."""
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = {
        f"maild/shipped/{path.relative_to(ROOT)}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
    }
    assert {"maild/py.typed", "maild/shipped/config.toml", *templates} <= names


def test_the_wheel_carries_no_tests(wheel: Path) -> None:
    """Nor anything else beside the package and what describes it."""
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"maild"}


def test_what_is_installed_says_its_version(installed: Path, tmp_path: Path) -> None:
    """The one that the source names."""
    from maild import __version__

    done = maild(installed, "--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"maild {__version__}\n"), done.stderr


def test_what_is_installed_starts_a_desk(installed: Path, tmp_path: Path) -> None:
    """`init` writes a config and templates, `check` finds no fault in them."""
    done = maild(installed, "init", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "config.toml").read_bytes() == (ROOT / "config.toml").read_bytes()
    assert (tmp_path / "templates" / "letters" / "es").is_dir()
    done = maild(installed, "check", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_installed_takes_a_mail(installed: Path, tmp_path: Path) -> None:
    """`deliver` makes a mail durable in a new store, and says so with status 0."""
    maild(installed, "init", "--yes", cwd=tmp_path)
    mail = tmp_path / "mail.eml"
    mail.write_text("From: luis@example.org\nTo: soporte@acme.test\nSubject: Hola\n\nHola.\n")
    done = maild(installed, "deliver", str(mail), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var" / "maild.db").stat().st_size > 0
