"""What follows from mail that came back: the question to a reader, the alert to the operator."""

from __future__ import annotations

from pressrun.message.notices.content import Content, filled
from pressrun.message.notices.kinds import EditionBraked, PolicyAlert, StillThere
from pressrun.message.profile import ListProfile, Words

_CAME_BACK = "Mail of the list {title} to this address came back, so nothing has been sent to you since."
_REFUSED = "{domain} refuses copies of the edition {subject} of {title}, not for their readers but for their sender."
_NOT_COUNTED = (
    "This does not count against the readers. Look at your SPF, DKIM and DMARC records, at the reputation of the "
    "address that your mail server sends from, and at what the provider says on its postmaster pages."
)


def say(notice: StillThere | EditionBraked | PolicyAlert, words: Words, profile: ListProfile) -> Content:
    """What a notice about mail that came back says."""
    match notice:
        case StillThere():
            return _still_there(notice, words, profile)
        case EditionBraked():
            return _edition_braked(notice, words, profile)
        case PolicyAlert():
            return _policy_alert(notice, words, profile)


def _still_there(notice: StillThere, words: Words, profile: ListProfile) -> Content:
    """The one question to somebody who was suspended for bounces."""
    after = [filled(words("The link can be used for {days} days."), days=str(notice.lifetime_days))]
    if notice.missed:
        after += [words("You missed:"), "\n".join(f"{title}\n{url}" for title, url in notice.missed)]
    after.append(words("If you do not want it any more, there is nothing to do: this is not asked again."))
    return Content(
        subject=filled(words("Do you still want {title}?"), title=profile.title),
        before=(
            filled(words(_CAME_BACK), title=profile.title),
            words("To receive it again, open this page and press the button:"),
        ),
        link=notice.link,
        link_words=words("Receive it again"),
        after=tuple(after),
    )


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
