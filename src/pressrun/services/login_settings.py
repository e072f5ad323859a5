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
        help="Ways to log in. Operators cannot use a mailed code, and with a password they also need a one-time code "
        "from an app.",
    )
    idle_seconds: float = setting(
        kinds.duration(), key="idle", default="12h", help="A session ends after this long without a request."
    )
    lifetime_seconds: float = setting(
        kinds.duration(),
        key="lifetime",
        default="30d",
        help="Every session ends after this long, however much it is used.",
    )
    invitation_seconds: float = setting(
        kinds.duration(),
        key="invitation_lifetime",
        default="7d",
        help="How long the link in an invitation works.",
        reason="Long enough for a week away; after that, invite them again.",
    )
    enter_seconds: float = setting(
        kinds.duration(),
        key="enter_lifetime",
        default="15m",
        help="How long the links work that `pressrun user add`, `link` and `reset` print.",
        reason="They pass through terminals and chats, so they are meant to be used at once.",
    )
