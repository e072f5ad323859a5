"""The sentences that people agree to. They stand on the pages and, word for word, in the evidence of consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pressrun.core.leaving_reason import LeavingReason
from pressrun.locales.languages import find_language
from pressrun.message.words import Words, marked
from pressrun.web.promise import sign_up_promise

ELSEWHERE = "(a form on another site, whose words are not known here)"  # as it is recorded, in every language
_ELSEWHERE = marked("You signed up on another website. We don't know the words it showed.")

_CHOSEN = marked("Language of this newsletter: {language}")


def sign_up(words: Words, title: str) -> str:
    """All that the sign-up form says, button included."""
    return f"{title}. {sign_up_promise(words)} [{words('Subscribe')}]"


def sign_up_in(words: Words, title: str, name: str) -> str:
    """All that the form of a family says when that language is chosen; `title` is that of the page's list."""
    chosen = words(_CHOSEN, language=name)
    return f"{title}. {chosen}. {sign_up_promise(words)} [{words('Subscribe')}]"


def language_apart(words: Words, tag: str) -> str:
    """The language of what was shown, where the evidence would take it for another: that of `tag`; else empty."""
    return "" if (find_language(tag) or tag) == words.language else words.language


def confirm(words: Words, title: str, address: str) -> str:
    """The question on the page of a confirmation link."""
    return words("Send {title} to {address}?", title=title, address=address)


def confirm_button(words: Words) -> str:
    return words("Confirm subscription")


def leave(words: Words, title: str, address: str) -> str:
    """The question on the page of an unsubscribe link."""
    return words("Stop sending {title} to {address}?", title=title, address=address)


def never_again(words: Words) -> str:
    """The question on the page of a never-again link."""
    return words("Block all email from us to this address?")


def never_again_button(words: Words) -> str:
    return words("Block all email")


def leave_button(words: Words) -> str:
    return words("Unsubscribe")


def leaving_reasons(words: Words) -> list[tuple[str, str]]:
    """What the page offers to somebody who has just left as reasons: values of the form, with their words."""
    return [
        (LeavingReason.TOO_MANY.value, words("Too many emails")),
        (LeavingReason.NOT_EXPECTED.value, words("Not what I expected")),
        (LeavingReason.NEVER_SIGNED_UP.value, words("I never signed up")),
        (LeavingReason.OTHER.value, words("Another reason")),
    ]


def change(words: Words, new: str) -> str:
    """The question on the page that confirms a new address."""
    return words("Move your subscriptions to {new}?", new=new)


def change_until_now(words: Words, old: str) -> str:
    """The line below that question, with the old address masked."""
    return words("Until now: {old}", old=old)


def change_button(words: Words) -> str:
    return words("Confirm this address")


def keep_address(words: Words, address: str) -> str:
    """The question on the page that undoes a change of address."""
    return words("Keep your subscriptions at {address}?", address=address)


def keep_address_button(words: Words) -> str:
    return words("Keep this address")


def take_back(words: Words, title: str, address: str) -> str:
    """The question on the page that undoes a leaving."""
    return words("Send {title} to {address} again?", title=title, address=address)


def take_back_button(words: Words) -> str:
    return words("Subscribe me again")


def pause_button(words: Words, days: int) -> str:
    """What a button that starts a pause says, and what is recorded of one with a field for the days."""
    return words.counted("Pause for {number} day", "Pause for {number} days", days)


def pause(words: Words, title: str, address: str) -> str:
    """The question on the page that an unsubscribe link has for a pause."""
    return words("Pause sending {title} to {address}?", title=title, address=address)


def pause_instead(words: Words, days: int) -> str:
    """The link to that page, below the button that unsubscribes."""
    return words.counted("Pause for {number} day instead", "Pause for {number} days instead", days)


def languages_chosen(words: Words, names: Sequence[str]) -> str:
    """What a page says beside the field with the languages of a newsletter, and what was chosen there."""
    return " ".join(words("Language of this newsletter: {language}", language=name) for name in names)


def with_button(sentence: str, button: str) -> str:
    """What is recorded of a page: its sentence and the button that was pressed."""
    return f"{sentence} [{button}]" if sentence else f"[{button}]"


def told(words: Words, event: Mapping[str, object], titles: Mapping[str, str]) -> dict[str, object]:
    """One event of the evidence of consent as a page tells it: what, list, at, how, words, and their language."""
    added, gone = words("Added by the newsletter"), words("Unsubscribed")
    names = {
        "requested": words("Asked to subscribe"),
        "asked": words("We asked you to confirm"),
        "confirmed": words("Confirmed"),
        "added": added,
        "imported": added,
        "withdrawn": gone,
        "removed": gone,
        "restored": words("Subscribed again"),
        "paused": words("Paused"),
        "resumed": words("Resumed"),
        "moved": words("Address changed"),
        "switched": words("Language changed"),
    }
    ways = {"web": words("on this website"), "mail": words("by email")}
    source, name, shown = str(event["source"]), str(event["list"]), str(event["text"])
    is_elsewhere = shown == ELSEWHERE
    how = ["" if is_elsewhere else ways.get(source, ""), str(event["ip"] or "")]
    return {
        "what": names.get(str(event["event"]), event["event"]),
        "list": titles.get(name, name),
        "at": event["at"],
        "how": " · ".join(part for part in how if part),
        "words": "" if event["event"] == "asked" else words(_ELSEWHERE) if is_elsewhere else shown,
        "language": words.language if is_elsewhere else event["language"],
    }
