"""config.toml: read, checked, typed.

`load` gives `Settings` or raises `InvalidConfig` with all faults at once; `examine` gives
both faults and warnings. What the settings mean is for `app` to say.
"""

from maild.config.duration import Duration, Rate
from maild.config.faults import Fault, InvalidConfig
from maild.config.load import Examination, examine, find_config, load
from maild.config.secret import Secret
from maild.config.settings import Settings
from maild.config.values import After, Listen

__all__ = [
    "After",
    "Duration",
    "Examination",
    "Fault",
    "InvalidConfig",
    "Listen",
    "Rate",
    "Secret",
    "Settings",
    "examine",
    "find_config",
    "load",
]
