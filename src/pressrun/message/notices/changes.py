"""What readers are told about a change that somebody else may have made, with a link to confirm or undo it."""

from __future__ import annotations

from pressrun.message.notices.content import Content
from pressrun.message.notices.kinds import AddressChangeAsked, AddressMoving, LeftNote
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_LEFT = marked("This address was unsubscribed from the list {title}, and nothing more of it is sent to you.")
_FORWARDED = marked(
    "Somebody pressed the unsubscribe link of a mail to you. If that was you, there is nothing to do. If you have "
    "passed a mail on and it was somebody else, this page takes it back:"
)
_ASKED = marked(
    "Somebody, most likely you, asked to get the mails of {title} and of all other lists here at this address."
)
_MOVING = marked(
    "Somebody, most likely you, asked to get your mails of {title} and of all other lists here at another address."
)
_MOVED = marked(
    "Your mails of {title} and of all other lists here go to another address from now on, which has confirmed it."
)


def say(notice: LeftNote | AddressChangeAsked | AddressMoving, words: Words, profile: ListProfile) -> Content:
    """What a notice about such a change says."""
    match notice:
        case LeftNote():
            return _left_note(notice, words, profile)
        case AddressChangeAsked():
            return _address_change_asked(notice, words, profile)
        case AddressMoving():
            return _address_moving(notice, words, profile)


def _left_note(notice: LeftNote, words: Words, profile: ListProfile) -> Content:
    hours = notice.lifetime_hours
    lifetime = words.counted(
        "The link can be used for {number} hour.", "The link can be used for {number} hours.", hours
    )
    return Content(
        subject=words("You are unsubscribed from {title}", title=profile.title),
        before=(words(_LEFT, title=profile.title), words(_FORWARDED)),
        link=notice.link,
        link_words=words("Subscribe me again"),
        after=(lifetime,),
    )


def _address_change_asked(notice: AddressChangeAsked, words: Words, profile: ListProfile) -> Content:
    return Content(
        subject=words("Confirm the new address"),
        before=(
            words(_ASKED, title=profile.title),
            words("To confirm, open this page and press the button:"),
        ),
        link=notice.link,
        link_words=words("Confirm the new address"),
        after=(_days(words, notice.lifetime_days), words("If you did not ask for this, there is nothing to do.")),
    )


def _address_moving(notice: AddressMoving, words: Words, profile: ListProfile) -> Content:
    if notice.is_done:
        subject = words("Your address is changed")
        before = words(_MOVED, title=profile.title), words("If that was not you, this page brings them back here:")
    else:
        subject = words("Your address is to be changed")
        stop = words("Nothing changes before that address has confirmed. If it was not you, this page stops it:")
        before = words(_MOVING, title=profile.title), stop
    return Content(
        subject=subject,
        before=before,
        link=notice.link,
        link_words=words("Keep this address"),
        after=(_days(words, notice.lifetime_days), words("If it was you, there is nothing to do.")),
    )


def _days(words: Words, number: int) -> str:
    return words.counted("The link can be used for {number} day.", "The link can be used for {number} days.", number)
