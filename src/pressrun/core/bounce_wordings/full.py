"""What refusals say of a mailbox that takes nothing now, and may again."""

from __future__ import annotations

from pressrun.core.bounce_wordings.notation import Rows, Words

# What stands in a phrase as <name>.
WORDS: Words = {
    "store": (
        r"mailbox",
        r"mail box",
        r"inbox",
        r"mail ?folder",
        r"account",
        r"user",
        r"recipient",
        r"storage",
        r"disk",
        r"spool",
    ),
    "postfach": (r"postfach", r"mailbox", r"speicherplatz", r"speicher", r"konto", r"postkorb"),
    "boîte": (r"boîte", r"boite", r"bo[iî]te aux lettres", r"messagerie", r"espace", r"quota"),
    "buzón": (r"buzón", r"bandeja", r"cuota", r"casilla", r"cuenta"),
    "casella": (r"casella", r"quota", r"spazio", r"cassetta"),
    "caixa": (r"caixa", r"cota", r"quota", r"conta"),
    "postvak": (r"postvak", r"mailbox", r"brievenbus", r"quotum"),
    "skrzynka": (r"skrzynk\w{1,2}", r"limit", r"konto"),
}

# The mailbox takes nothing now, and may again.
FULL: Rows = (
    # English: the mailbox and its state.
    r"(?:mailbox|account|user) (?:\S{1,80} )?(?:is )?temporarily (?:unavailable|unable)",
    (
        r"<store>(?:\W{0,3}\S{0,80})? (?:is |are |has |was |has been )?(?:\w+ ){0,2}",
        (
            r"full\b(?! (?:details|text|list|log|report|name|explanation|information|error))",
            r"over ?quota",
            r"over its",
            r"over (?:the )?(?:disk |storage |size )?(?:quota|limit|storage)",
            r"exceed",
            r"inactive",
            r"dormant",
            r"suspended",
            r"locked",
            r"frozen",
            r"out of (?:space|storage|quota)",
        ),
    ),
    # English: quotas and room.
    r"over ?(?:\w+ )?quota",
    r"(?:disk|mailbox|reached) quota",
    r"space not enough",
    r"not been collected",
    r"quota (?:is )?(?:exceed|full|reached|violation)",
    r"exceed\w{0,3} (?:\w+ ){0,4}(?:quota|storage|mailbox size|disk space)",
    r"mailbox ?full",
    r"mailfolder is full",
    r"full mailbox",
    r"out of (?:storage|disk) space",
    r"quotaexceeded",
    r"insufficient (?:disk|mailbox|storage)",
    r"not enough (?:storage|space|disk)",
    r"no (?:space|room) (?:left|available)",
    r"size limit(?:s)? (?:for (?:this|the) (?:mailbox|account|user)|of the mailbox)",
    r"mailbox size limit",
    r"storage (?:limit|quota|allocation)",
    r"mailbox has exceeded",
    r"too many messages in",
    r"disk quota",
    r"mailbox limit",
    r"nearly full",
    r"user has too many",
    r"has reached (?:\w+ ){0,2}(?:limit|quota)",
    # English: unused or suspended.
    r"inactive (?:user|mailbox|account|e?-?mail|recipient|address)",
    r"(?<!delivery )temporarily (?:disabled|suspended|locked|inactive)",  # Postfix says so of a host it cannot reach
    r"(?:account|mailbox|user) (?:\S{0,80} )?(?:has been |is |was )?(?:temporarily )?(?:suspended|inactive)",
    r"not (?:been )?(?:logged|signed) in (?:for|since)",
    r"has(?: not|n't) (?:logged|been active)",
    # German.
    r"<postfach> … (?:voll|überfüllt|überschritten|erschöpft|inaktiv|gesperrt|ausgelastet)",
    r"quota … überschritten",
    r"zu ?viele (?:mails|e-mails|nachrichten)",
    r"speicherbegrenzung",
    r"volles postfach",
    r"kontingent (?:\S{1,40} ){0,3}(?:überschritten|erschöpft)",
    # French.
    r"<boîte> … (?:pleine?\b|saturée?|dépassé|insuffisant|inactive?)",
    r"quota dépassé",
    r"dépasse (?:\S{1,40} ){0,3}quota",
    r"est pleine\b",
    # Spanish.
    r"<buzón> … (?:llen[oa]\b|excedid|superad|inactiv|suspendid)",
    r"excedi\w{1,2} (?:\S{1,40} ){0,3}cuota",
    r"espacio insuficiente",
    r"está llen[oa]\b",
    # Italian.
    r"<casella> … (?:pien[oa]\b|superat|esaurit|insufficiente|inattiv)",
    r"è pien[oa]\b",
    # Portuguese.
    r"<caixa> … (?:chei[oa]\b|lotad|excedid|esgotad|inativ)",
    r"está (?:cheia|lotada)",
    # Dutch.
    r"<postvak> … (?:\bvol\b|overschreden|inactief)",
    r"zit vol\b",
    r"is vol\b",
    # Japanese.
    r"(?:メール ?ボックス|受信箱|容量|受信トレイ)\S{0,30}(?:いっぱい|一杯|満杯|超え|超過|不足)",
    r"容量オーバー",
    r"容量超過",
    # Russian.
    r"(?:ящик|почтов\w{1,4}) … (?:переполнен|заполнен|полон|неактив|заблокирован)",
    r"переполнен",
    r"превышен\w{0,2} (?:\S{1,40} ){0,3}(?:квот|лимит|размер)",
    r"квот\w{1,2} превышен",
    # Ukrainian.
    r"скриньк\w{1,2} … (?:переповнен|заповнен)",
    r"перевищен\w{0,2} (?:\S{1,40} ){0,3}(?:квот|ліміт|розмір)",
    # Polish.
    r"<skrzynka> … (?:pełna|przepełnion|zapełnion|przekroczon|nieaktywn|zablokowan)",
    r"przekroczon\w{1,2} (?:\S{1,40} ){0,3}(?:limit|pojemno)",
    # Swedish, Danish, Norwegian.
    r"(?:postlåd|brevlåd|inkorg|postkasse|postboks|innboks|indbakke)\w{0,3} … (?:full|fuld|overskred)",
    r"mailboks\w{0,3} … (?:full|fuld)\b",
    r"kvot\w{0,4} … (?:överskrid|overskred)",
    # Finnish.
    r"kiintiö\w{0,3} … (?:ylit|täynnä)",
    r"postilaatik\S{1,10} … täynnä",
    # Czech.
    r"schránk\w{1,3} … (?:plná|přeplněn|překroč)",
    r"kvót\w{1,3} … (?:překroč|prekroč|vyčerp)",
    # Hungarian.
    r"kvót\w{1,4} … (?:túllép|megtelt|betelt)",
    r"posta(?:lád|fiók)\S{0,6} … (?:megtelt|tele\b)",
    # Turkish.
    r"posta kutusu\S{0,6} … (?:dolu|doldu|aşıldı)",
    r"\bkota\w{0,3} … (?:aşıl|dol)",
    # Greek.
    r"(?:όριο|χώρος) … (?:υπερβ|υπέρβ|ξεπερ|εξαντλ)",
    r"γραμματοκιβώτι\w{1,2} … (?:πλήρες|γεμάτο)",
    # Romanian.
    r"(?:căsuț\w{1,3}|cuti\w{1,2} poștal\w{1,2}) … (?:plină|depășit)",
    # Arabic.
    r"(?:علبة|صندوق) (?:ال)?بريد … ممتلئ",
    # Hebrew.
    r"תיבת (?:ה)?דואר … מלאה",
    # Chinese.
    r"邮箱\S{0,12}(?:已满|不足|超出|超过)",
    r"邮箱容量",
    r"(?:郵箱|信箱)\S{0,12}(?:已滿|不足|超出|超過)",
    # Korean.
    r"(?:사서함|메일함|편지함)\S{0,4} (?:\S{1,20} ){0,3}(?:가득|꽉|초과)",
    r"용량\S{0,2} ?(?:초과|부족)",
)
