"""The settings of the log: `[log]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pressrun.core import setting_kinds as kinds
from pressrun.core.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged to stderr, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        kinds.one_of("debug", "info", "warning", "error"),
        default="info",
        help="At info and above, the log contains no subscriber addresses.",
    )
    format: Literal["auto", "text", "json", "journal"] = setting(
        kinds.one_of("auto", "text", "json", "journal"),
        default="auto",
        help='"auto": text on a terminal, otherwise one JSON object per line. In systemd\'s journal each line begins '
        'with its priority. "journal": the same wherever stderr leads.',
    )
