"""One notice of every kind, for tests that walk them all."""

from __future__ import annotations

from tests.message.builders import MAIL_TOKEN

from pressrun.message.finding import error, warning
from pressrun.message.notices import to_editors, to_operators, to_people, to_readers
from pressrun.message.notices.notice import Notice

LINK = "https://news.harbour.example/confirm/AAAA.bbbb"
NEVER = "https://news.harbour.example/unsubscribe/never-again/CCCC.dddd"
_FOUND = (warning("image-no-alt", 12, url="boat.png"),)

EVERY: tuple[Notice, ...] = (
    to_readers.ConfirmationRequest(link=LINK, lifetime_seconds=7 * 86400, never_again=NEVER, address_token=MAIL_TOKEN),
    to_readers.AlreadySubscribed(preferences_url=LINK, paused_until=1_790_000_000),
    to_readers.PreferencesLink(link=LINK, lifetime_seconds=3600),
    to_readers.UnsubscribedNote(link=LINK, lifetime_seconds=86400),
    to_readers.PauseNote(preferences_url=LINK, until=1_790_000_000, also=("Tides",)),
    to_readers.AddressChangeRequested(link=LINK, lifetime_seconds=7 * 86400, never_again=NEVER),
    to_readers.AddressMoving(link=LINK, lifetime_seconds=7 * 86400, new="n•••@new.example", is_done=False),
    to_readers.CommandHelp(is_unknown=True),
    to_readers.ListOfLists(lists=(("The Harbour Letter", "news-subscribe@news.harbour.example"),)),
    to_readers.UnsubscribeLink(link=LINK),
    to_readers.NotConfirmed(),
    to_readers.ListClosed(),
    to_readers.StillThere(link=LINK, lifetime_seconds=30 * 86400, missed=(("The ferry sails again", LINK),)),
    to_operators.OperatorAlert(
        when="the disk is nearly full", details="12 MiB are left.", advice="Remove what is not needed."
    ),
    to_operators.PolicyAlert(
        domain="reader.example", reply="550 5.7.1 Not wanted here", edition=7, edition_subject="Tides"
    ),
    to_operators.RelayAlert(relay="primary", since="2026-11-26T09:00:00Z", error="connection refused"),
    to_operators.EditionAutoPaused(edition=7, edition_subject="Tides", reason="5 of 100 copies were refused for good"),
    to_people.Invitation(link=LINK, lifetime_seconds=7 * 86400),
    to_people.LoginCode(code="abcd-efgh"),
    to_editors.EditionHeld(
        edition=7, edition_subject="Tides", audience=3, link=LINK, lifetime_days=7, findings=_FOUND, again=True
    ),
    to_editors.EditionNeedsApproval(
        edition=7, edition_subject="Tides", audience=3, lifetime_days=7, findings=_FOUND, replaces=True
    ),
    to_editors.EditionReleased(edition=7, edition_subject="Tides", audience=3, edition_url=LINK, findings=_FOUND),
    to_editors.EditionRejected(mail_subject="Tides", findings=(error("body-missing"),)),
    to_editors.EditionAlreadyReceived(edition=7, edition_subject="Tides", state="sending"),
    to_editors.EditionSubmitted(edition=7, edition_subject="Tides"),
    to_editors.EditionReturned(edition=7, edition_subject="Tides", remarks="The date is missing."),
)
