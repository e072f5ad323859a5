"""The keys of config.toml for who we are and what comes in: names, inbound mail, limits, links, log."""

from __future__ import annotations

from pressrun.config import kinds
from pressrun.config.schema import Key, Shape, Table
from pressrun.core.work import LEAST_BITS, MOST_BITS

TOP = Table(
    name="",
    shape=Shape.TOP,
    help="Identity of this installation.",
    keys=(
        Key(
            name="data_dir",
            kind=kinds.text('a folder, as in "/var/lib/pressrun"'),
            required=True,
            example='"/var/lib/pressrun"',
            restart=True,
            help="Folder for the database, keys and control socket. A relative path is relative to this file.",
        ),
        Key(
            name="base_url",
            kind=kinds.base_url(),
            required=True,
            example='"https://news.example.org"',
            restart=True,
            help="Every link is built from this, never from a request's Host. No path and no trailing slash.",
        ),
        Key(
            name="mail_domain",
            kind=kinds.domain(),
            required=True,
            example='"news.example.org"',
            restart=True,
            help="The right-hand side of every list address. Ideally a subdomain of your From addresses' domain "
            "(DMARC).",
        ),
        Key(
            name="operator",
            kind=kinds.address(),
            example='"ops@example.org"',
            restart=True,
            help="Receives alerts and the mail for postmaster@ and abuse@. Without it they are only logged. "
            "A person's mailbox, not an address of Pressrun's own such as postmaster@ or NAME-owner@ at mail_domain. "
            "ASCII before the @, unless the relays support SMTPUTF8.",
        ),
    ),
)

SMTP = Table(
    name="smtp",
    shape=Shape.ONE,
    help="Inbound mail. Omit the table to receive none. Then no mailto links go out and bounces are not read.",
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
            help="Largest message; larger ones get 552. Announced as SIZE.",
        ),
        Key(
            name="certificate_file",
            kind=kinds.text("a file with a certificate chain in PEM"),
            example='"/etc/pressrun/smtp.crt"',
            help="Together with key_file, offers STARTTLS.",
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
            help="Trust the topmost Authentication-Results with this id, from trusted_relays only.",
        ),
        Key(
            name="trusted_relays",
            kind=kinds.peers(),
            default="[]",
            restart=True,
            help='Mail servers in front of us whose Authentication-Results are trusted; "unix" for our socket.',
        ),
    ),
)

LIMITS = Table(
    name="limits",
    shape=Shape.ONE,
    help="Limits on what others may ask for. Rates: at most N in any window of that length; bursts are allowed.",
    keys=(
        Key(
            name="sign_ups_per_ip",
            kind=kinds.rate(),
            default='"20/h"',
            help="Web sign-ups per client address (IPv6: per /64). Beyond that, 429.",
        ),
        Key(
            name="trusted_sign_up_addresses",
            kind=kinds.peers(),
            default="[]",
            help="Your own servers that sign people up from one address, such as a shop. sign_ups_per_ip does not "
            "apply to them. All other limits do, and such a server should limit its visitors.",
        ),
        Key(
            name="confirmations_per_address",
            kind=kinds.rate(),
            default='"3/day"',
            help="Confirmation mails per mailbox, web and email together, whatever the spelling or the list.",
        ),
        Key(
            name="confirmations_per_domain",
            kind=kinds.rate(),
            example='"200/h"',
            help="Confirmation mails per domain, except large providers, where anyone may have a mailbox. Default: "
            "half of `confirmations`, 500 at least.",
        ),
        Key(
            name="confirmations",
            kind=kinds.rate(),
            default='"2000/h"',
            help="Confirmation mails in total.",
        ),
        Key(
            name="unproven_sign_ups",
            kind=kinds.rate(),
            example='"200/h"',
            help="How many of those may go to sign-ups by email, from forms on other sites, or faster than `form_time` "
            "on our own form, so that programs cannot use up what people on our pages need. Default: half of "
            "`confirmations`.",
        ),
        Key(
            name="form_time",
            field="form_seconds",
            kind=kinds.duration(),
            default='"2s"',
            help="Nobody fills in our form faster than this. Such a sign-up counts as unproven.",
        ),
        Key(
            name="proof_of_work_above",
            kind=kinds.rate(),
            example='"100/h"',
            help="Confirmation mails for sign-ups without proof of work. From half of this, our own page makes the "
            "browser do some work first, and such sign-ups are exempt. A few times your usual rate is a good "
            "value. Default: no limit and no work.",
        ),
        Key(
            name="proof_of_work_bits",
            kind=kinds.whole(LEAST_BITS, MOST_BITS),
            default="20",
            help="How much work: 2 to the power of this many hashes. 20 takes half a second on a desktop, more on a "
            "phone. Each further bit doubles it.",
        ),
        Key(
            name="hold_sign_ups_above",
            kind=kinds.whole(2, 1000),
            example="5",
            help="Sign-ups are unusual at this many times the busiest hour of an ordinary day (the median of the last "
            "14 days). Then those without proof of work are put on hold (`pressrun held ls`), and our own page asks "
            "for work. Default: none are held.",
        ),
        Key(
            name="hold_sign_ups_floor",
            kind=kinds.whole(1),
            default="100",
            help="This many sign-ups in an hour are never unusual, however quiet or new the server is.",
        ),
        Key(
            name="disposable_addresses",
            kind=kinds.one_of("take", "ignore"),
            default='"take"',
            help='Sign-ups with disposable addresses, from a short list of known domains. "ignore": the same answer as '
            "for everybody, but no mail.",
        ),
        Key(
            name="disposable_domains",
            kind=kinds.domains(),
            default="[]",
            example='["throwaway.example"]',
            help="More such domains; their subdomains count too.",
        ),
        Key(
            name="role_addresses",
            kind=kinds.one_of("take", "ignore"),
            default='"take"',
            help='Sign-ups with role addresses such as postmaster@ or abuse@. "ignore": same answer, but no mail.',
        ),
        Key(
            name="replies_per_sender",
            kind=kinds.rate(),
            default='"10/day"',
            help="Answers to one sender's mail commands.",
        ),
        Key(
            name="preference_links_per_address",
            kind=kinds.rate(),
            default='"3/day"',
            help="Preferences links mailed to one mailbox.",
        ),
        Key(
            name="preference_links_per_ip",
            kind=kinds.rate(),
            default='"20/h"',
            help="Preferences links asked for on the web per client address (IPv6: per /64). Beyond that, the same "
            "answer but no mail.",
        ),
        Key(
            name="searches_per_ip",
            kind=kinds.rate(),
            default='"60/min"',
            help="Archive searches per client address (IPv6: per /64). Beyond that, 429. Counted in memory.",
        ),
        Key(
            name="address_changes_per_reader",
            kind=kinds.rate(),
            default='"3/day"',
            help="Changes of address one subscriber may ask for. Each is mailed to both addresses.",
        ),
        Key(
            name="leaving_notes_per_address",
            kind=kinds.rate(),
            default='"10/day"',
            help="Unsubscribe notes to one mailbox, each with an undo link. Unsubscribing itself has no limit.",
        ),
        Key(
            name="pause_notes_per_address",
            kind=kinds.rate(),
            default='"3/day"',
            help="Notes per mailbox that a pause has started. Pausing itself has no limit.",
        ),
        Key(
            name="kept_mail_for",
            field="kept_mail_seconds",
            kind=kinds.duration(),
            default='"90d"',
            help="How long mail that could not be processed is kept for you (`pressrun inbound ls`).",
        ),
        Key(
            name="kept_mail_size",
            field="kept_mail_bytes",
            kind=kinds.size(),
            default='"256 MiB"',
            help="How much of it is kept in total, including forwarded mail, so that nobody can fill the disk. Mail "
            "that a relay has accepted is dropped first, then the oldest.",
        ),
        Key(
            name="forwarded_mail_for",
            field="forwarded_mail_seconds",
            kind=kinds.duration(),
            default='"5d"',
            help="How long forwarded mail is kept after a relay accepted it, in case it bounces. Mail servers try for "
            "4 to 5 days (RFC 5321 §4.5.4.1).",
        ),
        Key(
            name="waiting_mail_size",
            field="waiting_mail_bytes",
            kind=kinds.size(),
            default='"256 MiB"',
            help="How much accepted mail from strangers may wait: unprocessed mail, and forwarded mail not yet "
            "accepted by a relay. Beyond that, 452. Bounces, complaints, and mail to signed addresses have the same "
            "amount of their own.",
        ),
        Key(
            name="consent_ip_for",
            field="consent_ip_seconds",
            kind=kinds.duration_or_none(),
            default='"180d"',
            help="How long consent evidence keeps the network address it came from. The rest stays.",
        ),
        Key(
            name="posts_per_editor",
            kind=kinds.rate(),
            default='"20/day"',
            help="Editions by email per editor. Beyond that, a mail is kept and nobody is notified.",
        ),
        Key(
            name="strangers_share",
            kind=kinds.share(),
            default='"50%"',
            help="Share of each minute that the process reading strangers' mail may be busy, so that hostile mail "
            "leaves half a processor to everything else. Further mail waits. Bounces and mail to signed addresses "
            "have processes of their own.",
        ),
        Key(
            name="mails_per_token",
            kind=kinds.rate(),
            default='"20/h"',
            help="How much mail to one signed address goes ahead of strangers' mail. A subscriber sends one or two to "
            "unsubscribe, and mail servers a few about one copy. More than that waits with strangers' mail.",
        ),
        Key(
            name="smtp_connections",
            field="connections",
            kind=kinds.whole(1),
            default="200",
            help="Simultaneous inbound connections. Beyond that, 421.",
        ),
        Key(
            name="smtp_idle",
            field="idle_seconds",
            kind=kinds.duration(),
            default='"5m"',
            help="An inbound connection that is silent for this long is closed (RFC 5321 §4.5.3.2.7).",
        ),
        Key(
            name="smtp_recipients",
            field="recipients",
            kind=kinds.whole(1),
            default="1000",
            help="Recipients per transaction; further ones get 452. RFC 5321 §4.5.3.1.8 asks for at least 100.",
        ),
        Key(
            name="smtp_memory",
            field="memory_bytes",
            kind=kinds.size(),
            default='"64 MiB"',
            help="Memory for large mails being received, in total. Beyond that, 452. The first 128 KiB of each are "
            "free.",
        ),
        Key(
            name="logins",
            kind=kinds.rate(),
            default='"10/15min"',
            help="Failed log-ins, per account and per client. Accepted without effect until Pressrun has log-ins.",
        ),
    ),
)

TOKENS = Table(
    name="tokens",
    shape=Shape.ONE,
    help="How long links work. Unsubscribe links work for ever.",
    keys=(
        Key(
            name="confirm_lifetime",
            field="confirm_lifetime_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="Confirmation links.",
        ),
        Key(
            name="preferences_lifetime",
            field="preferences_lifetime_seconds",
            kind=kinds.duration(),
            default='"1h"',
            help="Preferences links asked for on the web.",
        ),
        Key(
            name="approve_lifetime",
            field="approve_lifetime_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="The link that sends an edition received by email. After that, the draft is cancelled.",
        ),
        Key(
            name="undo_change_lifetime",
            field="undo_change_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="The link, mailed to the old address, to undo a change of address.",
        ),
        Key(
            name="undo_leaving_lifetime",
            field="undo_leaving_seconds",
            kind=kinds.duration_or_none(),
            default='"1d"',
            help='The link to undo an unsubscribe. "0s": none is mailed. For one list, set its leaving_note.',
        ),
    ),
)

DNS = Table(
    name="dns",
    shape=Shape.ONE,
    help="DNS lookups: whether SPF and DMARC fit an edition's sender, before it goes out.",
    keys=(
        Key(
            name="server",
            kind=kinds.name_server(),
            example='"127.0.0.1"',
            help="DNS server: an IP address, with its port if not 53. Default: the system's.",
        ),
        Key(
            name="timeout",
            field="timeout_seconds",
            kind=kinds.duration(),
            default='"2s"',
            help="How long to wait for an answer. Without one, preflight says nothing about the sender.",
        ),
        Key(
            name="preflight",
            kind=kinds.switch(),
            default="true",
            help="Check DNS before an edition goes out.",
        ),
    ),
)

LOG = Table(
    name="log",
    shape=Shape.ONE,
    help="Logging to stderr.",
    keys=(
        Key(
            name="level",
            kind=kinds.one_of("debug", "info", "warning", "error"),
            default='"info"',
            help="At info and above, the log contains no subscriber addresses.",
        ),
        Key(
            name="format",
            kind=kinds.one_of("auto", "text", "json"),
            default='"auto"',
            help='"auto": text on a terminal, otherwise one JSON object per line.',
        ),
    ),
)
