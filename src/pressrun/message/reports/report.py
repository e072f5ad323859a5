"""What a report says once it has been read. Nothing in it is proof of anything: identity comes from the return path."""

from __future__ import annotations

import msgspec

from pressrun.core.bounces import BounceClass


class RecipientReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification says of one recipient (RFC 3464 §2.3), or what its text was taken to say.

    `address` is as written there, "" when none is; `status` is the enhanced code or "", `code` that of the SMTP reply
    or 0, `text` the remote's words, cut to size.
    """

    bounce: BounceClass
    address: str = ""
    status: str = ""
    code: int = 0
    text: str = ""


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """What the mail enclosed in a report carries of ours, as it stands there, without brackets; "" where nothing is.

    These are candidates for tokens: whoever reads them checks the signatures.
    """

    return_path: str = ""
    unsubscribe: tuple[str, ...] = ()  # the URIs of List-Unsubscribe
    feedback_id: str = ""  # CFBL-Feedback-ID (RFC 9477 §3.2)
    list_id: str = ""
    message_id: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """A mail that came to a bounce address, or a feedback report from anywhere.

    `recipients` is empty when the mail is no notification. `feedback_type` is that of a feedback report in lower case
    (RFC 5965 §3.1), "" for every other mail. `automatic` names what says that a machine wrote the mail.
    """

    recipients: tuple[RecipientReport, ...] = ()
    feedback_type: str = ""
    enclosed: Enclosed = Enclosed()
    automatic: str | None = None
    subject: str = ""
    text: str = ""

    def of(self, address: str) -> RecipientReport | None:
        """What the report says of the one recipient that a copy had; None when it is no notification.

        The group that names `address` decides; among several that do not, a copy that reached anybody has arrived,
        and one that is still being tried has not failed yet.
        """
        named = [one for one in self.recipients if one.address.lower() == address.lower()]
        found = named or list(self.recipients)
        return min(found, key=lambda one: one.bounce.rank, default=None)
