"""What editors and owners are told about an edition."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.site import Site
from pressrun.message.finding import Finding
from pressrun.message.notices.content import NoticeText
from pressrun.message.notices.kinds import (
    EditionAlreadyReceived,
    EditionHeld,
    EditionRejected,
    EditionReleased,
)
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_MOST_LINES = 40  # of findings in a mail; the page has all
_STATES = {
    "scheduled": marked("It is scheduled."),
    "sending": marked("It is being sent."),
    "paused": marked("It is paused."),
    "finished": marked("It has been sent."),
}
_OTHERWISE = marked("It has been dealt with.")
_NOBODY = marked("Nobody is subscribed now. If you approve the edition, it is published and no email is sent.")
_NOT_YOURS = marked("If that email wasn't from you, don't approve it, and tell whoever runs the newsletter.")


EditionNotice = EditionHeld | EditionReleased | EditionRejected | EditionAlreadyReceived


def say(notice: EditionNotice, words: Words, site: Site, profile: ListProfile) -> NoticeText:
    """What a notice about an edition says."""
    match notice:
        case EditionHeld():
            return edition_held(notice, words, profile)
        case EditionReleased():
            return edition_released(notice, words, profile)
        case EditionRejected():
            return edition_not_taken(notice, words, site, profile)
        case EditionAlreadyReceived():
            return edition_known(notice, words, profile)


def edition_held(notice: EditionHeld, words: Words, profile: ListProfile) -> NoticeText:
    about = _about(notice, profile)
    if notice.again:
        came = words(
            "Your email “{subject}” arrived again. It is already a draft of {title} and is still waiting for your "
            "approval.",
            **about,
        )
    else:
        came = words(
            "Your email “{subject}” is ready to go out as an edition of {title}. Nothing is sent until you approve it.",
            **about,
        )
    proof = () if notice.again else (words("We've also sent you a copy as readers will see it."),)
    days = notice.lifetime_days
    return NoticeText(
        subject=words("Please approve: {subject}", subject=notice.edition_subject),
        before=(
            came,
            *_replaced(words, replaces=notice.replaces),
            "\n".join((_audience(notice.audience, words) if notice.audience else words(_NOBODY), *proof)),
            *_found(notice.findings, words),
        ),
        link=notice.link,
        link_words=words("Review and send"),
        after=(
            words.counted(
                "You have {number} day. After that, the draft is cancelled.",
                "You have {number} days. After that, the draft is cancelled.",
                days,
            ),
            words("Anyone with this link can send the edition, so don't forward this email."),
            words(_NOT_YOURS),
        ),
    )


def edition_released(notice: EditionReleased, words: Words, profile: ListProfile) -> NoticeText:
    about = _about(notice, profile) | {"number": str(notice.edition)}
    if notice.audience:
        subject = words("On its way: {subject}", subject=notice.edition_subject)
        went = words(
            "Your email “{subject}” is on its way to the readers of {title} as edition {number}.",
            **about,
        )
    else:
        subject = words("Edition {number} of {title}", number=str(notice.edition), title=profile.title)
        went = words(
            "Your email “{subject}” is edition {number} of {title}. Nobody is subscribed, so nothing was sent.",
            **about,
        )
    return NoticeText(
        subject=subject,
        before=(
            went,
            *_replaced(words, replaces=notice.replaces),
            *([_audience(notice.audience, words)] if notice.audience else []),
            *_found(notice.findings, words),
        ),
        link=notice.edition_url,
        link_words=words("View in browser"),
        after=(words("If that email wasn't from you, tell whoever runs the newsletter at once."),),
    )


def edition_not_taken(notice: EditionRejected, words: Words, site: Site, profile: ListProfile) -> NoticeText:
    shown = notice.mail_subject or words("(no subject)")
    return NoticeText(
        subject=words("We couldn't use your email: {subject}", subject=shown),
        before=(
            words(
                "We couldn't use your email “{subject}” to {title}. Nothing was sent.",
                subject=shown,
                title=profile.title,
            ),
            "\n".join(f"– {found.text(words)}" for found in notice.findings[:_MOST_LINES]),
            words("Fix this and send it again to {address}.", address=site.list_address(profile.name)),
        ),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(words("If that email wasn't from you, you don't need to do anything."),),
    )


def edition_known(notice: EditionAlreadyReceived, words: Words, profile: ListProfile) -> NoticeText:
    return NoticeText(
        subject=words("Already received: {subject}", subject=notice.edition_subject),
        before=(
            words(
                "Your email “{subject}” is already edition {number} of {title}, so we did nothing more.",
                **_about(notice, profile),
                number=str(notice.edition),
            ),
            words(_STATES.get(notice.state, _OTHERWISE)),
            words("To send it again on purpose, change something in it, or use --again on the command line."),
        ),
    )


def _about(notice: EditionHeld | EditionReleased | EditionAlreadyReceived, profile: ListProfile) -> dict[str, str]:
    return {"subject": notice.edition_subject, "title": profile.title}


def _replaced(words: Words, *, replaces: bool) -> list[str]:
    if not replaces:
        return []
    return [words("It replaces the version you sent before. The link in the earlier email no longer works.")]


def _audience(number: int, words: Words) -> str:
    return words.counted("It goes to {number} reader.", "It goes to {number} readers.", number)


def _found(findings: Sequence[Finding], words: Words) -> list[str]:
    """What preflight found, a line each; nothing at all when it found nothing."""
    if not findings:
        return []
    lines = [f"– {found.text(words)}" for found in findings[:_MOST_LINES]]
    if len(findings) > len(lines):
        lines.append(words("– More on the page"))
    return ["\n".join([words("Please check this first:"), *lines])]
