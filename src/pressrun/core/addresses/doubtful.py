"""Addresses that an operator may not want to write to: disposable ones, and those of a role.

The names are data of the world and age with it; they were put together by hand, from what such services say of
themselves. A list that is a snapshot can only be short and sure: what it does not know is taken.
"""

from __future__ import annotations

from collections.abc import Collection

# Mailboxes for minutes, open to everybody. Services that forward to a person's own mailbox are none of these.
DISPOSABLE_DOMAINS = frozenset(
    """
    10minutemail.com 20minutemail.com 33m.co anonbox.net armyspy.com burnermail.io byom.de cuvox.de dayrep.com
    deadaddress.com discard.email dispostable.com dropmail.me einrot.com emailondeck.com fakeinbox.com
    fakemailgenerator.com fleckens.hu getairmail.com getnada.com grr.la guerrillamail.biz guerrillamail.com
    guerrillamail.de guerrillamail.info guerrillamail.net guerrillamail.org guerrillamailblock.com gustr.com
    harakirimail.com incognitomail.org inboxkitten.com jetable.org jourrapide.com mail-temp.com mailcatch.com
    maildrop.cc mailinator.com mailinator.net mailnesia.com mailnull.com mailsac.com minuteinbox.com mintemail.com
    moakt.com mohmal.com mytemp.email pokemail.net rhyta.com sharklasers.com spam4.me spambog.com spambox.us
    spamex.com spamgourmet.com superrito.com teleworm.us temp-mail.org tempail.com tempmail.com tempmailo.com
    tempr.email throwawaymail.com trash-mail.com trashmail.com trashmail.de trbvm.com wegwerfmail.de yopmail.com
    yopmail.fr yopmail.net
    """.split()
)

# Mailboxes of a function, most of them named by RFC 2142: programs and whole teams read them, nobody of whom asked.
ROLES = frozenset(
    """
    abuse admin administrator billing bounce bounces daemon dns ftp hostmaster list list-request mailer-daemon
    maildaemon marketing news no-reply nobody noc noreply operator postmaster root security spam support sysadmin
    usenet uucp webmaster www
    """.split()
)


def is_disposable(domain: str, more: Collection[str] = ()) -> bool:
    """Whether a domain, or a parent domain, offers disposable mailboxes; `more` are domains that an operator adds."""
    labels = domain.split(".")
    names = {".".join(labels[start:]) for start in range(len(labels) - 1)}
    return not names.isdisjoint(DISPOSABLE_DOMAINS) or not names.isdisjoint(more)


def is_role(local: str) -> bool:
    """Whether the part before the @ is that of a role."""
    return local.lower().split("+", 1)[0] in ROLES
