"""The keys of config.toml for who we are and what comes in: names, inbound mail, limits, links, log."""

from __future__ import annotations

from pressrun.config import kinds
from pressrun.config.schema import Key, Shape, Table
from pressrun.core.work import LEAST_BITS, MOST_BITS

TOP = Table(
    name="",
    shape=Shape.TOP,
    help="Who this installation is.",
    keys=(
        Key(
            name="data_dir",
            kind=kinds.text('a folder, as in "/var/lib/pressrun"'),
            required=True,
            example='"/var/lib/pressrun"',
            restart=True,
            help="The folder of database, keys and control socket. A relative path is relative to this file.",
        ),
        Key(
            name="base_url",
            kind=kinds.base_url(),
            required=True,
            example='"https://news.example.org"',
            restart=True,
            help="Every link is built from this, never from the Host of a request. No path, no slash at the end.",
        ),
        Key(
            name="mail_domain",
            kind=kinds.domain(),
            required=True,
            example='"news.example.org"',
            restart=True,
            help="The right-hand side of every list address. Best below the domain of your From addresses (DMARC).",
        ),
        Key(
            name="operator",
            kind=kinds.address(),
            example='"ops@example.org"',
            restart=True,
            help="Gets the mail for postmaster@ and abuse@, and alerts. Without it they are logged. "
            "A person's mailbox, not an address of Pressrun's own such as postmaster@ or NAME-owner@ at mail_domain. "
            "In ASCII before the @, unless the relays have SMTPUTF8.",
        ),
    ),
)

SMTP = Table(
    name="smtp",
    shape=Shape.ONE,
    help="Inbound mail. Leave the table out to receive none: then no mailto links go out, and bounces are not read.",
    keys=(
        Key(
            name="listen",
            kind=kinds.endpoint(),
            example='"127.0.0.1:8025"',
            restart=True,
            help='SMTP: "host:port", "unix:…" or "systemd". Default: "127.0.0.1:8025", or none where lmtp is given.',
        ),
        Key(
            name="lmtp",
            kind=kinds.endpoint(),
            example='"unix:/run/pressrun/lmtp.sock"',
            restart=True,
            help='LMTP, which Postfix prefers for delivery: "unix:…", "host:port" or "systemd".',
        ),
        Key(
            name="max_message_size",
            field="max_message_bytes",
            kind=kinds.size(),
            default='"10 MiB"',
            help="The largest message; larger ones get 552. Announced as SIZE.",
        ),
        Key(
            name="certificate_file",
            kind=kinds.text("a file with a certificate chain in PEM"),
            example='"/etc/pressrun/smtp.crt"',
            help="With key_file: STARTTLS is offered.",
        ),
        Key(
            name="key_file",
            kind=kinds.text("a file with a private key in PEM"),
            example='"/etc/pressrun/smtp.key"',
            help="The private key of the certificate: a file, or a systemd credential of that name.",
        ),
        Key(
            name="authserv_id",
            kind=kinds.matching(r"[A-Za-z0-9._:-]+", 'a name without blanks, as in "mx.example.org"'),
            example='"mx.example.org"',
            restart=True,
            help="The topmost Authentication-Results of this id is believed, from trusted_relays only.",
        ),
        Key(
            name="trusted_relays",
            kind=kinds.peers(),
            default="[]",
            restart=True,
            help='The mail servers in front of us whose Authentication-Results are believed; "unix" for our socket.',
        ),
    ),
)

LIMITS = Table(
    name="limits",
    shape=Shape.ONE,
    help="What others may ask of us. Rates: at most N in any window of that length, bursts allowed.",
    keys=(
        Key(
            name="sign_ups_per_ip",
            kind=kinds.rate(),
            default='"20/h"',
            help="Sign-ups on the web by client address (IPv6: by /64). Beyond: 429.",
        ),
        Key(
            name="trusted_sign_up_addresses",
            kind=kinds.peers(),
            default="[]",
            help="Servers of yours that sign people up, such as a shop, whose sign-ups all come from one address: "
            "sign_ups_per_ip does not apply to them. All other limits do, and such a server should limit its visitors.",
        ),
        Key(
            name="confirmations_per_address",
            kind=kinds.rate(),
            default='"3/day"',
            help="Confirmation mails to one mailbox, web and mail together, whatever the spelling and the list.",
        ),
        Key(
            name="confirmations_per_domain",
            kind=kinds.rate(),
            example='"200/h"',
            help="Confirmation mails to one domain, those of large providers aside: there a mailbox may have every "
            "name. Default: half of `confirmations`, 500 at least.",
        ),
        Key(
            name="confirmations",
            kind=kinds.rate(),
            default='"2000/h"',
            help="Confirmation mails over all.",
        ),
        Key(
            name="unproven_sign_ups",
            kind=kinds.rate(),
            example='"200/h"',
            help="Those of them that a sign-up by mail, by a form of another site, or by our own form sooner than "
            "`form_time` may cause, so that a program cannot take what people on our pages need. Default: half of "
            "`confirmations`.",
        ),
        Key(
            name="form_time",
            field="form_seconds",
            kind=kinds.duration(),
            default='"2s"',
            help="Nobody fills our form in sooner: such a sign-up is taken as unproven.",
        ),
        Key(
            name="proof_of_work_above",
            kind=kinds.rate(),
            example='"100/h"',
            help="Confirmation mails that sign-ups without work may cause. From half of it on, our own page has the "
            "browser of whoever signs up do some work first, and then this limit is not theirs. A few times what is "
            "usual for you is a good value. Default: no such limit, and no work.",
        ),
        Key(
            name="proof_of_work_bits",
            kind=kinds.whole(LEAST_BITS, MOST_BITS),
            default="20",
            help="How much work: 2 to the power of this many hashes, 20: half a second on a desktop, more on a phone. "
            "One more doubles it.",
        ),
        Key(
            name="hold_sign_ups_above",
            kind=kinds.whole(2, 1000),
            example="5",
            help="So many times what the busiest hour of an ordinary day brings is unusual. Then the mails of sign-ups "
            "for which no work was done are held (`pressrun held ls`), and our own page asks for work. Ordinary is the "
            "median of the last 14 days. Default: none are held.",
        ),
        Key(
            name="hold_sign_ups_floor",
            kind=kinds.whole(1),
            default="100",
            help="So many sign-ups in an hour are never unusual, however quiet or new the server is.",
        ),
        Key(
            name="disposable_addresses",
            kind=kinds.one_of("take", "ignore"),
            default='"take"',
            help='Sign-ups of mailboxes to throw away, from a short list of known domains. "ignore": they get the same '
            "answer as everybody, and no mail.",
        ),
        Key(
            name="disposable_domains",
            kind=kinds.domains(),
            default="[]",
            example='["throwaway.example"]',
            help="More such domains; those below them count too.",
        ),
        Key(
            name="role_addresses",
            kind=kinds.one_of("take", "ignore"),
            default='"take"',
            help='Sign-ups of addresses of a function, as postmaster@ or abuse@. "ignore": same answer, and no mail.',
        ),
        Key(
            name="replies_per_sender",
            kind=kinds.rate(),
            default='"10/day"',
            help="Answers to mail commands of one sender.",
        ),
        Key(
            name="preference_links_per_address",
            kind=kinds.rate(),
            default='"3/day"',
            help="Mails with a preferences link to one mailbox.",
        ),
        Key(
            name="preference_links_per_ip",
            kind=kinds.rate(),
            default='"20/h"',
            help="Preferences links asked for on the web by client address (IPv6: by /64). Beyond: the same answer, "
            "and no mail.",
        ),
        Key(
            name="searches_per_ip",
            kind=kinds.rate(),
            default='"60/min"',
            help="Searches in archives by client address (IPv6: by /64). Beyond: 429. Counted in memory.",
        ),
        Key(
            name="address_changes_per_reader",
            kind=kinds.rate(),
            default='"3/day"',
            help="Changes of address that one reader may ask for: each is mailed to both addresses.",
        ),
        Key(
            name="leaving_notes_per_address",
            kind=kinds.rate(),
            default='"10/day"',
            help="Notes to one mailbox that it was unsubscribed, each with a link to undo that. Leaving has no limit.",
        ),
        Key(
            name="kept_mail_for",
            field="kept_mail_seconds",
            kind=kinds.duration(),
            default='"90d"',
            help="How long mail that could not be dealt with is kept for you: `pressrun inbound ls`.",
        ),
        Key(
            name="kept_mail_size",
            field="kept_mail_bytes",
            kind=kinds.size(),
            default='"256 MiB"',
            help="How much of it is kept in all, so that nobody fills the disk, and with it mail that was forwarded to "
            "you or an owner. Mail that a relay has taken is dropped first, then the oldest.",
        ),
        Key(
            name="forwarded_mail_for",
            field="forwarded_mail_seconds",
            kind=kinds.duration(),
            default='"5d"',
            help="How long forwarded mail is kept after a relay took it, so that it is not lost when it comes back. "
            "Mail servers try for 4 to 5 days (RFC 5321 §4.5.4.1).",
        ),
        Key(
            name="waiting_mail_size",
            field="waiting_mail_bytes",
            kind=kinds.size(),
            default='"256 MiB"',
            help="How much accepted mail of strangers may wait: mail not dealt with yet, and forwarded mail that no "
            "relay has taken. Beyond: 452. Bounces, complaints, and mail to unsubscribe or confirm by a signed address "
            "have as much of their own.",
        ),
        Key(
            name="consent_ip_for",
            field="consent_ip_seconds",
            kind=kinds.duration_or_none(),
            default='"180d"',
            help="How long the evidence of consent holds the network address that it came from; the rest of it stays.",
        ),
        Key(
            name="posts_per_editor",
            kind=kinds.rate(),
            default='"20/day"',
            help="Editions by mail of one editor. Beyond, a mail is kept and nobody hears of it.",
        ),
        Key(
            name="strangers_share",
            kind=kinds.share(),
            default='"50%"',
            help="How much of each minute the process that reads mail of strangers may be busy, so that hostile mail "
            "leaves half a processor to everything else. Mail beyond it waits. Mail to a signed address, to "
            "unsubscribe or confirm, and bounces are read by processes of their own.",
        ),
        Key(
            name="mails_per_token",
            kind=kinds.rate(),
            default='"20/h"',
            help="How much mail to one signed address goes before that of strangers. A reader sends one or two to "
            "leave, and mail servers a few about one copy; what comes beyond waits among strangers' mail.",
        ),
        Key(
            name="smtp_connections",
            field="connections",
            kind=kinds.whole(1),
            default="200",
            help="Inbound connections at one time; beyond, 421.",
        ),
        Key(
            name="smtp_idle",
            field="idle_seconds",
            kind=kinds.duration(),
            default='"5m"',
            help="An inbound connection that is silent for so long is closed (RFC 5321 §4.5.3.2.7).",
        ),
        Key(
            name="smtp_recipients",
            field="recipients",
            kind=kinds.whole(1),
            default="1000",
            help="Recipients of a transaction; the surplus gets 452. RFC 5321 §4.5.3.1.8 asks for at least 100.",
        ),
        Key(
            name="smtp_memory",
            field="memory_bytes",
            kind=kinds.size(),
            default='"64 MiB"',
            help="What the contents of large mails that are coming in may hold together; beyond, 452: come later. "
            "The first 128 KiB of each are free.",
        ),
        Key(
            name="logins",
            kind=kinds.rate(),
            default='"10/15min"',
            help="Failed log-ins, by account and by client.",
        ),
    ),
)

TOKENS = Table(
    name="tokens",
    shape=Shape.ONE,
    help="How long links may be used. Unsubscribe links work for ever.",
    keys=(
        Key(
            name="confirm_lifetime",
            field="confirm_lifetime_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="A confirmation.",
        ),
        Key(
            name="preferences_lifetime",
            field="preferences_lifetime_seconds",
            kind=kinds.duration(),
            default='"1h"',
            help="A preferences link that was asked for on the web.",
        ),
        Key(
            name="approve_lifetime",
            field="approve_lifetime_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="The link that sends an edition which came by mail. Then the draft is cancelled.",
        ),
        Key(
            name="undo_change_lifetime",
            field="undo_change_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="The link to undo a change of address, which the old address is mailed.",
        ),
        Key(
            name="undo_leaving_lifetime",
            field="undo_leaving_seconds",
            kind=kinds.duration_or_none(),
            default='"1d"',
            help='The link to undo that one was unsubscribed. "0s": none is mailed; for one list, its leaving_note.',
        ),
    ),
)

DNS = Table(
    name="dns",
    shape=Shape.ONE,
    help="What is asked of DNS: whether SPF and DMARC go with the sender of an edition, before it goes out.",
    keys=(
        Key(
            name="server",
            kind=kinds.name_server(),
            example='"127.0.0.1"',
            help="Who is asked: an IP address, with its port where that is not 53. Default: those the system asks.",
        ),
        Key(
            name="timeout",
            field="timeout_seconds",
            kind=kinds.duration(),
            default='"2s"',
            help="How long an answer is waited for; without one nothing is said of the sender.",
        ),
        Key(
            name="preflight",
            kind=kinds.switch(),
            default="true",
            help="Whether DNS is asked before an edition goes out.",
        ),
    ),
)

LOG = Table(
    name="log",
    shape=Shape.ONE,
    help="What is written to stderr.",
    keys=(
        Key(
            name="level",
            kind=kinds.one_of("debug", "info", "warning", "error"),
            default='"info"',
            help="At info and above the log holds no address of a subscriber.",
        ),
        Key(
            name="format",
            kind=kinds.one_of("auto", "text", "json"),
            default='"auto"',
            help='"auto": text on a terminal, else one JSON object a line.',
        ),
    ),
)
