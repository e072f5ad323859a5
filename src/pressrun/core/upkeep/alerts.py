"""What the operator is alerted to: one table of causes, with when and how each is reported.

An email needs the database, a relay and a signature. If one of these fails, only the program of `[alerts]` can report
it; if the service works, the email is enough.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

ALERT_SECONDS = 86400.0  # between two alerts about the same cause and subject


class Way(StrEnum):
    """How an alert reaches the operator."""

    MAIL = "mail"
    PROGRAM = "program"
    BOTH = "both"


class Cause(StrEnum):
    """What an alert is about. Scripts depend on these words."""

    RELAY = "relay"
    POLICY = "policy"
    EDITION = "edition"
    CERTIFICATE = "certificate"
    BACKUP = "backup"
    DISK = "disk"
    DOCTOR = "doctor"
    HELD = "held"
    SET_ASIDE = "set-aside"
    OPERATOR = "operator"
    RELAYS = "relays"
    DATABASE = "database"
    QUEUE = "queue"
    LOOP = "loop"
    SIGNING = "signing"


class CauseRule(Struct, frozen=True):
    """When an alert is raised, in plain words, how it is sent, and what to do first."""

    when: str
    way: Way
    advice: str


CAUSES: dict[Cause, CauseRule] = {
    Cause.RELAY: CauseRule("one relay has failed for a minute", Way.MAIL, "pressrun queue ls"),
    Cause.POLICY: CauseRule(
        "a provider refuses our mail by policy", Way.MAIL, "check SPF, DKIM and DMARC: pressrun doctor"
    ),
    Cause.EDITION: CauseRule("an edition paused by itself", Way.MAIL, "pressrun edition report ID"),
    Cause.CERTIFICATE: CauseRule(
        "the certificate of [smtp] expires within a week",
        Way.MAIL,
        "renew it; restart pressrun if key_file is a systemd credential",
    ),
    Cause.BACKUP: CauseRule("the latest good backup is too old", Way.MAIL, "pressrun backup, and check its timer"),
    Cause.DISK: CauseRule("the disk of data_dir is filling up", Way.BOTH, "make room on the disk of data_dir"),
    Cause.DOCTOR: CauseRule("the weekly run of doctor found a failure", Way.MAIL, "pressrun doctor"),
    Cause.HELD: CauseRule(
        "sign-ups are held until you decide about them",
        Way.MAIL,
        "pressrun held ls, then pressrun held release or pressrun held rm",
    ),
    Cause.SET_ASIDE: CauseRule(
        "sign-ups or requests for a link cannot be processed",
        Way.MAIL,
        "journalctl -u pressrun -p warning | grep set_aside, then report it as a bug",
    ),
    Cause.OPERATOR: CauseRule(
        "the latest alert by email did not arrive",
        Way.PROGRAM,
        "repair the mailbox, or set another operator in config.toml",
    ),
    Cause.RELAYS: CauseRule("every relay has failed for two minutes", Way.PROGRAM, "pressrun queue ls"),
    Cause.DATABASE: CauseRule(
        "the database has not answered for a minute", Way.PROGRAM, "check the disk, or the database server"
    ),
    Cause.QUEUE: CauseRule(
        "the queue has made no progress for a minute", Way.PROGRAM, "journalctl -u pressrun -p warning"
    ),
    Cause.LOOP: CauseRule(
        "a background loop has failed for two minutes", Way.PROGRAM, "journalctl -u pressrun -p warning"
    ),
    Cause.SIGNING: CauseRule(
        "no mail could be signed for two minutes", Way.PROGRAM, "journalctl -u pressrun -p warning | grep not_signed"
    ),
}
