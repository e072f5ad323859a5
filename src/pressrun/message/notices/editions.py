"""What editors and owners are told about an edition."""

from __future__ import annotations

from pressrun.message.notices.content import Content, filled
from pressrun.message.notices.kinds import FinishedReport
from pressrun.message.profile import ListProfile, Words


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
