"""The notices to readers: about their own subscription, and in answer to a command that they mailed.

Nothing of an incoming mail is quoted, because its sender may be forged.
"""

from __future__ import annotations

from pressrun.core.site import Site
from pressrun.message.notices.notice import Notice, NoticeText, ignore_this, works_for
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_COMMANDS = "help, subscribe, unsubscribe, confirm TOKEN, lists, end"
_UNKNOWN_COMMAND = marked("We didn't find a command in your email, so nothing has changed.")
_TO_SUBSCRIBE = marked("To subscribe, send an email to one of these addresses:")
_ALREADY = marked("You asked to receive {title} at this address. You already do, so nothing has changed.")
_ALREADY_PAUSED = marked(
    "You asked to receive {title} at this address. You are already subscribed, but your subscription is paused until "
    "{date}. After that, emails will start again automatically."
)
_TOO_LATE = marked("This confirmation has expired, or you've unsubscribed since. To subscribe, sign up again.")
_FORWARDED = marked("If someone you forwarded an email to did this, you can undo it:")
_PAUSED = marked("We've paused {title} until {date}. After that, emails will start again automatically.")
_MOVING = marked("Someone asked to move your subscriptions from this address to {new}.")
_MOVED = marked("Your subscriptions have moved from this address to {new}. The change was confirmed there.")


class ConfirmationRequest(Notice, frozen=True, kw_only=True):
    """Asks whether the owner of an address wants a list, and the further lists whose titles are in `also`.

    `address_token` is that of `news-confirm+TOKEN@D`. `never_again` is the link by which somebody who did not ask stops
    all mail of this server for ever.
    """

    link: str
    lifetime_seconds: float
    never_again: str
    address_token: str | None = None
    also: tuple[str, ...] = ()

    def text(self, words: Words, site: Site, profile: ListProfile) -> NoticeText:
        title = words.listed([profile.title, *self.also])
        is_answered = self.address_token and site.receives_mail
        reply = [words("Or simply reply to this email; it can stay empty.")] if is_answered else []
        return NoticeText(
            subject=words("Please confirm your subscription to {title}", title=title),
            before=(words("You asked to receive {title} at this address. Please confirm.", title=title),),
            link=self.link,
            link_words=words("Confirm subscription"),
            after=(*reply, works_for(words, self.lifetime_seconds), ignore_this(words)),
            preheader=words("Just one more step to confirm your subscription."),
        )


class AlreadySubscribed(Notice, frozen=True, kw_only=True):
    """Tells a member who signs up again, `also` to further lists, that nothing has changed.

    `paused_until` is when their pause ends, if they have paused them all: they may have signed up to end that.
    """

    preferences_url: str
    also: tuple[str, ...] = ()
    paused_until: int | None = None

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        title, until = words.listed([profile.title, *self.also]), self.paused_until
        if until is None:
            before: tuple[str, ...] = (words(_ALREADY, title=title),)
        else:
            before = (words(_ALREADY_PAUSED, title=title, date=words.day(until)), words("Start again any time:"))
        return NoticeText(
            subject=words("You are already subscribed to {title}", title=title),
            before=before,
            link=self.preferences_url,
            link_words=words("Preferences"),
            after=(ignore_this(words),),
        )


class PreferencesLink(Notice, frozen=True, kw_only=True):
    """The reader's own link, requested on the web."""

    link: str
    lifetime_seconds: float

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("Your preferences for {title}", title=profile.title),
            before=(words("Here's the preferences link you asked for."),),
            link=self.link,
            link_words=words("Preferences"),
            after=(
                works_for(words, self.lifetime_seconds),
                words("Don't forward this email: anyone with the link can change your subscriptions."),
                ignore_this(words),
            ),
        )


class UnsubscribeLink(Notice, frozen=True, kw_only=True):
    """Answers a request to unsubscribe: by mail to members and strangers alike, on the web only to members."""

    link: str

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("Unsubscribe from {title}", title=profile.title),
            before=(words("You asked to unsubscribe this address from {title}.", title=profile.title),),
            link=self.link,
            link_words=words("Unsubscribe"),
            after=(ignore_this(words),),
        )


class UnsubscribedNote(Notice, frozen=True, kw_only=True):
    """Tells a reader that they were unsubscribed by a link, which somebody else may have followed."""

    link: str
    lifetime_seconds: float

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("You've unsubscribed from {title}", title=profile.title),
            before=(words("You've been unsubscribed from {title}.", title=profile.title), words(_FORWARDED)),
            link=self.link,
            link_words=words("Subscribe me again"),
            after=(works_for(words, self.lifetime_seconds),),
        )


class PauseNote(Notice, frozen=True, kw_only=True):
    """Tells a reader that the list, and those whose titles are in `also`, pause until a time (UTC seconds)."""

    preferences_url: str
    until: int
    also: tuple[str, ...] = ()

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        title, date = words.listed([profile.title, *self.also]), words.day(self.until)
        return NoticeText(
            subject=words("Paused until {date}: {title}", date=date, title=title),
            before=(words(_PAUSED, title=title, date=date), words("Start again any time:")),
            link=self.preferences_url,
            link_words=words("Resume"),
        )


class AddressChangeRequested(Notice, frozen=True, kw_only=True):
    """Asks the owner of a new address whether the mails of a reader are to go there.

    `never_again` is that of a `ConfirmationRequest`, since a reader may have named somebody else's address.
    """

    link: str
    lifetime_seconds: float
    never_again: str

    def text(self, words: Words, _site: Site, _profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("Confirm your new email address"),
            before=(words("You asked to move your subscriptions to this address. Please confirm."),),
            link=self.link,
            link_words=words("Confirm this address"),
            after=(works_for(words, self.lifetime_seconds), ignore_this(words)),
        )


class AddressMoving(Notice, frozen=True, kw_only=True):
    """Tells the old address that a move was requested (`is_done`: made), with a link that stops or undoes it.

    `new` is the new address, masked: people who read the old mailbox may recognise it, but must not learn it.
    """

    link: str
    new: str
    lifetime_seconds: float
    is_done: bool

    def text(self, words: Words, _site: Site, _profile: ListProfile) -> NoticeText:
        if self.is_done:
            subject = words("Email address changed")
            before = words(_MOVED, new=self.new), words("If this wasn't you, undo it:")
        else:
            subject = words("Someone asked to change your email address")
            stop = words("Nothing changes until the new address confirms. If this wasn't you, stop it:")
            before = words(_MOVING, new=self.new), stop
        return NoticeText(
            subject=subject,
            before=before,
            link=self.link,
            link_words=words("Keep this address"),
            after=(
                works_for(words, self.lifetime_seconds),
                words("If this was you, you don't need to do anything."),
            ),
        )


class NotConfirmed(Notice, frozen=True, kw_only=True):
    """Tells somebody who answered a confirmation too late, or has left since, how to sign up again."""

    def text(self, words: Words, site: Site, profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("Your subscription to {title} isn't confirmed", title=profile.title),
            before=(words(_TOO_LATE),),
            link=profile.page_url(site),
            link_words=profile.title,
        )


class StillThere(Notice, frozen=True, kw_only=True):
    """Asks a reader who was suspended for bounces, once; `missed` are titles and URLs of editions, newest first."""

    link: str
    lifetime_seconds: float
    missed: tuple[tuple[str, str], ...] = ()

    def text(self, words: Words, _site: Site, profile: ListProfile) -> NoticeText:
        missed = "\n".join(f"{title}\n{url}" for title, url in self.missed)
        return NoticeText(
            subject=words("Do you still want {title}?", title=profile.title),
            before=(
                words(
                    "Our emails from {title} to this address bounced, so we paused your subscription.",
                    title=profile.title,
                ),
            ),
            link=self.link,
            link_words=words("Yes, send it again"),
            after=(
                works_for(words, self.lifetime_seconds),
                *((words("Sent since then:"), missed) if missed else ()),
                words("If you don't want it any more, you don't need to do anything. We won't ask again."),
            ),
        )


class CommandHelp(Notice, frozen=True, kw_only=True):
    """Answers a mail to the command address that asks for help, or (`is_unknown`) holds no known command."""

    is_unknown: bool = False

    def text(self, words: Words, site: Site, profile: ListProfile) -> NoticeText:
        title, name = profile.title, profile.name
        addresses = (
            words("Subscribe: {address}", address=site.list_address(name, "subscribe")),
            words("Unsubscribe (we'll reply with a link): {address}", address=site.list_address(name, "unsubscribe")),
            words("Reach a person: {address}", address=site.list_address(name, "owner")),
            words(
                "Send commands, in the subject or one per line: {address}", address=site.list_address(name, "request")
            ),
        )
        return NoticeText(
            subject=words("Help for {title}", title=title),
            before=(
                *([words(_UNKNOWN_COMMAND)] if self.is_unknown else []),
                words("Email addresses for {title}:", title=title),
                "\n".join(addresses),
                words("You can use these commands: {commands}.", commands=_COMMANDS),
                words("You can also do all of this on the web:"),
            ),
            link=profile.page_url(site),
            link_words=title,
        )


class ListOfLists(Notice, frozen=True, kw_only=True):
    """The public lists, by title and the address that subscribes."""

    lists: tuple[tuple[str, str], ...]

    def text(self, words: Words, site: Site, _profile: ListProfile) -> NoticeText:
        lists = [f"{title}\n{address}" for title, address in self.lists]
        return NoticeText(
            subject=words("Newsletters you can subscribe to"),
            before=(
                words(_TO_SUBSCRIBE) if lists else words("There are no public newsletters here."),
                *([*lists, words("You'll also find them on the web:")] if lists else []),
            ),
            link=site.url(""),
            link_words=words("Newsletters"),
        )


class ListClosed(Notice, frozen=True, kw_only=True):
    """Tells somebody who wants to subscribe that the list accepts nobody."""

    def text(self, words: Words, site: Site, profile: ListProfile) -> NoticeText:
        return NoticeText(
            subject=words("{title} is closed", title=profile.title),
            before=(
                words("{title} is closed and no longer accepts subscriptions.", title=profile.title),
                words("Its page is still online:"),
            ),
            link=profile.page_url(site),
            link_words=profile.title,
        )
