"""The names of all log events, in one place: an operator greps for them, so they change only on purpose.

A name is `what.happened`. A test holds every call of `event()` in the source against this table.
"""

from __future__ import annotations

EVENTS: dict[str, str] = {
    # the process
    "daemon.started": "everything is open and served",
    "daemon.stopping": "a signal came; messages in flight are finished",
    "daemon.stopped": "the last line of a clean end",
    "daemon.failed": "the process cannot go on",
    "daemon.task_failed": "one part failed and was started again",
    "daemon.watchdog": "the loop or the database made no progress",
    "config.loaded": "the settings in force",
    "config.reloaded": "SIGHUP: the new settings are in force",
    "config.refused": "SIGHUP: the file has errors, the old settings stay in force",
    "config.error": "one error of the file",
    "config.warning": "something in the file that is probably not meant",
    "config.needs_restart": "a key changed that a reload cannot change",
    # the database
    "store.opened": "the database is open",
    "store.migrated": "the schema was brought up to date",
    "housekeeping.database_unavailable": "what is too old could not be cleared; tried again later",
    "store.failed": "the database refused a transaction",
    # people
    "subscription.requested": "somebody asked to subscribe",
    "subscription.confirmed": "a reader confirmed",
    "subscription.ended": "a reader left or was removed",
    "subscription.suspended": "a reader bounced too often",
    "subscription.limited": "a limit was reached and no mail went out",
    "subscriber.erased": "a person was erased",
    "subscriber.imported": "an import was done",
    "suppression.added": "an address is kept out",
    "suppression.removed": "an address may come in again",
    "editor.changed": "who may post by mail changed",
    "list.created": "a list was made",
    "list.changed": "a list was set",
    "list.closed": "a list was closed",
    "list.removed": "a list was removed",
    # editions
    "edition.accepted": "an edition was taken in",
    "edition.scheduled": "an edition waits for its hour",
    "edition.started": "the audience was taken",
    "edition.paused": "an edition was paused, by a person or by its failures",
    "edition.resumed": "an edition goes on",
    "edition.cancelled": "an edition was cancelled",
    "edition.finished": "no copy is left to be sent",
    "edition.changed": "an edition moved to another state",
    "edition.late": "an edition missed its hour by more than late_grace",
    "notice.queued": "one mail to one person was queued",
    # copies
    "dispatch.recovered": "copies claimed by a dead process went back to the queue",
    "dispatch.database_unavailable": "the queue could not be read; tried again shortly",
    "delivery.claimed": "copies were taken from the queue",
    "delivery.finished": "a relay gave its final answer",
    "delivery.deferred": "a copy will be tried again",
    "delivery.failed": "a copy failed for good",
    "delivery.paused": "a domain asked for less",
    "delivery.resumed": "a paused domain is tried again",
    "relay.connected": "a connection to a relay stands",
    "relay.closed": "a connection to a relay ended",
    "relay.connection_broken": "a connection to a relay ended before its time",
    "relay.connection_error": "a connection met an error of ours",
    "relay.failing": "a relay cannot be reached, refuses us, or makes no sense: it is set aside and probed",
    "relay.full": "a relay takes no more connections for now",
    "relay.recovered": "a relay answers again",
    "relay.settle_error": "the outcome of a copy could not be noted",
    "relay.take_error": "the next copy could not be taken from the queue",
    # web
    "http.listening": "the web server is open",
    "http.request": "a request was answered",
    "http.failed": "a request met an error of ours",
    "http.limited": "a request was over a limit",
    # verbs beside the daemon
    "control.listening": "verbs can reach the daemon",
    "control.request": "a verb was carried out",
    "control.failed": "a verb met an error of ours",
    "demo.ready": "the demo can be used",
}
