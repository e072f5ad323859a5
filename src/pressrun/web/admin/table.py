"""The routes of the pages of people who log in."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.web.admin.account import AccountPages
from pressrun.web.admin.frame import AdminFrame
from pressrun.web.admin.log_in import LogInPages
from pressrun.web.http.security import Handler

_GET, _POST, _BOTH = ["GET"], ["POST"], ["GET", "POST"]


def log_in_rows(frame: AdminFrame) -> list[tuple[str, Handler, Sequence[str]]]:
    """Log-in, log-out, and one's own account."""
    log_in, account = LogInPages(frame), AccountPages(frame)
    return [
        ("/admin", frame.page(account.home), _GET),
        ("/admin/login", frame.open(log_in.log_in), _BOTH),
        ("/admin/login/passkey", frame.open(log_in.by_passkey), _POST),
        ("/admin/login/passkey/options", frame.open(log_in.passkey_options), _POST),
        ("/admin/logout", frame.open(log_in.log_out), _POST),
        ("/admin/enter/{token}", frame.open(log_in.enter), _BOTH),
        ("/admin/account", frame.page(account.show), _BOTH),
        ("/admin/account/passkey", frame.page(account.add_passkey), _POST),
        ("/admin/account/passkey/options", frame.page(account.passkey_options), _POST),
    ]
