"""What answers a command that came by mail."""

from __future__ import annotations

from pressrun.core.site import Site
from pressrun.message.notices.content import Content
from pressrun.message.notices.kinds import CommandHelp, ListOfLists
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_COMMANDS = "help, subscribe, unsubscribe, confirm TOKEN, lists, end"
# Nothing of the mail is quoted: who is written to may not have written it.
_UNKNOWN = marked("Your mail holds no known command, so nothing has changed.")
_TO_SUBSCRIBE = marked("A mail to one of these addresses asks to subscribe you:")


def command_help(notice: CommandHelp, words: Words, site: Site, profile: ListProfile) -> Content:
    title, name = profile.title, profile.name
    addresses = (
        (site.list_address(name, "subscribe"), words("any mail there asks to subscribe you")),
        (site.list_address(name, "unsubscribe"), words("any mail there brings you the link to unsubscribe")),
        (site.list_address(name, "owner"), words("reaches the person who answers for the list")),
        (site.list_address(name, "request"), words("takes commands, in the subject or one a line")),
    )
    return Content(
        subject=words("Help for {title}", title=title),
        before=(
            *([words(_UNKNOWN)] if notice.is_unknown else []),
            words("These are the addresses of the list {title}:", title=title),
            "\n".join(f"{address}: {meaning}" for address, meaning in addresses),
            words("The commands are: {commands}.", commands=_COMMANDS),
            words("Everything can be done on this page, too:"),
        ),
        link=profile.page_url(site),
        link_words=title,
        after=(),
    )


def list_of_lists(notice: ListOfLists, words: Words, site: Site) -> Content:
    shown = [f"{title}: {address}" for title, address in notice.lists]
    return Content(
        subject=words("The lists that you can subscribe to"),
        before=(
            words(_TO_SUBSCRIBE) if shown else words("There is no public list."),
            *(["\n".join(shown)] if shown else []),
            words("They stand on this page, too:"),
        ),
        link=site.url(""),
        link_words=words("Lists"),
        after=(),
    )


def list_closed(words: Words, site: Site, profile: ListProfile) -> Content:
    return Content(
        subject=words("{title} is closed", title=profile.title),
        before=(
            words("The list {title} is closed and takes no new subscriptions.", title=profile.title),
            words("Its page is still there:"),
        ),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(),
    )
