"""The names of all log events, in one place: an operator greps for them, so they change only on purpose.

A name is `what.happened`. A test holds this table against the source, both ways: every name that is logged is
here, and every name here is logged.
"""

from __future__ import annotations

EVENTS: dict[str, str] = {
    # the process
    "daemon.started": "everything is open and served",
    "daemon.stopping": "a signal came; messages in flight are finished",
    "daemon.stopped": "the last line of a clean end",
    "daemon.watchdog": "the loop or the database made no progress",
    "config.reloaded": "SIGHUP: the new settings are in force",
    "config.refused": "SIGHUP: the file has errors, the old settings stay in force",
    "config.warning": "something in the file that is probably not meant",
    "config.needs_restart": "a key changed that a reload cannot change",
    # the database
    "housekeeping.database_unavailable": "what is too old could not be cleared; tried again later",
    # people
    "subscription.ended": "a reader left or was removed",
    "subscription.suspended": "readers bounced too often",
    "subscription.attack": "very many sign-ups are turned away: somebody uses the forms against others; said once",
    "subscription.attack_over": "sign-ups are as usual again",
    "subscription.holding": "far more sign-ups come in than usual: those without work are held; said once",
    "subscription.holding_over": "no more sign-ups are held; those that are wait for `pressrun held release` or `rm`",
    "subscription.released": "an operator let mails of held sign-ups go",
    "subscription.dropped": "an operator had held sign-ups forgotten",
    "subscription.database_unavailable": "what was asked for could not be carried out; tried again shortly",
    "subscriber.erased": "a person was erased",
    "subscriber.imported": "an import was done",
    "suppression.added": "an address is kept out",
    "suppression.removed": "an address may come in again",
    "editor.changed": "who may post by mail changed",
    "consent.head": "where the chain of evidence stands: keep the journal elsewhere, and nobody can rewrite it unseen",
    "list.created": "a list was made",
    "list.changed": "a list was set",
    "list.closed": "a list was closed",
    "list.removed": "a list was removed",
    # editions
    "edition.accepted": "an edition was taken in",
    "edition.started": "the audience was taken",
    "edition.changed": "an edition moved to another state",
    # copies
    "dispatch.recovered": "copies claimed by a dead process went back to the queue, or are delivered as it had noted",
    "dispatch.not_composed": "one mail could not be made from its row; tried again later",
    "dispatch.not_signed": "mails could not be signed and stay in the queue; tried again shortly",
    "press.bad_plate": "what the copies of an edition have in common cannot be read; they are put off",
    "press.no_evidence": "a mail that asks for consent went out, and what the evidence keeps of it could not be made",
    "press.not_noted": "what relays have taken cannot be noted, or read: a kill repeats more copies",
    "press.signer_ended": "a process that signs ended by itself; others or threads sign until it is started again",
    "press.lingers": "a press whose daemon was killed does not end: what it hears may be sent again",
    "press.ended": "the process that hands over mail ended by itself; it is started again",
    "dispatch.database_unavailable": "the queue could not be read; tried again shortly",
    "delivery.failed": "a copy or a notice failed for good",
    "delivery.refused_for_policy": "a domain refuses our mail as such; said once a day for each",
    "delivery.paused": "a domain asked for less",
    "delivery.slow": "answers for a domain come late; it gets fewer copies at a time while others wait",
    "relay.connection_broken": "a connection to a relay ended before its time",
    "relay.connection_error": "a connection met an error of ours",
    "relay.failing": "a relay cannot be reached, refuses us, or makes no sense: it is set aside and probed",
    "relay.simpler": "a relay got CHUNKING or PIPELINING wrong: it is talked to more simply for an hour",
    "relay.full": "a relay takes no more connections for now",
    "relay.recovered": "a relay answers again",
    "relay.settle_error": "the outcome of a copy could not be noted",
    "relay.take_error": "the next copy could not be taken from the queue",
    # mail that comes in
    "inbound.listening": "mail is taken in",
    "inbound.accepted": "a mail was accepted and stored",
    "inbound.refused": "a mail was refused after its content",
    "inbound.processed": "a mail was dealt with",
    "inbound.unreadable": "a mail cannot be read and is kept",
    "inbound.kept": "a mail is kept for a person to look at",
    "inbound.again": "a kept mail is dealt with once more",
    "inbound.dropped": "kept mail was forgotten: by hand, as too old, or beyond what may be kept",
    "inbound.forward_bounced": "a mail that was forwarded to an owner or the operator came back, and is kept",
    "inbound.failed": "a mail or a connection met an error of ours",
    "inbound.database_unavailable": "accepted mail could not be dealt with; tried again shortly",
    "inbound.reader_unavailable": "the process that reads mail cannot be started; tried again shortly",
    "inbound.reader_ended": "the process that reads mail died and is replaced",
    "inbound.full": "a connection was turned away, there are too many",
    # web
    "http.listening": "the web server is open",
    "http.failed": "a request met an error of ours",
    # verbs beside the daemon
    "control.listening": "verbs can reach the daemon",
    "control.request": "a verb was carried out",
    "control.failed": "a verb met an error of ours",
}
