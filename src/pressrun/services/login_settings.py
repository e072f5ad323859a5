"""How people log in, and for how long: keys of `[admin]` that a reload changes."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core import setting_kinds as kinds
from pressrun.core.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSettings:
    """`sign_in` holds `passkey`, `code` and `password`, or some of them, in the order in which the page offers them."""

    sign_in: tuple[str, ...] = setting(
        kinds.some_of("passkey", "code", "password"),
        default=["passkey", "code", "password"],
        help="Ways to log in. Operators cannot log in with a mailed code, and need a one-time code of an app beside a "
        "password.",
    )
    idle_seconds: float = setting(
        kinds.duration(), key="idle", default="12h", help="A session without any request for this long ends."
    )
    lifetime_seconds: float = setting(
        kinds.duration(), key="lifetime", default="30d", help="Every session ends after this time."
    )
    invitation_seconds: float = setting(
        kinds.duration(),
        key="invitation_lifetime",
        default="7d",
        help="The link in an invitation to log in.",
        reason="People read it after a holiday; whoever comes later is sent another.",
    )
    enter_seconds: float = setting(
        kinds.duration(),
        key="enter_lifetime",
        default="15m",
        help="The link to log in that `pressrun user add`, `link` and `reset` print.",
        reason="It passes through terminals and chats, so it is meant to be used at once.",
    )
