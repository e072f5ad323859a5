"""A test bounce to a signed address of ours, sent out through each relay, that must come back.

It is a delivery status notification about nobody. Its address carries a number that stands for no copy, so that the
inbound path recognises it, counts it and touches nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from pressrun.core.signing.tokens import FIRST_ROUND_TRIP, round_trip_outcome
from pressrun.delivery.relay.settings import RelaySettings
from pressrun.doctor.relays import contact_relay
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, failed, passed, warned
from pressrun.message.reports.round_trip import build_test_bounce
from pressrun.message.signatures.dkim import Signer, load_signing_key
from pressrun.message.signatures.primitives import DkimSettings
from pressrun.smtp.handover import Outcome, Outgoing, Stage
from pressrun.smtp.reply import describe
from pressrun.store.location import open_for_reading
from pressrun.store.queue import inbound

_POLL_SECONDS = 0.25
_SIGNATURE_SECONDS = 86_400
_NUMBER_BYTES = 5  # of the 42 bits that the number of a round trip has


async def check_round_trip(subject: DoctorSubject) -> list[DoctorFinding]:
    """By way of each relay."""
    if not subject.site.receives_mail or subject.keys is None:
        return []
    findings = await asyncio.gather(*(_travel(subject, relay) for relay in subject.settings.relays))
    return list(findings)


async def _travel(subject: DoctorSubject, relay: RelaySettings) -> DoctorFinding:
    number = FIRST_ROUND_TRIP + int.from_bytes(subject.world.entropy(_NUMBER_BYTES), "big")
    recipient = subject.bounce_address(number)
    assert recipient is not None
    after = await asyncio.to_thread(_newest, subject)
    started_at = time.monotonic()
    report = await contact_relay(subject, relay, _outgoing(subject, recipient, number))
    if report.problem is not None:
        return warned(f"no test bounce was sent through relay {relay.name}: it cannot be used ({report.problem})")
    hand_over = report.hand_over
    if hand_over is not None and hand_over.stage is Stage.MAIL and hand_over.reply is not None:
        message = f"relay {relay.name} refuses mail from <>, so no test bounce was sent: {describe(hand_over.reply)}"
        return warned(
            message,
            "Send a copy to an address that does not exist, and look for its bounce in `pressrun edition report`",
        )
    if hand_over is None or hand_over.outcome is not Outcome.DELIVERED:
        words = "no answer" if hand_over is None or hand_over.reply is None else describe(hand_over.reply)
        remedy = f"Let relay {relay.name} accept mail from <> to {subject.site.mail_domain}"
        return failed(f"relay {relay.name} refuses a test bounce to {subject.site.mail_domain}: {words}", remedy)
    return await _await_home(subject, relay, number, after=after, started_at=started_at)


async def _await_home(
    subject: DoctorSubject, relay: RelaySettings, number: int, *, after: int, started_at: float
) -> DoctorFinding:
    seconds = subject.world.round_trip_seconds
    state = None
    while state != inbound.InboundState.DONE:
        if time.monotonic() - started_at > seconds:
            return _lost(subject, relay, state, seconds)
        await asyncio.sleep(_POLL_SECONDS)
        state = await asyncio.to_thread(_state, subject, number, after)
    took = time.monotonic() - started_at
    return passed(f"a test bounce through relay {relay.name} came back in {took:.1f} s and was recognised")


def _lost(
    subject: DoctorSubject, relay: RelaySettings, state: inbound.InboundState | None, seconds: float
) -> DoctorFinding:
    domain = subject.site.mail_domain
    if state is not None:
        remedy = "See `pressrun inbound ls`, /readyz and the log of the service"
        return failed(
            f"a test bounce through relay {relay.name} arrived, but is still {state} after {seconds:g} s", remedy
        )
    message = f"a test bounce through relay {relay.name} did not come back within {seconds:g} s"
    remedy = (
        f"Follow it in the log of the relay: mail for {domain} must go to its MX, and from there to Pressrun's SMTP or "
        "LMTP (docs/how-to/mail.md). A relay that delays mail to unknown hosts may take longer: run doctor again"
    )
    return failed(message, remedy)


def _outgoing(subject: DoctorSubject, recipient: str, number: int) -> Outgoing:
    domain = subject.site.mail_domain
    now = int(subject.world.clock())
    content = build_test_bounce(domain, recipient, number, now)
    signatures = _sign(subject.settings.dkim, content, now)
    return Outgoing(delivery_id=0, mail_from="", rcpt_to=recipient, content=signatures + content)


def _sign(keys: Sequence[DkimSettings], content: bytes, now: int) -> bytes:
    """The signatures of our own mail, with the keys of the configuration."""
    if not keys:
        return b""
    signer = Signer([load_signing_key(key) for key in keys], lifetime_seconds=_SIGNATURE_SECONDS)
    return signer.sign(content, signed_at=now)


def _newest(subject: DoctorSubject) -> int:
    with open_for_reading(subject.data.database) as tx:
        return inbound.newest_mail(tx)


def _state(subject: DoctorSubject, number: int, after: int) -> inbound.InboundState | None:
    recipient = subject.bounce_address(number) or ""
    with open_for_reading(subject.data.database) as tx:
        return inbound.find_arrived(
            tx, after=after, recipient=recipient.partition("@")[0], outcome=round_trip_outcome(number)
        )
