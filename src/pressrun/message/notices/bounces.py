"""What owner and operator are told about mail that came back, or does not go out."""

from __future__ import annotations

from pressrun.message.notices.content import NoticeText
from pressrun.message.notices.kinds import EditionAutoPaused, PolicyAlert, RelayAlert
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_ONCE_A_DAY = marked("You won't get another email about {name} for a day.")


def say(notice: EditionAutoPaused | PolicyAlert | RelayAlert, words: Words, profile: ListProfile) -> NoticeText:
    """What a notice about mail that came back says."""
    match notice:
        case EditionAutoPaused():
            return _edition_braked(notice, words, profile)
        case PolicyAlert():
            return _policy_alert(notice, words, profile)
        case RelayAlert():
            return _relay_alert(notice, words)


def _edition_braked(notice: EditionAutoPaused, words: Words, profile: ListProfile) -> NoticeText:
    """Says that an edition paused by itself: to the operator with commands, to the owner with what happens next."""
    if notice.has_shell:
        what_next = [
            words("What happened to each copy: {command}", command=f"pressrun edition report {notice.edition}"),
            words("To continue anyway: {command}", command=f"pressrun edition resume {notice.edition}"),
        ]
    else:
        what_next = [
            words("Readers who don't have it yet get nothing for now. Nobody gets it twice when it continues."),
            words(
                "Whoever runs the email server has been told and can send the rest or cancel it. Please talk to them."
            ),
        ]
    return NoticeText(
        subject=words("Paused: {subject}", subject=notice.edition_subject),
        before=(
            words(
                "The edition “{subject}” of {title} was paused automatically.",
                subject=notice.edition_subject,
                title=profile.title,
            ),
            notice.reason if notice.cause is None else notice.cause.text(words),
            *what_next,
        ),
    )


def _relay_alert(notice: RelayAlert, words: Words) -> NoticeText:
    """Tells the operator that a relay fails."""
    return NoticeText(
        subject=words("The relay {relay} is failing", relay=notice.relay),
        before=(
            words(
                "Pressrun has been unable to use the relay {relay} since {since}. Its last error follows.",
                relay=notice.relay,
                since=notice.since,
            ),
            notice.error or "—",
            words(
                "Other relays take over its share, if there are any. Copies that no relay accepts wait, and Pressrun "
                "keeps trying. If you can read this, at least one relay works again."
            ),
            words("What is waiting, and why: {command}", command="pressrun queue ls"),
            words(_ONCE_A_DAY, name=notice.relay),
        ),
    )


def _policy_alert(notice: PolicyAlert, words: Words, profile: ListProfile) -> NoticeText:
    """Tells the operator that a domain refuses our mail."""
    return NoticeText(
        subject=words("{domain} is refusing email from {title}", domain=notice.domain, title=profile.title),
        before=(
            words(
                "{domain} is refusing copies of the edition “{subject}” of {title} because of their sender, not their "
                "readers. Its words follow.",
                domain=notice.domain,
                subject=notice.edition_subject,
                title=profile.title,
            ),
            notice.reply or "—",
            words(
                "This does not count against the readers. Check your SPF, DKIM and DMARC records, the reputation of "
                "the address that your email server sends from, and the provider's postmaster pages."
            ),
            words(
                "Once that is fixed, send the failed copies again: {command}",
                command=f"pressrun edition resend {notice.edition} --failed",
            ),
            words(_ONCE_A_DAY, name=notice.domain),
        ),
    )
