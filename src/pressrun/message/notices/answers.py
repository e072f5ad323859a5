"""What answers a command that came by mail."""

from __future__ import annotations

from pressrun.core.site import Site
from pressrun.message.notices.content import NoticeText
from pressrun.message.notices.kinds import CommandHelp, ListOfLists
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_COMMANDS = "help, subscribe, unsubscribe, confirm TOKEN, lists, end"
# Nothing of the mail is quoted: who is written to may not have written it.
_UNKNOWN = marked("We didn't find a command in your email, so nothing has changed.")
_TO_SUBSCRIBE = marked("To subscribe, send an email to one of these addresses:")


def command_help(notice: CommandHelp, words: Words, site: Site, profile: ListProfile) -> NoticeText:
    title, name = profile.title, profile.name
    addresses = (
        words("Subscribe: {address}", address=site.list_address(name, "subscribe")),
        words("Unsubscribe (we'll reply with a link): {address}", address=site.list_address(name, "unsubscribe")),
        words("Reach a person: {address}", address=site.list_address(name, "owner")),
        words("Send commands, in the subject or one per line: {address}", address=site.list_address(name, "request")),
    )
    return NoticeText(
        subject=words("Help for {title}", title=title),
        before=(
            *([words(_UNKNOWN)] if notice.is_unknown else []),
            words("Email addresses for {title}:", title=title),
            "\n".join(addresses),
            words("You can use these commands: {commands}.", commands=_COMMANDS),
            words("You can also do all of this on the web:"),
        ),
        link=profile.page_url(site),
        link_words=title,
        after=(),
    )


def list_of_lists(notice: ListOfLists, words: Words, site: Site) -> NoticeText:
    shown = [f"{title}\n{address}" for title, address in notice.lists]
    return NoticeText(
        subject=words("Newsletters you can subscribe to"),
        before=(
            words(_TO_SUBSCRIBE) if shown else words("There are no public newsletters here."),
            *([*shown, words("You'll also find them on the web:")] if shown else []),
        ),
        link=site.url(""),
        link_words=words("Newsletters"),
        after=(),
    )


def list_closed(words: Words, site: Site, profile: ListProfile) -> NoticeText:
    return NoticeText(
        subject=words("{title} is closed", title=profile.title),
        before=(
            words("{title} is closed and no longer accepts subscriptions.", title=profile.title),
            words("Its page is still online:"),
        ),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(),
    )
