"""The keys of config.toml for what goes out: relays, delivery, bounces, signatures."""

from __future__ import annotations

from pressrun.config import kinds
from pressrun.config.schema import Key, Shape, Table


def _time_out(name: str, field: str, default: str, help_text: str) -> Key:
    return Key(name=f"{name}_timeout", field=field, kind=kinds.duration(), default=default, help=help_text)


RELAY = Table(
    name="relay",
    shape=Shape.MANY,
    help="A mail server that takes everything that goes out: one [[relay]] or more.",
    keys=(
        Key(
            name="name",
            kind=kinds.matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", 'a short name without blanks, as in "primary"'),
            example='"primary"',
            help='Its name in the log and in metrics. Default: "relay-1", "relay-2" and so on.',
        ),
        Key(name="host", kind=kinds.host(), required=True, example='"127.0.0.1"', help="Host name or IP address."),
        Key(name="port", kind=kinds.whole(1, 65535), required=True, example="25", help="TCP port."),
        Key(
            name="security",
            kind=kinds.one_of("none", "starttls", "tls"),
            default='"none"',
            help='"starttls" or "tls": the certificate is verified, and without TLS no mail goes out.',
        ),
        Key(
            name="username",
            kind=kinds.text("a user name"),
            example='"pressrun"',
            help="To log in with; needs password_file.",
        ),
        Key(
            name="password_file",
            field="password",
            kind=kinds.text("a file that holds the password and nothing else"),
            example='"smtp_password"',
            help="A file that holds the password, or a systemd credential of that name.",
        ),
        Key(
            name="ca_file",
            kind=kinds.text("a file with CA certificates in PEM"),
            example='"/etc/pressrun/ca.crt"',
            help="A private CA, beside those of the system.",
        ),
        Key(
            name="connections",
            kind=kinds.whole(1, 10_000),
            default="10",
            help="Connections at one time.",
        ),
        Key(
            name="messages_per_connection",
            kind=kinds.whole(1),
            default="100",
            help="Messages until a connection is closed and a new one opened.",
        ),
        Key(
            name="rate",
            field="rates",
            kind=kinds.rates(),
            example='["100/s", "20000/h"]',
            help="Copies in any window of that length, or a list of rates; the shortest is spread evenly.",
        ),
        Key(
            name="weight",
            kind=kinds.whole(1, 1000),
            default="1",
            help="Its share of the copies; what it cannot take, as it fails or is at its rate, goes to the others.",
        ),
        Key(
            name="pipelining",
            kind=kinds.switch(),
            default="true",
            help="false: one command at a time, for a relay that offers PIPELINING and gets it wrong (RFC 2920).",
        ),
        _time_out("connect", "connect_seconds", '"30s"', "Until the connection stands."),
        _time_out("greeting", "greeting_seconds", '"5m"', "Until the greeting (RFC 5321 §4.5.3.2.1)."),
        _time_out("ehlo", "ehlo_seconds", '"5m"', "Until the reply to EHLO."),
        _time_out("tls", "tls_seconds", '"60s"', "For the TLS handshake."),
        _time_out("auth", "auth_seconds", '"5m"', "For logging in."),
        _time_out("mail", "mail_seconds", '"5m"', "Until the reply to MAIL (RFC 5321 §4.5.3.2.2)."),
        _time_out("rcpt", "rcpt_seconds", '"5m"', "Until the reply to RCPT (RFC 5321 §4.5.3.2.3)."),
        _time_out("data", "data_seconds", '"2m"', "Until the reply to DATA (RFC 5321 §4.5.3.2.4)."),
        _time_out("block", "block_seconds", '"3m"', "Until a block of content is taken (RFC 5321 §4.5.3.2.5)."),
        _time_out(
            "final",
            "final_dot_seconds",
            '"10m"',
            "Until the reply to the content; a shorter time sends copies twice (RFC 5321 §4.5.3.2.6).",
        ),
        _time_out("quit", "quit_seconds", '"5s"', "Until the reply to QUIT."),
        _time_out("idle", "idle_seconds", '"30s"', "How long a connection without work is kept."),
    ),
)

DELIVERY = Table(
    name="delivery",
    shape=Shape.ONE,
    help="How editions and notices go out, over all relays together.",
    keys=(
        Key(
            name="rate",
            field="rates",
            kind=kinds.rates(),
            default='"100/s"',
            help='Copies in any window of that length, or a list: ["100/s", "20000/h"]. Kept over a restart.',
        ),
        Key(
            name="retry",
            field="retry_seconds",
            kind=kinds.durations(),
            default='["5m", "15m", "1h", "4h"]',
            help="Waits between the attempts of a deferred copy; the last one repeats. Up to 10 % are added by chance.",
        ),
        Key(
            name="give_up_after",
            field="give_up_after_seconds",
            kind=kinds.duration(),
            default='"5d"',
            help="A copy that nobody took for so long has failed (RFC 5321 §4.5.4.1 asks for 4 to 5 days).",
        ),
        Key(
            name="block_pause",
            field="block_pause_seconds",
            kind=kinds.duration(),
            default='"10m"',
            help="Silence towards a domain that says 'slow down' (421 4.7.28 and its like); then one connection.",
        ),
        Key(
            name="pause_at_hard",
            kind=kinds.share(),
            default='"5%"',
            help='An edition with more hard failures pauses by itself, judged from 100 outcomes on. "100%": never.',
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
            help="A scheduled edition that is later than this waits for a person.",
        ),
        Key(
            name="drain",
            field="drain_seconds",
            kind=kinds.duration_or_none(),
            default='"25s"',
            help="At the end of the process: how long messages in flight may take to be finished.",
        ),
        Key(
            name="press",
            kind=kinds.one_of("auto", "process", "daemon"),
            default='"auto"',
            restart=True,
            help=(
                "Who makes, signs and hands over mails: a process of its own, 45 MB of memory, which takes them off the"
                " daemon's processor, or the daemon itself. Where it is a process, others of 25 MB make the signatures:"
                ' one for each processor, four at most. "auto": a process where there are two processors or more.'
                " In the daemon a signed edition of megabytes makes each page wait for up to a tenth of a second, and a"
                " kill of it has what was in flight sent again."
            ),
        ),
    ),
)

DOMAIN = Table(
    name="delivery.domain",
    shape=Shape.NAMED,
    help="Limits for one domain of recipients, whatever the relay. What is left out follows its provider.",
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
            help="Copies for this domain that may be in flight on different connections at one time.",
        ),
        Key(
            name="messages_per_connection",
            kind=kinds.whole(1),
            example="20",
            help="Copies for this domain on one connection, which is closed after that many.",
        ),
    ),
)

BOUNCES = Table(
    name="bounces",
    shape=Shape.ONE,
    help="What follows when copies come back.",
    keys=(
        Key(
            name="hard_limit",
            kind=kinds.whole(1, 1000),
            default="1",
            help="Editions in a row that bounced hard until a reader is suspended and suppressed.",
        ),
        Key(
            name="soft_limit",
            kind=kinds.whole(1, 1000),
            default="5",
            help="Editions in a row that bounced softly until a reader is suspended.",
        ),
        Key(
            name="settle_after",
            field="settle_after_seconds",
            kind=kinds.duration_or_none(),
            default='"3d"',
            help="A copy is a success when no bounce has come by then.",
        ),
        Key(
            name="probe_after",
            field="probe_after_seconds",
            kind=kinds.duration(),
            default='"7d"',
            help="Then a reader who was suspended for bounces is asked once: still there?",
        ),
        Key(
            name="probe_lifetime",
            field="probe_lifetime_seconds",
            kind=kinds.duration(),
            default='"30d"',
            help="How long the link in that question can be used: a mailbox may stay full for weeks.",
        ),
    ),
)

DKIM = Table(
    name="dkim",
    shape=Shape.ONE_OR_MANY,
    help="Signatures under everything that goes out: [dkim], or several [[dkim]]. Without it mail goes out unsigned.",
    keys=(
        Key(
            name="domain",
            kind=kinds.domain(),
            required=True,
            example='"example.org"',
            help="The domain that signs: that of your From addresses, or the one above it.",
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
