"""One notice of every kind, for tests that walk them all."""

from __future__ import annotations

from tests.message.builders import MAIL_TOKEN

from pressrun.message.finding import error, warning
from pressrun.message.notices import kinds
from pressrun.message.notices.kinds import Notice

LINK = "https://news.harbour.example/confirm/AAAA.bbbb"
NEVER = "https://news.harbour.example/unsubscribe/never-again/CCCC.dddd"
_FOUND = (warning("image-no-alt", 12, url="boat.png"),)

EVERY: tuple[Notice, ...] = (
    kinds.ConfirmationRequest(link=LINK, lifetime_days=7, never_again=NEVER, address_token=MAIL_TOKEN),
    kinds.AlreadySubscribed(preferences_url=LINK),
    kinds.PreferencesLink(link=LINK, lifetime_minutes=60),
    kinds.UnsubscribedNote(link=LINK, lifetime_hours=24),
    kinds.PauseNote(preferences_url=LINK, until=1_790_000_000, also=("Tides",)),
    kinds.AddressChangeRequested(link=LINK, lifetime_days=7),
    kinds.AddressMoving(link=LINK, lifetime_days=7, new="n•••@new.example", is_done=False),
    kinds.CommandHelp(is_unknown=True),
    kinds.ListOfLists(lists=(("The Harbour Letter", "news-subscribe@news.harbour.example"),)),
    kinds.UnsubscribeLink(link=LINK),
    kinds.NotConfirmed(),
    kinds.ListClosed(),
    kinds.StillThere(link=LINK, lifetime_days=30, missed=(("The ferry sails again", LINK),)),
    kinds.PolicyAlert(domain="reader.example", reply="550 5.7.1 Not wanted here", edition=7, edition_subject="Tides"),
    kinds.RelayAlert(relay="primary", since="2026-11-26T09:00:00Z", error="connection refused"),
    kinds.EditionAutoPaused(edition=7, edition_subject="Tides", reason="5 of 100 copies were refused for good"),
    kinds.EditionHeld(
        edition=7, edition_subject="Tides", audience=3, link=LINK, lifetime_days=7, findings=_FOUND, again=True
    ),
    kinds.EditionReleased(edition=7, edition_subject="Tides", audience=3, edition_url=LINK, findings=_FOUND),
    kinds.EditionRejected(mail_subject="Tides", findings=(error("body-missing"),)),
    kinds.EditionAlreadyReceived(edition=7, edition_subject="Tides", state="sending"),
)
