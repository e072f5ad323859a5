"""What refusals say of the message itself, and of the way to the host."""

from __future__ import annotations

from pressrun.core.bounce_wordings.notation import Rows, Words

# What stands in a phrase as <name>.
WORDS: Words = {
    "verb": (r"is ", r"are ", r"was ", r"were "),
}

# This message beyond doubt, though the reply may go on to speak of filters.
CLEARLY_MESSAGE: Rows = (
    r"bare (?:line ?feed|lf|cr)",
    r"\blines? (?:is |are )?(?:length|too long|longer than)",
    r"smtputf8",
    r"recipsizelimit",
    r"sendsizelimit",
    r"(?:邮件|郵件|信件)\S{0,6}(?:大小|过大|太大|過大|超过大小)",
    r"\bnul (?:characters?|bytes?|octets?)",
    r"lines? (?:\w+ ){0,3}(?:were|was) longer than",
)

# This message, whoever gets it.
MESSAGE: Rows = (
    # English: too large.
    (
        r"(?:message|mail|e-?mail|size|header|attachment|content)(?: \S{1,40}){0,4} <verb>?(?:\w+ ){0,2}",
        (r"too (?:large|big)", r"exceed", r"oversize", r"larger than"),
    ),
    r"too (?:large|big) (?:message|attachment|mail)",
    r"exceeds? (?:\w+ ){0,4}(?:message|maximum|size|fixed)",
    r"message (?:file |length |size )?(?:too|exceeds|limit)",
    r"maximum (?:message )?size",
    r"size limit",
    r"max(?:imum)?[- ]?msg[- ]?size",
    r"sizelimit",
    # English: malformed, or not convertible.
    r"malformed",
    r"not (?:\w+ )?(?:rfc ?\d*22|compliant)",
    r"rfc ?\d{3,4}",
    r"(?:header|mime) (?:\w+ ){0,3}(?:error|invalid|missing|syntax)",
    r"(?:missing|duplicate|invalid) (?:\S{1,20} )?(?:header|mime)",
    r"8-?bit",
    r"attachment (?:\w+ ){0,3}(?:not allowed|blocked|prohibited|rejected)",
    r"file type",
    r"conversion (?:not|is)",
    r"too many hops",
    r"hop count",
    r"(?:mail|message|forwarding|routing|delivery) loop",
    r"\bloop(?:s|ing)? (?:back|detected|to)",
    r"(?:message|mail) is looping",
    r"delivered-to line",
    r"has no (?:from|date|subject|message-id)\b",
    r"(?:nesting|nested) (?:\w+ ){0,2}too",
    r"too (?:deeply nested|complex|many (?:parts|attachments))",
    # German.
    r"\bzu groß\b",
    r"maximale (?:nachrichten)?größe",
    # French.
    r"trop (?:volumineux|grand|gros|lourd|long|important)",
    r"taille (?:maximale|du message)",
    # Spanish.
    r"demasiado grande",
    r"tamaño máximo",
    # Italian.
    r"troppo grande",
    r"dimensione massima",
    # Portuguese.
    r"muito grande",
    r"tamanho máximo",
    # Dutch.
    r"te groot",
    # Japanese.
    r"サイズ\S{0,12}(?:超|大き)",
    # Russian.
    r"слишком (?:больш|велик)",
    r"размер (?:\S{1,20} ){0,3}превыш",
    # Polish.
    r"zbyt duż",
)

# Nobody took the mail in time, or its host cannot be found.
UNREACHABLE: Rows = (
    # English: no connection.
    r"connection (?:timed ?out|refused|reset|failed|dropped|lost|was|died|closed|could not)",
    r"connect(?:ion)? to",
    r"time(?:d)?[- ]?out",
    r"no route to host",
    r"network (?:is )?unreachable",
    r"host (?:\S{0,80} )?(?:is )?(?:unreachable|down|not (?:found|responding|reachable))",
    r"unable to connect",
    r"could(?: not|n't) connect",
    r"can(?:'t|not) connect",
    r"not responding",
    r"did(?: not|n't) respond",
    r"failed to connect",
    # English: no host.
    r"host (?:or domain name )?not found",
    r"(?:couldn't|could not|cannot|can't|unable to) (?:find|resolve|look ?up|lookup|reach|locate|contact)",
    r"name (?:service|server) (?:error|failure|timeout)",
    r"dns (?:error|failure|lookup|server|query)",
    r"servfail",
    r"no mx",
    r"no mail ?servers?",
    r"network error",
    r"mx records?",
    r"unknown host",
    r"lookup fail",
    r"bad host",
    r"name or service not known",
    # English: not in time.
    r"aborted after",
    r"attempts",
    r"no gateway",
    r"find a gateway",
    r"retry (?:timeout|time|limit) (?:exceeded|not reached)",
    r"(?:delivery|message|queue|retry) (?:time|period|lifetime|timeout)?\s?(?:has )?expired",
    r"expired",
    r"too long",
    r"queue too long",
    r"been in the queue",
    r"could not be delivered (?:for|within|in)",
    r"giving up(?! on)",  # on a host: how each notice of qmail ends
    r"(?<!i've )given up",  # qmail says so of whatever failed
    r"gave up",
    r"undelivered for",
    r"not delivered (?:for|within|after)",
    r"over (?:\d+|several|two|three|four|five) (?:days|hours)",
    r"maximum (?:time|number of (?:attempts|retries))",
    r"retries",
    r"unreachable",
    r"(?<!service )unavailable",  # Sendmail says so of whatever failed
    r"try again later",
    r"temporar",
    # German.
    r"nicht erreichbar",
    r"zeitüberschreitung",
    r"zeitlimit",
    r"verbindung (?:\S{1,40} ){0,3}(?:fehlgeschlagen|abgelehnt)",
    # French.
    r"injoignable",
    r"délai (?:\S{1,40} ){0,3}(?:dépassé|expiré)",
    # Spanish.
    r"tiempo de espera",
    r"no se pudo conectar",
    # Italian.
    r"tempo scaduto",
    r"non raggiungibile",
    # Portuguese.
    r"tempo (?:limite )?(?:esgotado|expirado)",
    # Dutch.
    r"onbereikbaar",
    r"time-?out",
    # Japanese.
    r"タイムアウト",
    r"接続できま",
    # Russian.
    r"истекло",
    r"недоступ",
    # Polish.
    r"przekroczono czas",
    r"nieosiągaln",
)
