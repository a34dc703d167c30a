"""Where the files that come with maild are: beside the package, or inside the installed one."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """`config.toml` or `templates`: one copy in the source tree, taken along by the wheel."""
    installed = _PACKAGE / "shipped" / name
    return installed if installed.exists() else _PACKAGE.parent / name
