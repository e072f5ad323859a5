"""Who may use the control socket: `[control]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pressrun.core import setting_kinds as kinds
from pressrun.core.setting import setting

GROUP_SOCKET = "/run/pressrun/control.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """Whether members of the group of data_dir may run commands, and by which socket."""

    NEEDS_RESTART: ClassVar = True

    group: bool = setting(
        kinds.switch(),
        default=False,
        help="Let members of data_dir's group run commands without sudo while the daemon runs. They can do nearly "
        "everything that the operator can. The audit log records who did what.",
    )
    socket: Path = setting(
        kinds.file('the path of a socket, as in "/run/pressrun/control.sock"'),
        default=GROUP_SOCKET,
        help="Socket of the group, in a folder that its members can enter and the daemon can write to. A relative "
        "path is relative to this file.",
    )
