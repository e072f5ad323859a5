"""What readers are told about a change that somebody else may have made, with a link to confirm or undo it."""

from __future__ import annotations

from pressrun.message.notices.content import NoticeText
from pressrun.message.notices.kinds import AddressChangeRequested, AddressMoving, PauseNote, UnsubscribedNote
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_LEFT = marked("You've been unsubscribed from {title}.")
_FORWARDED = marked("If someone you forwarded an email to did this, you can undo it:")
_PAUSED = marked("You won't receive {title} until {date}. After that, emails will start again automatically.")
_ASKED = marked("You asked to move your subscriptions to this address. Please confirm.")
# Masked: whoever reads the old mailbox shall recognise the new address, but not learn it.
_MOVING = marked("Someone asked to move your subscriptions from this address to {new}.")
_MOVED = marked("Your subscriptions have moved from this address to {new}. The change was confirmed there.")

Change = UnsubscribedNote | PauseNote | AddressChangeRequested | AddressMoving


def say(notice: Change, words: Words, profile: ListProfile) -> NoticeText:
    """What a notice about such a change says."""
    match notice:
        case UnsubscribedNote():
            return _left_note(notice, words, profile)
        case PauseNote():
            return _pause_note(notice, words, profile)
        case AddressChangeRequested():
            return _address_change_asked(notice, words)
        case AddressMoving():
            return _address_moving(notice, words)


def _left_note(notice: UnsubscribedNote, words: Words, profile: ListProfile) -> NoticeText:
    hours = notice.lifetime_hours
    lifetime = words.counted("This link works for {number} hour.", "This link works for {number} hours.", hours)
    return NoticeText(
        subject=words("You've unsubscribed from {title}", title=profile.title),
        before=(words(_LEFT, title=profile.title), words(_FORWARDED)),
        link=notice.link,
        link_words=words("Subscribe me again"),
        after=(lifetime,),
    )


def _pause_note(notice: PauseNote, words: Words, profile: ListProfile) -> NoticeText:
    title, date = words.listed([profile.title, *notice.also]), words.day(notice.until)
    return NoticeText(
        subject=words("Paused until {date}: {title}", date=date, title=title),
        before=(
            words(_PAUSED, title=title, date=date),
            words("Start again any time:"),
        ),
        link=notice.preferences_url,
        link_words=words("Resume"),
        after=(),
    )


def _address_change_asked(notice: AddressChangeRequested, words: Words) -> NoticeText:
    return NoticeText(
        subject=words("Confirm your new email address"),
        before=(words(_ASKED),),
        link=notice.link,
        link_words=words("Confirm this address"),
        after=(_days(words, notice.lifetime_days), words("If it wasn't you, you can ignore this email.")),
    )


def _address_moving(notice: AddressMoving, words: Words) -> NoticeText:
    if notice.is_done:
        subject = words("Email address changed")
        before = words(_MOVED, new=notice.new), words("If this wasn't you, undo it:")
    else:
        subject = words("Someone asked to change your email address")
        stop = words("Nothing changes until the new address confirms. If this wasn't you, stop it:")
        before = words(_MOVING, new=notice.new), stop
    return NoticeText(
        subject=subject,
        before=before,
        link=notice.link,
        link_words=words("Keep this address"),
        after=(_days(words, notice.lifetime_days), words("If this was you, you don't need to do anything.")),
    )


def _days(words: Words, number: int) -> str:
    return words.counted("This link works for {number} day.", "This link works for {number} days.", number)
