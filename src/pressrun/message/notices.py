"""The small mails to one person: a confirmation, a link, a report. Each is a text part with a plain HTML one beside it.

They hold no text of the applicant's and no advertising, carry List-Id and List-Help but no List-Unsubscribe, and say
by Auto-Submitted that a program wrote them: `auto-generated` after a web request or by ourselves, `auto-replied` in
answer to a mail (RFC 3834 §5), then also from the command address. All wording passes through `words`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from pressrun.core.address import Address, parse_address
from pressrun.core.site import Site
from pressrun.message.edition_headers import answers_to, list_help, list_id
from pressrun.message.headers import clean_value, format_date, id_field, mailbox_field, plain_field, text_field
from pressrun.message.layout import escape, framed
from pressrun.message.layouts import fill, frame
from pressrun.message.mailbox import Mailbox
from pressrun.message.mime import ended, message_body
from pressrun.message.profile import ListProfile, Words

_COMMANDS = "help, subscribe, unsubscribe, confirm TOKEN, lists, end"
_ASKED_TO_LEAVE = "Somebody, most likely you, asked to unsubscribe this address from the list {title}."
_TOO_LATE = "You answered a confirmation that is too old, or from before you unsubscribed, so it changes nothing."
_TO_SUBSCRIBE = "A mail to one of these addresses asks to subscribe you:"
_ASKED = "Somebody, most likely you, asked to subscribe this address to the list {title}."


class AutoSubmitted(StrEnum):
    """What a notice answers."""

    GENERATED = "auto-generated"  # a web request, or nothing
    REPLIED = "auto-replied"  # a mail


class Confirmation(msgspec.Struct, frozen=True, kw_only=True, tag="confirmation"):
    """Asks whether the owner of an address wants a list. `address_token` is that of `news-confirm+TOKEN@D`."""

    link: str
    lifetime_days: int
    address_token: str | None = None


class AlreadySubscribed(msgspec.Struct, frozen=True, kw_only=True, tag="already_subscribed"):
    """Tells a member who signs up again that nothing has changed."""

    preferences_url: str


class PreferencesLink(msgspec.Struct, frozen=True, kw_only=True, tag="preferences_link"):
    """The reader's own link, asked for on the web."""

    link: str
    lifetime_minutes: int


class FinishedReport(msgspec.Struct, frozen=True, kw_only=True, tag="finished_report"):
    """Tells the owner how an edition went; `counts` are by delivery state."""

    edition_subject: str
    audience: int
    counts: Mapping[str, int]
    edition_url: str | None = None


class CommandHelp(msgspec.Struct, frozen=True, kw_only=True, tag="command_help"):
    """Answers a mail to the command address that holds no command, or asks for help."""


class ListOfLists(msgspec.Struct, frozen=True, kw_only=True, tag="list_of_lists"):
    """The public lists, by title and the address that subscribes."""

    lists: tuple[tuple[str, str], ...]


class UnsubscribeLink(msgspec.Struct, frozen=True, kw_only=True, tag="unsubscribe_link"):
    """Answers who asks by mail to unsubscribe: the same for members and strangers."""

    link: str


class NotConfirmed(msgspec.Struct, frozen=True, kw_only=True, tag="not_confirmed"):
    """Tells somebody who answered a confirmation too late, or left since, how to sign up again."""


class ListClosed(msgspec.Struct, frozen=True, kw_only=True, tag="list_closed"):
    """Tells somebody who asks to subscribe that the list takes nobody in."""


Notice = (
    Confirmation
    | AlreadySubscribed
    | PreferencesLink
    | FinishedReport
    | CommandHelp
    | ListOfLists
    | UnsubscribeLink
    | NotConfirmed
    | ListClosed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a notice says: paragraphs around one link; `title` is the list's, filled into each sentence."""

    subject: str
    before: tuple[str, ...]
    link: str | None
    link_words: str
    after: tuple[str, ...]


def encode_notice(notice: Notice) -> bytes:
    """A notice for the database."""
    return msgspec.json.encode(notice)


def decode_notice(stored: bytes) -> Notice:
    """Read what `encode_notice` wrote; raises ValueError for anything else."""
    notice: Notice = msgspec.json.decode(stored, type=Notice)
    return notice


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCopy:
    """What makes a notice one person's own.

    Ids stand without brackets, `date_at` is in UTC seconds, `language` is that of the words.
    """

    to: Address
    message_id: str
    date_at: int
    auto_submitted: AutoSubmitted = AutoSubmitted.GENERATED
    in_reply_to: str | None = None
    language: str = "en"


def build_notice(notice: Notice, copy: NoticeCopy, *, words: Words, site: Site, profile: ListProfile) -> bytes:
    """The whole mail, 7-bit but for a `To` that needs SMTPUTF8, with CRLF line ends."""
    content = _say(notice, words, site, profile)
    text = ended(_as_text(content))
    page = framed(
        _as_html(content),
        title=profile.title,
        language=copy.language,
        footer=fill(frame.FOOTER_PARAGRAPH, text=escape(_footer(words, profile))),
    )
    header = _header(notice, copy, content.subject, site, profile)
    seed = hashlib.sha256(f"{copy.message_id}\0{text}".encode("utf-8", "replace")).hexdigest()
    body = message_body([text], [ended(page)], (), seed=seed)
    return header + b"".join(piece for piece in body if isinstance(piece, bytes))


def _header(notice: Notice, copy: NoticeCopy, subject: str, site: Site, profile: ListProfile) -> bytes:
    from_ = profile.from_
    if copy.auto_submitted is AutoSubmitted.REPLIED and site.receives_mail:
        from_ = Mailbox(profile.title, parse_address(site.list_address(profile.name, "request")))
    reply_to = answers_to(profile, site)
    if isinstance(notice, Confirmation) and notice.address_token and site.receives_mail:
        reply_to = Mailbox("", parse_address(site.list_address(profile.name, "confirm", notice.address_token)))
    fields = [
        mailbox_field("From", from_),
        f"To: {clean_value(copy.to.wire)}\r\n".encode(),
        text_field("Subject", subject),
        plain_field("Date", format_date(copy.date_at)),
        id_field("Message-ID", copy.message_id),
        mailbox_field("Reply-To", reply_to),
        plain_field("MIME-Version", "1.0"),
        list_id(profile, site),
        list_help(profile, site),
        plain_field("Auto-Submitted", copy.auto_submitted),
        plain_field("X-Auto-Response-Suppress", "All"),
    ]
    if copy.in_reply_to:
        fields += [id_field("In-Reply-To", copy.in_reply_to), id_field("References", copy.in_reply_to)]
    return b"".join(fields)


def _say(notice: Notice, words: Words, site: Site, profile: ListProfile) -> _Content:
    match notice:
        case Confirmation():
            return _confirmation(notice, words, profile)
        case AlreadySubscribed():
            return _already_subscribed(notice, words, profile)
        case PreferencesLink():
            return _preferences_link(notice, words, profile)
        case FinishedReport():
            return _finished_report(notice, words, profile)
        case _:
            return _answer(notice, words, site, profile)


def _answer(
    notice: CommandHelp | ListOfLists | UnsubscribeLink | NotConfirmed | ListClosed,
    words: Words,
    site: Site,
    profile: ListProfile,
) -> _Content:
    """What answers a command that came by mail."""
    match notice:
        case CommandHelp():
            return _command_help(words, site, profile)
        case ListOfLists():
            return _list_of_lists(notice, words, site)
        case UnsubscribeLink():
            return _unsubscribe_link(notice, words, profile)
        case NotConfirmed():
            return _not_confirmed(words, site, profile)
        case ListClosed():
            return _list_closed(words, site, profile)


def _filled(sentence: str, **values: str) -> str:
    """A sentence with its `{name}` places filled; a translator's mistake cannot fail here."""
    for name, value in values.items():
        sentence = sentence.replace(f"{{{name}}}", value)
    return sentence


def _confirmation(notice: Confirmation, words: Words, profile: ListProfile) -> _Content:
    title = profile.title
    after = [
        _filled(words("The link can be used for {days} days."), days=str(notice.lifetime_days)),
        words(
            "If you did not ask for this, ignore this mail: without your confirmation you are not subscribed, "
            "and nothing more is sent to you."
        ),
    ]
    if notice.address_token:
        after.insert(0, words("Or answer this mail as it is."))
    return _Content(
        subject=_filled(words("Please confirm your subscription to {title}"), title=title),
        before=(
            _filled(words(_ASKED), title=title),
            words("To confirm, open this page and press the button:"),
        ),
        link=notice.link,
        link_words=words("Confirm subscription"),
        after=tuple(after),
    )


def _already_subscribed(notice: AlreadySubscribed, words: Words, profile: ListProfile) -> _Content:
    title = profile.title
    return _Content(
        subject=_filled(words("You are already subscribed to {title}"), title=title),
        before=(
            _filled(words(_ASKED), title=title),
            words("It is subscribed already, so nothing has changed. Your preferences are on this page:"),
        ),
        link=notice.preferences_url,
        link_words=words("Preferences"),
        after=(words("If you did not ask for this, there is nothing to do."),),
    )


def _preferences_link(notice: PreferencesLink, words: Words, profile: ListProfile) -> _Content:
    return _Content(
        subject=_filled(words("Your preferences for {title}"), title=profile.title),
        before=(words("This is your own link to the preferences that you asked for:"),),
        link=notice.link,
        link_words=words("Preferences"),
        after=(
            _filled(words("The link can be used for {minutes} minutes."), minutes=str(notice.lifetime_minutes)),
            words("Who has the link can change your subscriptions, so do not pass it on."),
            words("If you did not ask for this, there is nothing to do."),
        ),
    )


def _finished_report(notice: FinishedReport, words: Words, profile: ListProfile) -> _Content:
    counts = [f"{words(state)}: {number}" for state, number in notice.counts.items() if number]
    return _Content(
        subject=_filled(words("Sent: {subject}"), subject=notice.edition_subject),
        before=(
            _filled(
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


def _command_help(words: Words, site: Site, profile: ListProfile) -> _Content:
    title, name = profile.title, profile.name
    addresses = (
        (site.list_address(name, "subscribe"), words("any mail there asks to subscribe you")),
        (site.list_address(name, "unsubscribe"), words("any mail there brings you the link to unsubscribe")),
        (site.list_address(name, "owner"), words("reaches the person who answers for the list")),
        (site.list_address(name, "request"), words("takes commands, in the subject or one a line")),
    )
    return _Content(
        subject=_filled(words("Help for {title}"), title=title),
        before=(
            _filled(words("These are the addresses of the list {title}:"), title=title),
            "\n".join(f"{address}: {meaning}" for address, meaning in addresses),
            _filled(words("The commands are: {commands}."), commands=_COMMANDS),
            words("Everything can be done on this page, too:"),
        ),
        link=profile.page_url(site),
        link_words=title,
        after=(),
    )


def _list_of_lists(notice: ListOfLists, words: Words, site: Site) -> _Content:
    shown = [f"{title}: {address}" for title, address in notice.lists]
    return _Content(
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


def _unsubscribe_link(notice: UnsubscribeLink, words: Words, profile: ListProfile) -> _Content:
    title = profile.title
    return _Content(
        subject=_filled(words("Unsubscribe from {title}"), title=title),
        before=(
            _filled(words(_ASKED_TO_LEAVE), title=title),
            words("To unsubscribe, open this page and press the button:"),
        ),
        link=notice.link,
        link_words=words("Unsubscribe"),
        after=(words("If you did not ask for this, there is nothing to do."),),
    )


def _not_confirmed(words: Words, site: Site, profile: ListProfile) -> _Content:
    return _Content(
        subject=_filled(words("Your subscription to {title} is not confirmed"), title=profile.title),
        before=(
            words(_TOO_LATE),
            words("To subscribe, sign up again on this page:"),
        ),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(),
    )


def _list_closed(words: Words, site: Site, profile: ListProfile) -> _Content:
    return _Content(
        subject=_filled(words("{title} is closed"), title=profile.title),
        before=(
            _filled(words("The list {title} is closed and takes no new subscriptions."), title=profile.title),
            words("Its page is still there:"),
        ),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(),
    )


def _footer(words: Words, profile: ListProfile) -> str:
    sentence = words("This mail was written by the program that runs the list {title}.")
    return _filled(sentence, title=profile.title)


def _as_text(content: _Content) -> str:
    paragraphs = [*content.before, *([content.link] if content.link else []), *content.after]
    return "\n\n".join(paragraphs) + "\n"


def _as_html(content: _Content) -> str:
    paragraphs = [f"<p>{_broken(text)}</p>" for text in content.before]
    if content.link:
        paragraphs.append(fill(frame.BUTTON, url=escape(content.link), words=escape(content.link_words)))
    paragraphs += [f"<p>{_broken(text)}</p>" for text in content.after]
    return "\n".join(paragraphs)


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")
