"""How many files and sockets the daemon may have open at once, and whether what the configuration allows fits in."""

from __future__ import annotations

import resource

from pressrun.config.settings import Settings
from pressrun.control.server import MAX_CONNECTIONS

HELPERS = 32  # to the press, the processes that sign, read mail and render layouts, and what starting one takes
RESERVE = 64  # the database and its journals, the log, the listeners, files that are read or written for a moment


def raise_limit() -> None:
    """Raise the soft limit to the hard one: what a shell gives by default is meant for programs with select(2)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # the kernel allows less by now: what there is stays
        return


def needed(settings: Settings) -> int:
    """The descriptors of one process with every connection that the configuration allows."""
    smtp = settings.smtp
    listeners = 0 if smtp is None else (smtp.listen is not None) + (smtp.lmtp is not None)
    incoming = settings.http.connections + (0 if smtp is None else smtp.connections * listeners)
    outgoing = sum(relay.connections for relay in settings.relays)
    return incoming + outgoing + MAX_CONNECTIONS + HELPERS + RESERVE


def shortage(settings: Settings) -> str | None:
    """What to warn of: connections that the hard limit of this process has no descriptors for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed(settings)
    if hard == resource.RLIM_INFINITY or wanted <= hard:
        return None
    return (
        f"the connections that are allowed may need {wanted} open files, and this process may have {hard}: raise the "
        "hard limit (LimitNOFILE= in the unit, `ulimit -Hn` in a shell), or lower connections in [http] and [[relay]], "
        "or smtp_connections in [limits]"
    )
