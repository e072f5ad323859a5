"""`[limits]`: what protects readers and the machine from too much, each limit with its key and reason."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.core import setting_kinds as kinds
from pressrun.core.abuse.work import LEAST_BITS, MOST_BITS
from pressrun.core.quantities import Rate
from pressrun.core.setting import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """`[limits]`: what others may ask of us. A rate is a number in any window of that length; bursts are allowed.

    None for `confirmations_per_domain` and `unproven_sign_ups` stands for half of `confirmations`, at least 500; for
    `proof_of_work_above` for no proof of work, and for `hold_sign_ups_above` for no holding.
    """

    sign_ups_per_ip: Rate = setting(
        kinds.rate(), default="20/h", help="Web sign-ups per client address (IPv6: per /64). Beyond that, 429."
    )
    trusted_sign_up_addresses: tuple[str, ...] = setting(
        kinds.peers(),
        default=[],
        help="Your own servers that sign people up from one address, such as a shop. sign_ups_per_ip does not apply "
        "to them. All other limits do, and such a server should limit its visitors.",
    )
    confirmations_per_address: Rate = setting(
        kinds.rate(),
        default="3/day",
        help="Confirmation emails per mailbox, web and email together, whatever the list. Like all limits per mailbox, "
        "it ignores capitals, dots and a `+tag` before the @.",
    )
    confirmations_per_domain: Rate | None = setting(
        kinds.rate(),
        example="200/h",
        help="Confirmation emails per domain, except large providers, where anyone may have a mailbox. Default: half "
        "of `confirmations`, 500 at least.",
    )
    confirmations: Rate = setting(kinds.rate(), default="2000/h", help="Confirmation emails in total.")
    unproven_sign_ups: Rate | None = setting(
        kinds.rate(),
        example="200/h",
        help="How many of those may go to sign-ups by email, from forms on other sites, or faster than `form_time` on "
        "our own form, so that programs cannot use up what people on our pages need. Default: half of "
        "`confirmations`.",
    )
    form_seconds: float = setting(
        kinds.duration(),
        key="form_time",
        default="2s",
        help="Nobody fills in our form faster than this. Such a sign-up counts as unproven.",
    )
    proof_of_work_above: Rate | None = setting(
        kinds.rate(),
        example="100/h",
        help="Confirmation emails for sign-ups without proof of work. From half of this, our own page makes the "
        "browser do some work first, and such sign-ups are exempt. A few times your usual rate is a good value. "
        "Default: no limit and no work.",
    )
    proof_of_work_bits: int = setting(
        kinds.whole(LEAST_BITS, MOST_BITS),
        default=20,
        help="How much work: 2 to the power of this many hashes. 20 takes half a second on a desktop, more on a "
        "phone. Each further bit doubles it.",
    )
    hold_sign_ups_above: int | None = setting(
        kinds.whole(2, 1000),
        example=5,
        help="Sign-ups are unusual at this many times the busiest hour of an ordinary day (the median of the last 14 "
        "days). Then those without proof of work are put on hold (`pressrun held ls`), and our own page asks for "
        "work. Default: none are held.",
    )
    hold_sign_ups_floor: int = setting(
        kinds.whole(1),
        default=100,
        help="This many sign-ups in an hour are never unusual, however quiet or new the server is.",
    )
    requests_per_form: Rate = setting(
        kinds.rate(),
        default="1/3s",
        help="Identical requests from one copy of a form on our pages, or by one link to preferences, as with a double "
        "click. Beyond that, the same answer but no further email.",
        reason="A double click takes less than a second. Somebody who asks again later, because the email got lost, "
        "gets another.",
    )
    disposable_addresses: str = setting(
        kinds.one_of("accept", "ignore", formerly={"take": "accept"}),
        default="accept",
        help='Sign-ups with disposable addresses, from a short list of known domains. "ignore": the same answer as '
        "for everybody, but no mail.",
    )
    disposable_domains: tuple[str, ...] = setting(
        kinds.domains(),
        default=[],
        example=["throwaway.example"],
        help="More such domains; their subdomains count too.",
    )
    role_addresses: str = setting(
        kinds.one_of("accept", "ignore", formerly={"take": "accept"}),
        default="accept",
        help='Sign-ups with role addresses such as postmaster@ or abuse@. "ignore": same answer, but no mail.',
    )
    replies_per_sender: Rate = setting(kinds.rate(), default="10/day", help="Answers to one sender's mail commands.")
    preference_links_per_address: Rate = setting(
        kinds.rate(), default="3/day", help="Preferences links mailed to one mailbox."
    )
    preference_links_per_ip: Rate = setting(
        kinds.rate(),
        default="20/h",
        help="Preferences links asked for on the web per client address (IPv6: per /64). Beyond that, the same answer "
        "but no mail.",
    )
    searches_per_ip: Rate = setting(
        kinds.rate(),
        default="60/min",
        help="Archive searches per client address (IPv6: per /64). Beyond that, 429. Counted in memory.",
    )
    address_changes_per_reader: Rate = setting(
        kinds.rate(),
        default="3/day",
        help="Changes of address one subscriber may ask for. Each is mailed to both addresses.",
    )
    unsubscribe_notes_per_address: Rate = setting(
        kinds.rate(),
        formerly={"leaving_notes_per_address": None},
        default="10/day",
        help="Unsubscribe notes to one mailbox, each with an undo link. Unsubscribing itself has no limit.",
    )
    pause_notes_per_address: Rate = setting(
        kinds.rate(), default="3/day", help="Notes per mailbox that a pause has started. Pausing itself has no limit."
    )
    kept_mail_seconds: float = setting(
        kinds.duration(),
        key="kept_mail_for",
        default="90d",
        help="How long mail that could not be processed is kept for you (`pressrun inbound ls`).",
    )
    kept_mail_bytes: int = setting(
        kinds.size(),
        key="kept_mail_size",
        default="256 MiB",
        help="How much of it is kept in total, including forwarded mail, so that nobody can fill the disk. Mail that "
        "a relay has accepted is dropped first, then the oldest.",
    )
    forwarded_mail_seconds: float = setting(
        kinds.duration(),
        key="forwarded_mail_for",
        default="5d",
        help="How long forwarded mail is kept after a relay accepted it, in case it bounces. Mail servers try for 4 "
        "to 5 days (RFC 5321 §4.5.4.1).",
    )
    waiting_mail_bytes: int = setting(
        kinds.size(),
        key="waiting_mail_size",
        default="256 MiB",
        help="How much accepted mail from strangers may wait: unprocessed mail, and forwarded mail not yet accepted "
        "by a relay. Beyond that, 452. Bounces with complaints, and mail to unsubscribe or confirm, each have a "
        "separate allowance of the same size.",
    )
    disk_warning_bytes: int = setting(
        kinds.size(),
        key="disk_warning",
        default="1 GiB",
        help="Below this much free space on the disk of data_dir, you get an alert.",
        reason="An edition to a million readers takes a third of it, so most people are warned days ahead.",
    )
    disk_reserve_bytes: int = setting(
        kinds.size(),
        key="disk_reserve",
        default="256 MiB",
        help="Free space reserved for unsubscribes and results of relays. Below it, no edition starts, nothing is "
        "imported, and other incoming mail gets 452.",
        reason="The write-ahead log may need 64 MiB, and 100,000 unsubscribes 100 MiB.",
    )
    wal_bytes: int = setting(
        kinds.size(),
        key="wal_size",
        default="1 GiB",
        help="How large SQLite's write-ahead log may become while another process reads the database. Beyond this, "
        "Pressrun acts as on a nearly full disk.",
        reason="Enough for a whole edition to a million readers while another process keeps reading.",
    )
    posts_per_editor: Rate = setting(
        kinds.rate(),
        default="20/day",
        help="Editions by email per editor, except those that are proven to be theirs. Beyond that, a mail is kept "
        "and nobody is notified.",
    )
    test_copies: Rate = setting(
        kinds.rate(),
        default="60/h",
        help="Test copies of drafts per recipient, from pages and through the API. Beyond that, none is sent.",
    )
    edition_seconds: float = setting(
        kinds.duration(),
        key="edition_time",
        default="30s",
        restart=True,
        help="How long one step of building an edition may take: reading its text, building it, or making a preview. "
        "Beyond that, its author gets an error.",
        reason="Three times `edition_cpu_time`, for a machine that is busy.",
    )
    edition_cpu_seconds: float = setting(
        kinds.duration(),
        key="edition_cpu_time",
        default="10s",
        restart=True,
        help="How much processor time that step may take, rounded up to whole seconds.",
        reason="An edition of 100 KB takes a tenth of a second. Texts that need more are nearly always hostile.",
    )
    edition_memory_bytes: int = setting(
        kinds.size("128 MiB"),
        key="edition_memory",
        default="512 MiB",
        restart=True,
        help="How much memory a process that builds editions may use, at least 128 MiB. There are at most two.",
        reason="An edition of 32 MiB with its files takes 350 MiB for a moment.",
    )
    strangers_share: float = setting(
        kinds.share(),
        default="50%",
        help="Share of each minute that the process reading strangers' mail may be busy, so that hostile mail leaves "
        "half a processor to everything else. Further mail waits. Bounces and mail to signed addresses have "
        "their own processes.",
    )
    mails_per_token: Rate = setting(
        kinds.rate(),
        default="20/h",
        help="How much mail to one signed address goes ahead of strangers' mail. A subscriber sends one or two to "
        "unsubscribe, and mail servers a few about one copy. More than that waits with strangers' mail.",
    )
    logins: Rate = setting(
        kinds.rate(),
        default="10/15min",
        help="Failed log-ins, per account and per client.",
    )
    login_codes_per_address: Rate = setting(
        kinds.rate(),
        default="20/day",
        help="Unused login codes emailed to one mailbox. Beyond that, the page answers the same but no email goes out; "
        "all other ways to log in still work.",
        reason="With `logins` alone, anybody who knows the address could have 960 emails a day sent to it. Somebody "
        "whose codes get lost needs only a few.",
    )
