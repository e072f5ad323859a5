"""What readers are told about their own subscription."""

from __future__ import annotations

from pressrun.core.site import Site
from pressrun.message.notices.content import NoticeText
from pressrun.message.notices.kinds import (
    AlreadySubscribed,
    ConfirmationRequest,
    PreferencesLink,
    StillThere,
    UnsubscribeLink,
)
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_ASKED = marked("You asked to receive {title} at this address. Please confirm.")
_ALREADY = marked("You asked to receive {title} at this address. You already do, so nothing has changed.")
_ASKED_TO_LEAVE = marked("You asked to unsubscribe this address from {title}.")
_CAME_BACK = marked("Our emails from {title} to this address bounced, so we paused your subscription.")
_TOO_LATE = marked("This confirmation has expired, or you've unsubscribed since. To subscribe, sign up again.")
# Below a confirmation, for whom it came uncalled: not a word to everybody else.
NEVER_AGAIN = marked("Never email me again")


def confirmation(notice: ConfirmationRequest, words: Words, profile: ListProfile) -> NoticeText:
    title = words.listed([profile.title, *notice.also])
    after = [
        words.counted("This link works for {number} day.", "This link works for {number} days.", notice.lifetime_days),
        words("If it wasn't you, you can ignore this email."),
    ]
    if notice.address_token:
        after.insert(0, words("Or simply reply to this email; it can stay empty."))
    return NoticeText(
        subject=words("Please confirm your subscription to {title}", title=title),
        before=(words(_ASKED, title=title),),
        link=notice.link,
        link_words=words("Confirm subscription"),
        after=tuple(after),
        preheader=words("Just one more step to confirm your subscription."),
    )


def already_subscribed(notice: AlreadySubscribed, words: Words, profile: ListProfile) -> NoticeText:
    title = words.listed([profile.title, *notice.also])
    return NoticeText(
        subject=words("You are already subscribed to {title}", title=title),
        before=(words(_ALREADY, title=title),),
        link=notice.preferences_url,
        link_words=words("Preferences"),
        after=(words("If it wasn't you, you can ignore this email."),),
    )


def preferences_link(notice: PreferencesLink, words: Words, profile: ListProfile) -> NoticeText:
    return NoticeText(
        subject=words("Your preferences for {title}", title=profile.title),
        before=(words("Here's the preferences link you asked for."),),
        link=notice.link,
        link_words=words("Preferences"),
        after=(
            _usable_for(notice.lifetime_minutes, words),
            words("Don't forward this email: anyone with the link can change your subscriptions."),
            words("If it wasn't you, you can ignore this email."),
        ),
    )


def unsubscribe_link(notice: UnsubscribeLink, words: Words, profile: ListProfile) -> NoticeText:
    title = profile.title
    return NoticeText(
        subject=words("Unsubscribe from {title}", title=title),
        before=(words(_ASKED_TO_LEAVE, title=title),),
        link=notice.link,
        link_words=words("Unsubscribe"),
        after=(words("If it wasn't you, you can ignore this email."),),
    )


def not_confirmed(words: Words, site: Site, profile: ListProfile) -> NoticeText:
    return NoticeText(
        subject=words("Your subscription to {title} isn't confirmed", title=profile.title),
        before=(words(_TOO_LATE),),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(),
    )


def still_there(notice: StillThere, words: Words, profile: ListProfile) -> NoticeText:
    """The one question to somebody who was suspended for bounces."""
    after = [
        words.counted("This link works for {number} day.", "This link works for {number} days.", notice.lifetime_days)
    ]
    if notice.missed:
        after += [words("Sent since then:"), "\n".join(f"{title}\n{url}" for title, url in notice.missed)]
    after.append(words("If you don't want it any more, you don't need to do anything. We won't ask again."))
    return NoticeText(
        subject=words("Do you still want {title}?", title=profile.title),
        before=(words(_CAME_BACK, title=profile.title),),
        link=notice.link,
        link_words=words("Yes, send it again"),
        after=tuple(after),
    )


def _usable_for(minutes: int, words: Words) -> str:
    if minutes % 60:
        return words.counted("This link works for {number} minute.", "This link works for {number} minutes.", minutes)
    return words.counted("This link works for {number} hour.", "This link works for {number} hours.", minutes // 60)
