"""The notices to operators and list owners about mail that bounces, is refused, or does not go out."""

from __future__ import annotations

from pressrun.core.site import Site
from pressrun.message.finding import Remark
from pressrun.message.notices.notice import AboutEdition, Notice, NoticeText
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_ONCE_A_DAY = marked("You won't get another email about {name} for a day.")


class EditionAutoPaused(AboutEdition, frozen=True, kw_only=True):
    """Tells owner and operator that an edition paused by itself, and why.

    With `has_shell` it names commands, else what happens next. `reason` is in English and names a setting; `cause` is
    the same without the setting, in the language of the person who reads it.
    """

    reason: str
    has_shell: bool = True
    cause: Remark | None = None

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        return NoticeText(
            subject=say("Paused: {subject}"),
            before=(
                say("The edition “{subject}” of {title} was paused automatically."),
                self.reason if self.cause is None else self.cause.text(words),
                *self._next_steps(words),
            ),
        )

    def _next_steps(self, words: Words) -> tuple[str, str]:
        if self.has_shell:
            return (
                words("What happened to each copy: {command}", command=f"pressrun edition report {self.edition}"),
                words("To continue anyway: {command}", command=f"pressrun edition resume {self.edition}"),
            )
        return (
            words("Readers who don't have it yet get nothing for now. Nobody gets it twice when it continues."),
            words(
                "Whoever runs the email server has been told and can send the rest or cancel it. Please talk to them."
            ),
        )


class RelayAlert(Notice, frozen=True, kw_only=True):
    """Tells the operator that a relay fails, `since` when (RFC 3339), and its last error."""

    relay: str
    since: str
    error: str

    def text(self, words: Words, _site: Site, _profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("The relay {relay} is failing", relay=self.relay),
            before=(
                words(
                    "Pressrun has been unable to use the relay {relay} since {since}. Its last error follows.",
                    relay=self.relay,
                    since=self.since,
                ),
                self.error or "—",
                words(
                    "Other relays take over its share, if there are any. Copies that no relay accepts wait, and "
                    "Pressrun keeps trying. If you can read this, at least one relay works again."
                ),
                words("What is waiting, and why: {command}", command="pressrun queue ls"),
                words(_ONCE_A_DAY, name=self.relay),
            ),
        )


class OperatorAlert(Notice, frozen=True, kw_only=True):
    """Tells the operator what is wrong, and what to do: a row of core.upkeep.alerts, in English like the log."""

    when: str
    details: str
    advice: str

    def text(self, words: Words, site: Site, _profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=f"Pressrun on {site.mail_domain}: {self.when}",
            before=(self.details, f"What to do: {self.advice}", words(_ONCE_A_DAY, name=f"“{self.when}”")),
        )


class PolicyAlert(AboutEdition, frozen=True, kw_only=True):
    """Tells the operator that a domain refuses our mail for all recipients; `reply` is what it said."""

    domain: str
    reply: str

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        say = self.wording(words, profile)
        return NoticeText(
            subject=say("{domain} is refusing email from {title}", domain=self.domain),
            before=(
                say(
                    "{domain} is refusing copies of the edition “{subject}” of {title} because of their sender, not "
                    "their readers. Its words follow.",
                    domain=self.domain,
                ),
                self.reply or "—",
                words(
                    "This does not count against the readers. Check your SPF, DKIM and DMARC records, the reputation "
                    "of the address that your email server sends from, and the provider's postmaster pages."
                ),
                words(
                    "Once that is fixed, send the failed copies again: {command}",
                    command=f"pressrun edition resend {self.edition} --failed",
                ),
                words(_ONCE_A_DAY, name=self.domain),
            ),
        )
