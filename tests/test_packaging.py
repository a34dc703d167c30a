"""The wheel: what is installed works without the checkout, and carries what it needs."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.servers.ports import free_port
from tests.servers.programs import needs_root, program
from tests.servers.sink import Sink
from tests.wire.desk import is_letter, wait_until

ROOT = Path(__file__).resolve().parent.parent
NEEDED = "pyproject.toml README.md config.toml templates packaging maild".split()


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
    """Nor anything else beside the package, what describes it, and what a service needs."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"maild"}
    beside = {name.partition(".data/")[2] for name in names if ".data/" in name}
    assert beside == {
        f"data/share/maild/{name}"
        for name in ("maild.service", "alerts.yaml", "grafana-dashboard.json")
    }


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


# -- as a stranger installs it -----------------------------------------------------------------

NOBODY = 65534


def ordinary_python() -> str:
    """A Python that is not hidden in root's home; the system's where ours is."""
    probe = "import sys, ensurepip; assert sys.version_info >= (3, 11)"
    for python in (sys.executable, "/usr/bin/python3"):
        real = str(Path(python).resolve())
        with suppress(OSError):
            done = subprocess.run(
                [real, "-c", probe], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/"
            )
            if done.returncode == 0:
                return real
    pytest.skip("no Python >= 3.11 with venv that an ordinary user may run")


class Machine:
    """A venv with the wheel and what pip found for it, and an ordinary user's home."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        os.chown(self.home, NOBODY, NOBODY)
        subprocess.run([ordinary_python(), "-m", "venv", folder / "venv"], check=True)
        self.bin = folder / "venv" / "bin"
        pip = [self.bin / "python", "-m", "pip", "install", "-q", wheel]
        done = subprocess.run(pip, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """`maild` as the user, with an empty environment."""
        return subprocess.Popen(
            [self.bin / "maild", *words], cwd=self.home, text=True, user=NOBODY, group=NOBODY,
            extra_groups=[], env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL, **more,
        )  # fmt: skip

    def run(self, *words: str) -> tuple[int, str]:
        """The exit status, and all that was said."""
        started = self.start(*words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = started.communicate(timeout=90)
        return started.returncode, said


@pytest.fixture
def machine(wheel: Path) -> Iterator[Machine]:
    needs_root("an ordinary user to become")
    folder = Path(tempfile.mkdtemp(prefix="maild-inst-", dir="/tmp"))
    folder.chmod(0o755)
    yield Machine(folder, wheel)
    shutil.rmtree(folder)


@pytest.mark.proof
@pytest.mark.wire
def test_from_the_wheel_to_the_first_answer(machine: Machine, record_property: Any) -> None:
    """pip, `init`, `check`, `doctor`, `run`, all as an ordinary user; a mail from another
    program is acknowledged, an agent hears of it; nobody else can read what is kept."""
    sink, door = Sink(), free_port()
    assert machine.run("init", "--yes")[0] == 0
    config = machine.home / "config.toml"
    text = config.read_text().replace("127.0.0.1:8025", f"127.0.0.1:{door}")
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}")
    text = text.replace('\nhost = ""', '\nhost = "127.0.0.1"', 1)
    text = text.replace("\nport = 25\n", f"\nport = {sink.port}\n", 1)
    config.write_text(text)
    status, said = machine.run("check")
    assert status == 0 and said.endswith("config.toml: no faults\n"), said
    status, said = machine.run("doctor", "--no-round-trip")
    assert status == 0 and "relay connection" in said and "FAIL" not in said, said
    daemon = machine.start("run", stdout=subprocess.PIPE)
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "maild ready\n"
        swaks = [program("swaks", package="swaks"), "--server", f"127.0.0.1:{door}"]
        swaks += ["--from", "luis@x.test", "--to", "soporte@acme.test", "--hide-all"]
        subprocess.run([*swaks, "--header", "Subject: No puedo entrar"], check=True)
        wait_until(lambda: len(sink.letters) >= 2, seconds=30)
        letters = [caught.message for caught in sink.letters]
        assert any(is_letter(m, "acknowledgement", "luis@x.test") for m in letters)
        assert any(str(m["X-Maild-Type"]) == "agent-new" for m in letters)
        status, said = machine.run("list")
        assert status == 0 and "No puedo entrar" in said
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(15) == 0
        sink.close()
    kept = [p for p in (machine.home / "var").rglob("*") if p.is_file()]
    assert kept and all(path.stat().st_mode & 0o077 == 0 for path in kept)
    record_property("figure", "wheel + pip + init + check + doctor + run, as an ordinary user")
    record_property("target", "a mail answered, nothing readable by others")
