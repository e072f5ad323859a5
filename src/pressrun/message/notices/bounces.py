"""What owner and operator are told about mail that came back."""

from __future__ import annotations

from pressrun.message.notices.content import Content, filled
from pressrun.message.notices.kinds import EditionBraked, PolicyAlert
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words

_REFUSED = "{domain} refuses copies of the edition {subject} of {title}, not for their readers but for their sender."
_NOT_COUNTED = (
    "This does not count against the readers. Look at your SPF, DKIM and DMARC records, at the reputation of the "
    "address that your mail server sends from, and at what the provider says on its postmaster pages."
)


def say(notice: EditionBraked | PolicyAlert, words: Words, profile: ListProfile) -> Content:
    """What a notice about mail that came back says."""
    match notice:
        case EditionBraked():
            return _edition_braked(notice, words, profile)
        case PolicyAlert():
            return _policy_alert(notice, words, profile)


def _edition_braked(notice: EditionBraked, words: Words, profile: ListProfile) -> Content:
    """Tells the owner that an edition paused by itself."""
    return Content(
        subject=filled(words("Paused: {subject}"), subject=notice.edition_subject),
        before=(
            filled(
                words("The edition {subject} of {title} has paused by itself:"),
                subject=f"“{notice.edition_subject}”",
                title=profile.title,
            ),
            notice.reason,
            filled(words("What became of each copy: {command}"), command=f"pressrun edition report {notice.edition}"),
            filled(words("To go on all the same: {command}"), command=f"pressrun edition resume {notice.edition}"),
        ),
    )


def _policy_alert(notice: PolicyAlert, words: Words, profile: ListProfile) -> Content:
    """Tells the operator that a domain refuses our mail."""
    return Content(
        subject=filled(words("{domain} refuses mail of {title}"), domain=notice.domain, title=profile.title),
        before=(
            filled(words(_REFUSED), domain=notice.domain, subject=f"“{notice.edition_subject}”", title=profile.title),
            words("Its words were:"),
            notice.reply or "—",
            words(_NOT_COUNTED),
            filled(
                words("To send the failed copies again, once that is mended: {command}"),
                command=f"pressrun edition resend {notice.edition} --failed",
            ),
            filled(words("Nothing more is said about {domain} for a day."), domain=notice.domain),
        ),
    )
