"""The sentences that people agree to. They stand on the pages and, word for word, in the evidence of consent."""

from __future__ import annotations

from pressrun.message.words import Words

ELSEWHERE = "(a form on another site, whose words are not known here)"


def sign_up_promise(words: Words) -> str:
    """What a sign-up form says will happen."""
    return words(
        "You get one mail with a link. Only after you have confirmed there are you subscribed. You can leave at any "
        "time with one click, and nothing in our mails tracks you."
    )


def sign_up(words: Words, title: str) -> str:
    """All that the sign-up form says, button included."""
    return f"{title}. {sign_up_promise(words)} [{words('Subscribe')}]"


def confirm(words: Words, title: str, address: str) -> str:
    """The question on the page of a confirmation link."""
    return words("Do you want {title} to be sent to {address}?", title=title, address=address)


def confirm_button(words: Words) -> str:
    return words("Confirm subscription")


def leave(words: Words, title: str, address: str) -> str:
    """The question on the page of an unsubscribe link."""
    return words("Do you want to stop getting {title} at {address}?", title=title, address=address)


def never_again(words: Words) -> str:
    """The question on the page of a never-again link."""
    return words("Do you want this server never to write to you again, for any of its lists?")


def never_again_button(words: Words) -> str:
    return words("Never write to me again")


def leave_button(words: Words) -> str:
    return words("Unsubscribe")


def with_button(sentence: str, button: str) -> str:
    """What is recorded of a page: its sentence and the button that was pressed."""
    return f"{sentence} [{button}]"
