"""What a report says. Nothing in it proves anything: a bounce is identified by the return path that it came to."""

from __future__ import annotations

import msgspec

from pressrun.core.bounces.classes import BounceClass


class RecipientReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification says of one recipient (RFC 3464 §2.3), or seems to say in its text.

    `address` is as written there or "". `status` is the enhanced code or "", `code` that of the SMTP reply or 0, `text`
    the remote's words, cut to size.
    """

    bounce: BounceClass
    address: str = ""
    status: str = ""
    code: int = 0
    text: str = ""


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """What the mail enclosed in a report may contain of ours, without brackets, or "".

    These are candidates for tokens, whose signatures the caller checks.
    """

    return_path: str = ""
    unsubscribe: tuple[str, ...] = ()  # the URIs of List-Unsubscribe
    feedback_id: str = ""  # CFBL-Feedback-ID (RFC 9477 §3.2)
    list_id: str = ""
    message_id: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """A mail that came to a bounce address, or a feedback report from anywhere.

    `recipients` is empty when the mail is not a notification. `feedback_type` is that of a feedback report in lower
    case (RFC 5965 §3.1), or "". `automatic` is the sign that a machine wrote the mail, or None.
    """

    recipients: tuple[RecipientReport, ...] = ()
    feedback_type: str = ""
    enclosed: Enclosed = Enclosed()
    automatic: str | None = None
    subject: str = ""
    text: str = ""

    def of(self, address: str) -> RecipientReport | None:
        """What the report says of the one recipient that a copy had; None when it is not a notification.

        The group that names `address` decides. If none does, a copy that reached anybody has arrived, and one that is
        still being tried has not failed yet.
        """
        named = [recipient for recipient in self.recipients if recipient.address.lower() == address.lower()]
        return min(named or self.recipients, key=lambda recipient: recipient.bounce.rank, default=None)
