"""The notices to editors and list owners about an edition that came by mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pressrun.core.site import Site
from pressrun.message.finding import Finding
from pressrun.message.notices.notice import AboutEdition, Notice, NoticeText
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_MOST_LINES = 40  # of findings in a mail; the page has all
_STATES = {
    "scheduled": marked("It is scheduled."),
    "sending": marked("It is being sent."),
    "paused": marked("It is paused."),
    "finished": marked("It has been sent."),
}
_OTHER_STATE = marked("It has been dealt with.")
_NOBODY = marked("Nobody is subscribed now. If you approve the edition, it is published and no email is sent.")
_PROOF = marked("We've also sent you a copy as readers will see it.")
_TELL_AT_ONCE = marked("If that email wasn't from you, tell whoever runs the newsletter at once.")
_NOT_YOURS = marked("If that email wasn't from you, don't approve it, and tell whoever runs the newsletter.")


class EditionHeld(AboutEdition, frozen=True, kw_only=True):
    """Asks an editor to look at an edition that came by mail, and to approve it.

    `again` if it had come before; `replaces` if an earlier version of it was waiting, whose link is now void.
    """

    audience: int
    link: str
    lifetime_days: int
    findings: tuple[Finding, ...] = ()
    again: bool = False
    replaces: bool = False

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        proof = () if self.again else (words(_PROOF),)
        return NoticeText(
            subject=say("Please approve: {subject}"),
            before=(
                self._arrival(say),
                *_replaced(words, replaces=self.replaces),
                "\n".join((_audience(self.audience, words) if self.audience else words(_NOBODY), *proof)),
                *_to_check(self.findings, words),
            ),
            link=self.link,
            link_words=words("Review and send"),
            after=(
                _lifetime(self.lifetime_days, words),
                words("Anyone with this link can send the edition, so don't forward this email."),
                words(_NOT_YOURS),
            ),
        )

    def _arrival(self, say: Callable[[str], str]) -> str:
        if self.again:
            return say(
                "Your email “{subject}” arrived again. It is already a draft of {title} and is still waiting for your "
                "approval."
            )
        return say(
            "Your email “{subject}” is ready to go out as an edition of {title}. Nothing is sent until you approve it."
        )


class EditionNeedsApproval(AboutEdition, frozen=True, kw_only=True):
    """Tells an editor that somebody else has to approve their edition, on a list with `approval=second-person`.

    It has no link, because nobody can approve by email on such a list. `again` and `replaces` as in EditionHeld.
    """

    audience: int
    lifetime_days: int
    findings: tuple[Finding, ...] = ()
    again: bool = False
    replaces: bool = False

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        return NoticeText(
            subject=say("Waiting for approval: {subject}"),
            before=(
                say(
                    "Your email “{subject}” is edition {number} of {title}, still a draft. Someone else has to "
                    "approve it before it goes out, so please let the people who approve editions know."
                ),
                *_replaced(words, replaces=self.replaces),
                *([_audience(self.audience, words)] if self.audience else []),
                *([] if self.again else [words(_PROOF)]),
                *_to_check(self.findings, words),
            ),
            after=(_lifetime(self.lifetime_days, words), words(_TELL_AT_ONCE)),
        )


class EditionReleased(AboutEdition, frozen=True, kw_only=True):
    """Tells an editor that the edition they mailed is already on its way; `replaces` as in EditionHeld."""

    audience: int
    edition_url: str | None = None
    findings: tuple[Finding, ...] = ()
    replaces: bool = False

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        if self.audience:
            subject = say("On its way: {subject}")
            sentence = say("Your email “{subject}” is on its way to the readers of {title} as edition {number}.")
        else:
            subject = say("Edition {number} of {title}")
            sentence = say(
                "Your email “{subject}” is edition {number} of {title}. Nobody is subscribed, so nothing was sent."
            )
        return NoticeText(
            subject=subject,
            before=(
                sentence,
                *_replaced(words, replaces=self.replaces),
                *([_audience(self.audience, words)] if self.audience else []),
                *_to_check(self.findings, words),
            ),
            link=self.edition_url,
            link_words=words("View in browser"),
            after=(words(_TELL_AT_ONCE),),
        )


class EditionRejected(Notice, frozen=True, kw_only=True):
    """Tells an editor why a mail did not become an edition."""

    mail_subject: str
    findings: tuple[Finding, ...]

    def text(self, words: Words, site: Site, profile: ListProfile) -> NoticeText:
        subject = self.mail_subject or words("(no subject)")
        return NoticeText(
            subject=words("We couldn't use your email: {subject}", subject=subject),
            before=(
                words(
                    "We couldn't use your email “{subject}” to {title}. Nothing was sent.",
                    subject=subject,
                    title=profile.title,
                ),
                "\n".join(_lines(self.findings, words)),
                words("Fix this and send it again to {address}.", address=site.list_address(profile.name)),
            ),
            link=profile.page_url(site),
            link_words=profile.title,
            after=(words("If that email wasn't from you, you don't need to do anything."),),
        )


class EditionAlreadyReceived(AboutEdition, frozen=True, kw_only=True):
    """Tells an editor that a mail came before and is an edition already, in `state`."""

    state: str

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        return NoticeText(
            subject=say("Already received: {subject}"),
            before=(
                say("Your email “{subject}” is already edition {number} of {title}, so we did nothing more."),
                words(_STATES.get(self.state, _OTHER_STATE)),
                words("To send it again on purpose, change something in it, or use --again on the command line."),
            ),
        )


class EditionSubmitted(AboutEdition, frozen=True, kw_only=True):
    """Tells somebody who may send editions that one is ready."""

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        return NoticeText(
            subject=say("Ready to send: {subject}"),
            before=(
                say(
                    "Edition {number} of {title}, “{subject}”, is ready. It waits for you or somebody else to approve "
                    "it, send it or return it."
                ),
            ),
        )


class EditionReturned(AboutEdition, frozen=True, kw_only=True):
    """Tells the person who submitted an edition that it was returned, with the `remarks` of who returned it."""

    remarks: str

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        return NoticeText(
            subject=say("Returned: {subject}"),
            before=(
                say("Edition {number} of {title}, “{subject}”, was returned to you. Nothing was sent."),
                *([self.remarks] if self.remarks else []),
            ),
        )


def _lifetime(days: int, words: Words) -> str:
    return words.counted(
        "You have {number} day. After that, the draft is cancelled.",
        "You have {number} days. After that, the draft is cancelled.",
        days,
    )


def _replaced(words: Words, *, replaces: bool) -> list[str]:
    if not replaces:
        return []
    return [words("It replaces the version you sent before. The link in the earlier email no longer works.")]


def _audience(number: int, words: Words) -> str:
    return words.counted("It goes to {number} reader.", "It goes to {number} readers.", number)


def _lines(findings: Sequence[Finding], words: Words) -> list[str]:
    return [f"– {finding.text(words)}" for finding in findings[:_MOST_LINES]]


def _to_check(findings: Sequence[Finding], words: Words) -> list[str]:
    """The findings of preflight, one per line, or nothing at all."""
    if not findings:
        return []
    more = [words("– More on the page")] if len(findings) > _MOST_LINES else []
    return ["\n".join([words("Please check this first:"), *_lines(findings, words), *more])]
