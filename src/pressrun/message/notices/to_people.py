"""The notices to people who log in."""

from __future__ import annotations

from pressrun.core.site import Site
from pressrun.message.notices.notice import Notice, NoticeText, ignore_this, works_for
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words


class LoginCode(Notice, frozen=True, kw_only=True):
    """The code that a browser has asked for; no link, so that nothing which follows links can spend it."""

    code: str

    def text(self, words: Words, _site: Site, _profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("Your code to log in"),
            before=(words("Type this code on the page where you asked for it:"),),
            code=self.code,
            after=(
                words("It works once, within ten minutes, and only in that browser."),
                ignore_this(words),
            ),
        )


class Invitation(Notice, frozen=True, kw_only=True):
    """Invites somebody to log in and work on a list. The link works once."""

    link: str
    lifetime_seconds: float

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("Your invitation to {title}", title=profile.title),
            before=(words("You've been invited to work on {title}. Accept to log in.", title=profile.title),),
            link=self.link,
            link_words=words("Accept invitation"),
            after=(
                works_for(words, self.lifetime_seconds),
                words("Anyone with this link can log in as you, so don't forward this email."),
                words("If you weren't expecting it, you can ignore this email. Nothing happens until you accept."),
            ),
        )
