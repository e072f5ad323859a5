"""The former names of log events. For one release, a line has its former name as `formerly`, so that searches find
either.

docs/events.toml has the names of all events and what each says.
"""

from __future__ import annotations

FORMER_NAMES: dict[str, str] = {
    "worker.unreadable_edition": "press.bad_plate",
    "delivery.no_evidence": "press.no_evidence",
    "worker.not_journaled": "press.not_noted",
    "worker.outlived_daemon": "press.lingers",
    "worker.job_not_sent": "press.not_said",
    "worker.result_not_sent": "press.not_answered",
    "worker.ended": "press.ended",
    "relay.operator_alerted": "relay.operator_told",
    "relay.fallback": "relay.simpler",
    "relay.record_error": "relay.settle_error",
    "relay.claim_error": "relay.take_error",
    "inbound.retried": "inbound.again",
    "inbound.parser_unavailable": "inbound.reader_unavailable",
    "inbound.parser_ended": "inbound.reader_ended",
}
