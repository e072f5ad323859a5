"""What readers are told about their own subscription."""

from __future__ import annotations

from pressrun.core.site import Site
from pressrun.message.notices.content import Content
from pressrun.message.notices.kinds import AlreadySubscribed, Confirmation, PreferencesLink, StillThere, UnsubscribeLink
from pressrun.message.profile import ListProfile
from pressrun.message.words import Words, marked

_ASKED = marked("Somebody, most likely you, asked to subscribe this address to the list {title}.")
_ASKED_TO_LEAVE = marked("You asked to unsubscribe this address from {title}.")
_CAME_BACK = marked("Mail of the list {title} to this address came back, so nothing has been sent to you since.")
_TOO_LATE = marked(
    "You answered a confirmation that is too old, or from before you unsubscribed, so it changes nothing."
)
# Below a confirmation, for whom it came uncalled: not a word to everybody else.
NEVER_AGAIN = marked("Never a mail from this server again")


def confirmation(notice: Confirmation, words: Words, profile: ListProfile) -> Content:
    title = profile.title
    after = [
        words.counted(
            "The link can be used for {number} day.", "The link can be used for {number} days.", notice.lifetime_days
        ),
        words(
            "If you did not ask for this, ignore this mail: without your confirmation you are not subscribed, "
            "and nothing more is sent to you."
        ),
    ]
    if notice.address_token:
        after.insert(0, words("Or answer this mail as it is."))
    return Content(
        subject=words("Please confirm your subscription to {title}", title=title),
        before=(
            words(_ASKED, title=title),
            words("To confirm, open this page and press the button:"),
        ),
        link=notice.link,
        link_words=words("Confirm subscription"),
        after=tuple(after),
        preheader=words("One click and you're in."),
    )


def already_subscribed(notice: AlreadySubscribed, words: Words, profile: ListProfile) -> Content:
    title = profile.title
    return Content(
        subject=words("You are already subscribed to {title}", title=title),
        before=(
            words(_ASKED, title=title),
            words("It is subscribed already, so nothing has changed. Your preferences are on this page:"),
        ),
        link=notice.preferences_url,
        link_words=words("Preferences"),
        after=(words("If you did not ask for this, there is nothing to do."),),
    )


def preferences_link(notice: PreferencesLink, words: Words, profile: ListProfile) -> Content:
    return Content(
        subject=words("Your preferences for {title}", title=profile.title),
        before=(words("This is your own link to the preferences that you asked for:"),),
        link=notice.link,
        link_words=words("Preferences"),
        after=(
            _usable_for(notice.lifetime_minutes, words),
            words("Who has the link can change your subscriptions, so do not pass it on."),
            words("If you did not ask for this, there is nothing to do."),
        ),
    )


def unsubscribe_link(notice: UnsubscribeLink, words: Words, profile: ListProfile) -> Content:
    title = profile.title
    return Content(
        subject=words("Unsubscribe from {title}", title=title),
        before=(
            words(_ASKED_TO_LEAVE, title=title),
            words("Unsubscribe here:"),
        ),
        link=notice.link,
        link_words=words("Unsubscribe"),
        after=(words("If it wasn't you, you can ignore this email."),),
    )


def not_confirmed(words: Words, site: Site, profile: ListProfile) -> Content:
    return Content(
        subject=words("Your subscription to {title} is not confirmed", title=profile.title),
        before=(
            words(_TOO_LATE),
            words("To subscribe, sign up again on this page:"),
        ),
        link=profile.page_url(site),
        link_words=profile.title,
        after=(),
    )


def still_there(notice: StillThere, words: Words, profile: ListProfile) -> Content:
    """The one question to somebody who was suspended for bounces."""
    after = [
        words.counted(
            "The link can be used for {number} day.", "The link can be used for {number} days.", notice.lifetime_days
        )
    ]
    if notice.missed:
        after += [words("You missed:"), "\n".join(f"{title}\n{url}" for title, url in notice.missed)]
    after.append(words("If you do not want it any more, there is nothing to do: this is not asked again."))
    return Content(
        subject=words("Do you still want {title}?", title=profile.title),
        before=(
            words(_CAME_BACK, title=profile.title),
            words("To receive it again, open this page and press the button:"),
        ),
        link=notice.link,
        link_words=words("Receive it again"),
        after=tuple(after),
    )


def _usable_for(minutes: int, words: Words) -> str:
    if minutes % 60:
        return words.counted(
            "The link can be used for {number} minute.", "The link can be used for {number} minutes.", minutes
        )
    return words.counted(
        "The link can be used for {number} hour.", "The link can be used for {number} hours.", minutes // 60
    )
