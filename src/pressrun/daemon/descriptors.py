"""How many files and sockets the daemon may open, and whether that is enough for the configured connections."""

from __future__ import annotations

import resource

from pressrun.config.settings import Settings
from pressrun.control.server import MAX_CONNECTIONS

HELPERS = 32  # pipes to workers, helper processes and the renderer of layouts, and what starting one needs
RESERVE = 64  # the database and its journals, the log, the listeners, files open for a moment


def raise_limit() -> None:
    """Raise the soft limit to the hard one: the default of a shell is meant for programs that use select(2)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # the kernel now allows less; keep the limit as it is
        return


def needed(settings: Settings) -> int:
    """The descriptors that one process needs when every configured connection is open."""
    smtp = settings.smtp
    listeners = 0 if smtp is None else (smtp.listen is not None) + (smtp.lmtp is not None)
    servers = 1 if settings.admin.listen is None else 2
    incoming = settings.http.connections * servers + (0 if smtp is None else smtp.connections * listeners)
    outgoing = sum(relay.connections for relay in settings.relays)
    return incoming + outgoing + MAX_CONNECTIONS + HELPERS + RESERVE


def shortage(settings: Settings) -> str | None:
    """A warning if the hard limit of this process is too low for the configured connections, else None."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed(settings)
    if hard == resource.RLIM_INFINITY or wanted <= hard:
        return None
    return (
        f"the configured connections may need {wanted} open files, but this process may open only {hard}. Raise the "
        "hard limit (LimitNOFILE= in the unit, `ulimit -Hn` in a shell), or lower connections in [http] and [[relay]], "
        "or smtp_connections in [limits]"
    )
