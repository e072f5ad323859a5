"""What owner and operator are told about mail that came back, or does not go out."""

from __future__ import annotations

from pressrun.message.notices.content import Content, filled
from pressrun.message.notices.kinds import EditionBraked, PolicyAlert, RelayAlert
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words

_REFUSED = "{domain} refuses copies of the edition {subject} of {title}, not for their readers but for their sender."
_HELD_BACK = "The readers who have not got it yet get nothing for now. Nobody gets it twice when it goes on."
_OPERATOR_DECIDES = "Whoever runs the mail server knows of it and can send the rest or cancel it. Please talk to them."
_RELAY_WAITS = (
    "Other relays take its share, if there are any. Copies that no relay takes wait, and Pressrun tries again by "
    "itself. If you read this, at least one relay works again."
)
_NOT_COUNTED = (
    "This does not count against the readers. Look at your SPF, DKIM and DMARC records, at the reputation of the "
    "address that your mail server sends from, and at what the provider says on its postmaster pages."
)


def say(notice: EditionBraked | PolicyAlert | RelayAlert, words: Words, profile: ListProfile) -> Content:
    """What a notice about mail that came back says."""
    match notice:
        case EditionBraked():
            return _edition_braked(notice, words, profile)
        case PolicyAlert():
            return _policy_alert(notice, words, profile)
        case RelayAlert():
            return _relay_alert(notice, words)


def _edition_braked(notice: EditionBraked, words: Words, profile: ListProfile) -> Content:
    """Says that an edition paused by itself: to the operator with commands, to the owner with what happens next."""
    what_next = [words(_HELD_BACK), words(_OPERATOR_DECIDES)]
    if notice.has_shell:
        what_next = [
            filled(words("What became of each copy: {command}"), command=f"pressrun edition report {notice.edition}"),
            filled(words("To go on all the same: {command}"), command=f"pressrun edition resume {notice.edition}"),
        ]
    return Content(
        subject=filled(words("Paused: {subject}"), subject=notice.edition_subject),
        before=(
            filled(
                words("The edition {subject} of {title} has paused by itself:"),
                subject=f"“{notice.edition_subject}”",
                title=profile.title,
            ),
            notice.reason,
            *what_next,
        ),
    )


def _relay_alert(notice: RelayAlert, words: Words) -> Content:
    """Tells the operator that a relay fails."""
    return Content(
        subject=filled(words("The relay {relay} fails"), relay=notice.relay),
        before=(
            filled(
                words("Pressrun has been unable to use the relay {relay} since {since}. The last error was:"),
                relay=notice.relay,
                since=notice.since,
            ),
            notice.error or "—",
            words(_RELAY_WAITS),
            filled(words("What waits, and why: {command}"), command="pressrun queue ls"),
            filled(words("Nothing more is said about {relay} for a day."), relay=notice.relay),
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
