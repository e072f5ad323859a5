"""What editors and owners are told about an edition."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.core.site import Site
from pressrun.message.finding import Finding
from pressrun.message.notices.content import Content, filled
from pressrun.message.notices.kinds import (
    EditionHeld,
    EditionKnown,
    EditionNotTaken,
    EditionReleased,
    FinishedReport,
)
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words

_MOST_LINES = 40  # of findings in a mail; the page has all
_STATES = {
    "scheduled": "It waits for its hour.",
    "sending": "It is being sent.",
    "paused": "It is paused.",
    "finished": "It has been sent.",
}


EditionNotice = FinishedReport | EditionHeld | EditionReleased | EditionNotTaken | EditionKnown


def say(notice: EditionNotice, words: Words, site: Site, profile: ListProfile) -> Content:
    """What a notice about an edition says."""
    match notice:
        case FinishedReport():
            return finished_report(notice, words, profile)
        case EditionHeld():
            return edition_held(notice, words, profile)
        case EditionReleased():
            return edition_released(notice, words, profile)
        case EditionNotTaken():
            return edition_not_taken(notice, words, site, profile)
        case EditionKnown():
            return edition_known(notice, words, profile)


def finished_report(notice: FinishedReport, words: Words, profile: ListProfile) -> Content:
    counts = [f"{words(state)}: {number}" for state, number in notice.counts.items() if number]
    return Content(
        subject=filled(words("Sent: {subject}"), subject=notice.edition_subject),
        before=(
            filled(
                words("The edition {subject} of {title} is finished."),
                subject=f"“{notice.edition_subject}”",
                title=profile.title,
            ),
            "\n".join([f"{words('Audience')}: {notice.audience}", *counts]),
        ),
        link=notice.edition_url,
        link_words=words("View in browser"),
        after=(),
    )


def edition_held(notice: EditionHeld, words: Words, profile: ListProfile) -> Content:
    came = words(
        "Your mail {subject} is ready to go out as an edition of {title}. Nothing is sent before you approve it."
    )
    if notice.again:
        came = words("Your mail {subject} came once more. It is a draft of {title} already, and still waits for you.")
    proof = words("A copy as readers will see it comes in a mail of its own.")
    return Content(
        subject=filled(words("Please approve: {subject}"), subject=notice.edition_subject),
        before=(
            filled(came, subject=f"“{notice.edition_subject}”", title=profile.title),
            *_replaced(words, replaces=notice.replaces),
            "\n".join((_audience(notice.audience, words), *(() if notice.again else (proof,)))),
            *_found(notice.findings, words),
            words("To read it once more and send it, open this page and press the button:"),
        ),
        link=notice.link,
        link_words=words("Look at it, and approve"),
        after=(
            filled(
                words("The link can be used for {days} days, then the draft is cancelled."),
                days=str(notice.lifetime_days),
            ),
            words("Who has the link can send the edition, so do not pass this mail on."),
            words("If you did not write this mail, do nothing, and tell whoever runs the list."),
        ),
    )


def edition_released(notice: EditionReleased, words: Words, profile: ListProfile) -> Content:
    sentence = words("Your mail {subject} is on its way to the readers of {title}, as edition {number}.")
    if not notice.audience:
        sentence = words(
            "Your mail {subject} is edition {number} of {title}. The list has no reader, so nothing was sent."
        )
    return Content(
        subject=filled(words("On its way: {subject}"), subject=notice.edition_subject),
        before=(
            filled(
                sentence,
                subject=f"“{notice.edition_subject}”",
                title=profile.title,
                number=str(notice.edition),
            ),
            *_replaced(words, replaces=notice.replaces),
            _audience(notice.audience, words),
            *_found(notice.findings, words),
            *([words("Its page:")] if notice.edition_url else []),
        ),
        link=notice.edition_url,
        link_words=words("View in browser"),
        after=(words("If you did not write this mail, tell whoever runs the list at once."),),
    )


def edition_not_taken(notice: EditionNotTaken, words: Words, site: Site, profile: ListProfile) -> Content:
    shown = notice.mail_subject or words("(no subject)")
    return Content(
        subject=filled(words("Not taken: {subject}"), subject=shown),
        before=(
            filled(
                words("Your mail {subject} to {title} did not become an edition, and nothing was sent:"),
                subject=f"“{shown}”",
                title=profile.title,
            ),
            "\n".join(f"– {found.said(words)}" for found in notice.findings[:_MOST_LINES]),
            filled(
                words("Mend that and send it again to {address}. The page of the list:"),
                address=site.list_address(profile.name),
            ),
        ),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(words("If you did not write this mail, there is nothing to do."),),
    )


def edition_known(notice: EditionKnown, words: Words, profile: ListProfile) -> Content:
    return Content(
        subject=filled(words("Came twice: {subject}"), subject=notice.edition_subject),
        before=(
            filled(
                words("Your mail {subject} is edition {number} of {title} already, so nothing more was done."),
                subject=f"“{notice.edition_subject}”",
                number=str(notice.edition),
                title=profile.title,
            ),
            words(_STATES.get(notice.state, "It has been dealt with.")),
            words("To send it once more on purpose, change something in it, or use the command line with --again."),
        ),
    )


def _replaced(words: Words, *, replaces: bool) -> list[str]:
    if not replaces:
        return []
    return [words("It replaces the version you sent before. The link in the earlier email no longer works.")]


def _audience(number: int, words: Words) -> str:
    if number == 1:
        return words("It goes to 1 reader.")
    return filled(words("It goes to {number} readers."), number=f"{number:,}")


def _found(findings: Sequence[Finding], words: Words) -> list[str]:
    """What preflight found, a line each; nothing at all when it found nothing."""
    if not findings:
        return []
    lines = [f"– {found.said(words)}" for found in findings[:_MOST_LINES]]
    more = len(findings) - len(lines)
    if more:
        lines.append(filled(words("– and {number} more, on the page"), number=str(more)))
    return ["\n".join([words("What you may want to look at first:"), *lines])]
