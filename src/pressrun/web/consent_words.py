"""The sentences that people agree to. The pages show them, and the evidence of consent records them word for word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from pressrun.core.lifecycles.subscription import LeavingReason
from pressrun.locales.languages import find_language
from pressrun.message.words import Words, marked

DECOY = "remark"  # a form field hidden from people; programs that fill in every field reveal themselves

ELSEWHERE = "(a form on another site, whose words are not known here)"  # as it is recorded, in every language
_ELSEWHERE = marked("You signed up on another website. We don't know the words it showed.")

_CHOSEN = marked("Language of this newsletter: {language}")


class ConsentQuestion(Struct, frozen=True):
    """A question to a reader and the button that answers it."""

    text: str
    button: str

    @property
    def recorded(self) -> str:
        """What the evidence says the reader agreed to."""
        return f"{self.text} [{self.button}]" if self.text else f"[{self.button}]"


def sign_up_promise(words: Words) -> str:
    """What a sign-up form says will happen; the evidence of consent records it."""
    return words("We'll email you a link to confirm. Unsubscribe any time with one click. No tracking.")


def sign_up(words: Words, title: str) -> str:
    """All that the sign-up form says."""
    return ConsentQuestion(f"{title}. {sign_up_promise(words)}", words("Subscribe")).recorded


def sign_up_in(words: Words, title: str, name: str) -> str:
    """All that a family's form says when the language `name` is chosen; `title` is that of the page's list."""
    chosen = words(_CHOSEN, language=name)
    return ConsentQuestion(f"{title}. {chosen}. {sign_up_promise(words)}", words("Subscribe")).recorded


def language_apart(words: Words, tag: str) -> str:
    """The language of what was shown, if the evidence would otherwise assume that of `tag`; else empty."""
    return "" if (find_language(tag) or tag) == words.language else words.language


def confirm(words: Words, title: str, address: str) -> ConsentQuestion:
    return ConsentQuestion(
        words("Send {title} to {address}?", title=title, address=address),
        words("Confirm subscription"),
    )


def leave(words: Words, title: str, address: str) -> ConsentQuestion:
    return ConsentQuestion(
        words("Stop sending {title} to {address}?", title=title, address=address),
        words("Unsubscribe"),
    )


def never_again(words: Words) -> ConsentQuestion:
    return ConsentQuestion(words("Block all email from us to this address?"), words("Block all email"))


def change(words: Words, new: str) -> ConsentQuestion:
    """Whether to move subscriptions to a new address."""
    return ConsentQuestion(words("Move your subscriptions to {new}?", new=new), words("Confirm this address"))


def change_until_now(words: Words, old: str) -> str:
    """The line below that question; `old` is the old address, masked."""
    return words("Until now: {old}", old=old)


def keep_address(words: Words, address: str) -> ConsentQuestion:
    """Whether to undo a change of address."""
    return ConsentQuestion(words("Keep your subscriptions at {address}?", address=address), words("Keep this address"))


def subscribe_again(words: Words, title: str, address: str) -> ConsentQuestion:
    """Whether to undo unsubscribing."""
    return ConsentQuestion(
        words("Send {title} to {address} again?", title=title, address=address),
        words("Subscribe me again"),
    )


def pause(words: Words, title: str, address: str, days: int) -> ConsentQuestion:
    return ConsentQuestion(
        words("Pause sending {title} to {address}?", title=title, address=address),
        pause_button(words, days),
    )


def pause_button(words: Words, days: int) -> str:
    return words.counted("Pause for {number} day", "Pause for {number} days", days)


def pause_instead(words: Words, days: int) -> str:
    """The link from the unsubscribe question to the pause question."""
    return words.counted("Pause for {number} day instead", "Pause for {number} days instead", days)


def leaving_reasons(words: Words) -> list[tuple[str, str]]:
    """The reasons that a reader may give after unsubscribing, as (value of the form, words)."""
    return [
        (LeavingReason.TOO_MANY.value, words("Too many emails")),
        (LeavingReason.NOT_EXPECTED.value, words("Not what I expected")),
        (LeavingReason.NEVER_SIGNED_UP.value, words("I never signed up")),
        (LeavingReason.OTHER.value, words("Another reason")),
    ]


def languages_chosen(words: Words, names: Sequence[str]) -> str:
    """What a page says beside its language fields, with the languages that were chosen there."""
    return " ".join(words(_CHOSEN, language=name) for name in names)


def describe_event(words: Words, event: Mapping[str, object], titles: Mapping[str, str]) -> dict[str, object]:
    """One event of the evidence for its reader: what, list, at, how, words, and their language."""
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
