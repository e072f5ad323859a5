"""The keys of config.toml for what goes out: relays, delivery, bounces, signatures."""

from __future__ import annotations

from pressrun.config import kinds
from pressrun.config.schema import Key, Shape, Table


def _time_out(name: str, field: str, default: str, help_text: str) -> Key:
    return Key(name=f"{name}_timeout", field=field, kind=kinds.duration(), default=default, help=help_text)


RELAY = Table(
    name="relay",
    shape=Shape.MANY,
    help="The mail server that everything goes out through. One [[relay]] or more.",
    keys=(
        Key(
            name="name",
            kind=kinds.matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", 'a short name without blanks, as in "primary"'),
            example='"primary"',
            help='Name in logs and metrics. Default: "relay-1", "relay-2" and so on.',
        ),
        Key(name="host", kind=kinds.host(), required=True, example='"127.0.0.1"', help="Host name or IP address."),
        Key(name="port", kind=kinds.whole(1, 65535), required=True, example="25", help="TCP port."),
        Key(
            name="security",
            kind=kinds.one_of("none", "starttls", "tls"),
            default='"none"',
            help='"starttls" or "tls": the certificate is verified, and no mail goes out without TLS.',
        ),
        Key(
            name="username",
            kind=kinds.text("a user name"),
            example='"pressrun"',
            help="User name for logging in. Needs password_file.",
        ),
        Key(
            name="password_file",
            field="password",
            kind=kinds.text("a file that holds the password and nothing else"),
            example='"smtp_password"',
            help="File with the password, or a systemd credential of that name.",
        ),
        Key(
            name="ca_file",
            kind=kinds.text("a file with CA certificates in PEM"),
            example='"/etc/pressrun/ca.crt"',
            help="A private CA, in addition to the system's.",
        ),
        Key(
            name="connections",
            kind=kinds.whole(1, 10_000),
            default="10",
            help="Simultaneous connections.",
        ),
        Key(
            name="messages_per_connection",
            kind=kinds.whole(1),
            default="100",
            help="Messages sent before a connection is replaced by a new one.",
        ),
        Key(
            name="rate",
            field="rates",
            kind=kinds.rates(),
            example='["100/s", "20000/h"]',
            help="Copies per window of that length, or a list of rates. The shortest is spread evenly.",
        ),
        Key(
            name="weight",
            kind=kinds.whole(1, 1000),
            default="1",
            help="Its share of the copies. When it fails or is at its rate, the others take over.",
        ),
        Key(
            name="pipelining",
            kind=kinds.switch(),
            default="true",
            help="false sends one command at a time, for a relay whose PIPELINING is broken (RFC 2920).",
        ),
        _time_out("connect", "connect_seconds", '"30s"', "For connecting."),
        _time_out("greeting", "greeting_seconds", '"5m"', "For the greeting (RFC 5321 §4.5.3.2.1)."),
        _time_out("ehlo", "ehlo_seconds", '"5m"', "For the reply to EHLO."),
        _time_out("tls", "tls_seconds", '"60s"', "For the TLS handshake."),
        _time_out("auth", "auth_seconds", '"5m"', "For logging in."),
        _time_out("mail", "mail_seconds", '"5m"', "For the reply to MAIL (RFC 5321 §4.5.3.2.2)."),
        _time_out("rcpt", "rcpt_seconds", '"5m"', "For the reply to RCPT (RFC 5321 §4.5.3.2.3)."),
        _time_out("data", "data_seconds", '"2m"', "For the reply to DATA (RFC 5321 §4.5.3.2.4)."),
        _time_out("block", "block_seconds", '"3m"', "For each block of content (RFC 5321 §4.5.3.2.5)."),
        _time_out(
            "final",
            "final_dot_seconds",
            '"10m"',
            "For the final reply. A shorter time risks sending copies twice (RFC 5321 §4.5.3.2.6).",
        ),
        _time_out("quit", "quit_seconds", '"5s"', "For the reply to QUIT."),
        _time_out("idle", "idle_seconds", '"30s"', "How long an unused connection is kept open."),
    ),
)

DELIVERY = Table(
    name="delivery",
    shape=Shape.ONE,
    help="How editions and notices go out, across all relays.",
    keys=(
        Key(
            name="rate",
            field="rates",
            kind=kinds.rates(),
            default='"100/s"',
            help='Copies per window of that length, or a list: ["100/s", "20000/h"]. Survives a restart.',
        ),
        Key(
            name="retry",
            field="retry_seconds",
            kind=kinds.durations(),
            default='["5m", "15m", "1h", "4h"]',
            help="Waits between attempts for a deferred copy. The last one repeats. Up to 10 % is added at random.",
        ),
        Key(
            name="give_up_after",
            field="give_up_after_seconds",
            kind=kinds.duration(),
            default='"5d"',
            help="A copy not accepted for this long has failed (RFC 5321 §4.5.4.1 asks for 4 to 5 days).",
        ),
        Key(
            name="block_pause",
            field="block_pause_seconds",
            kind=kinds.duration(),
            default='"10m"',
            help="Pause after a domain says 'slow down' (421 4.7.28 and the like). Then it starts with one connection.",
        ),
        Key(
            name="pause_at_hard",
            kind=kinds.share(),
            default='"5%"',
            help='An edition with more hard failures pauses itself, judged after 100 outcomes. "100%": never.',
        ),
        Key(
            name="pause_at_complaints",
            kind=kinds.share(),
            default='"0.3%"',
            help='The same for complaints. "100%": never.',
        ),
        Key(
            name="late_grace",
            field="late_grace_seconds",
            kind=kinds.duration_or_none(),
            default='"6h"',
            help="A scheduled edition delayed longer than this waits for a person.",
        ),
        Key(
            name="drain",
            field="drain_seconds",
            kind=kinds.duration_or_none(),
            default='"25s"',
            help="On shutdown: how long messages in flight may take to finish.",
        ),
        Key(
            name="press",
            kind=kinds.one_of("auto", "process", "daemon"),
            default='"auto"',
            restart=True,
            help=(
                "What composes, signs and hands over mails: a process of its own (45 MB of memory), which relieves the"
                " daemon's processor, or the daemon itself. With a process, further ones of 25 MB each make the"
                ' signatures: one per processor, at most four. "auto": a process if there are two processors or more.'
                " In the daemon, a large signed edition can delay pages by up to a tenth of a second, and killing the"
                " daemon repeats what was in flight."
            ),
        ),
    ),
)

DOMAIN = Table(
    name="delivery.domain",
    shape=Shape.NAMED,
    help="Limits for one recipient domain, whatever the relay. Anything omitted follows its provider.",
    keys=(
        Key(
            name="rate",
            field="rates",
            kind=kinds.rates(),
            example='"20/s"',
            help="Copies in any window of that length, or a list of rates.",
        ),
        Key(
            name="connections",
            kind=kinds.whole(1, 10_000),
            example="5",
            help="Simultaneous connections for this domain.",
        ),
        Key(
            name="messages_per_connection",
            kind=kinds.whole(1),
            example="20",
            help="Copies for this domain per connection, which is then closed.",
        ),
    ),
)

BOUNCES = Table(
    name="bounces",
    shape=Shape.ONE,
    help="What happens when copies bounce.",
    keys=(
        Key(
            name="hard_limit",
            kind=kinds.whole(1, 1000),
            default="1",
            help="Consecutive editions that bounce hard before a subscriber is suspended and suppressed.",
        ),
        Key(
            name="soft_limit",
            kind=kinds.whole(1, 1000),
            default="5",
            help="Consecutive editions that bounce softly before a subscriber is suspended.",
        ),
        Key(
            name="settle_after",
            field="settle_after_seconds",
            kind=kinds.duration_or_none(),
            default='"3d"',
            help="A copy counts as delivered when no bounce has arrived by then.",
        ),
        Key(
            name="probe_after",
            field="probe_after_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="When to ask a subscriber suspended for bounces, once, whether they still want the newsletter.",
        ),
        Key(
            name="probe_lifetime",
            field="probe_lifetime_seconds",
            kind=kinds.duration(),
            default='"30d"',
            help="How long the link in that question works. A mailbox may stay full for weeks.",
        ),
    ),
)

DKIM = Table(
    name="dkim",
    shape=Shape.ONE_OR_MANY,
    help="Signs everything that goes out: [dkim], or several [[dkim]]. Without it, mail goes out unsigned.",
    keys=(
        Key(
            name="domain",
            kind=kinds.domain(),
            required=True,
            example='"example.org"',
            help="The signing domain: that of your From addresses, or its parent.",
        ),
        Key(
            name="selector",
            kind=kinds.matching(
                r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*",
                'a selector, as in "pressrun"',
            ),
            required=True,
            example='"pressrun"',
            help="The DNS record is SELECTOR._domainkey.DOMAIN; `pressrun dkim create` prints it.",
        ),
        Key(
            name="key_file",
            kind=kinds.text("a file with a private key in PEM"),
            required=True,
            example='"/etc/pressrun/dkim.pem"',
            help="The private key, RSA or Ed25519: a file, or a systemd credential of that name.",
        ),
    ),
)
