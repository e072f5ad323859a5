"""What mail systems say in a refusal, as ordered tables: the first table that knows a wording decides.

Each row is one regular expression over folded text: lower case, blanks made one, addresses and links taken out. All
are linear: no repetition inside a repetition, and gaps between two words are bounded. Languages stand together, for
mail systems answer in their operator's. What outranks what is said in the decision on bounces by table.
"""

from __future__ import annotations

# The sender beyond doubt: outranks even a status that speaks of the mailbox, since filters send 5.1.1 and 5.2.1, too.
CLEARLY_POLICY = (
    r"spamhaus|spamcop|barracuda|sorbs|proofpoint|senderscore|cloudmark|\b(?:dns|r|u)bl\b|dnsbl|uribl|surbl|rhsbl",
    r"block ?list|black ?list|deny ?list|reputation|sender ?base",
    r"\bspf\b|\bdkim\b|\bdmarc\b|unauthenticated|authentication[- ]?results|not (?:pass|passed) authentication",
    (
        r"(?:detected|identified|classified|marked|rejected|flagged|blocked|considered|categori[sz]ed"
        r"|treated) (?:as|for"
        r"|because of|due to|to be|by) (?:\w+ ){0,3}(?:spam|junk|virus|malware|phishing|bulk|unsolicited)"
    ),
    (
        r"looks? like spam|is (?:considered |likely |probably |suspected )?(?:spam|unsolicited)|spam (?:message|content"
        r"|detected|mail|score|filter|rejected|blocked)|suspected (?:spam|junk)|anti-?spam (?:policy|filter"
        r"|system|check)"
        r"|junk ?mail|no spam|spam not|spamming|contains? (?:spam|a virus|malware)|virus (?:detected|found)|phishing"
        r"|infected|unsolicited (?:bulk |commercial )?(?:e-?)?mail"
    ),
    r"\[(?:tss?|ipts)\d+\]|\[bl\d+\]|\[ph\d+\]|\[cs\d+\]|\[hm\w{0,9}\]|\b(?:sc|dy|ou)-00\d\b|\bs31[45]0\b",
    (
        r"policy (?:reasons?|restrictions?|violations?)|violat\w{1,4} (?:\w+ ){0,3}polic|(?:security|local|site|content"
        r"|sending) policy|policy rejection|due to (?:\w+ ){0,2}policy"
    ),
    (
        r"banned|sender (?:e-?mail |address |domain |verify |callout |callback |verification )?(?:is |was "
        r"|could not be )?(?:blocked|denied|rejected|refused|unknown|invalid|fail|verified|not (?:allowed"
        r"|authori[sz]ed|exist|found))|blocked (?:by|sender|senders)|invalid sender|unknown sender|bad sender"
        r"|(?:invalid|bad|bogus|fake|forged) (?:helo|ehlo)|(?:helo|ehlo) (?:\S{1,60} ){0,3}(?:rejected|invalid"
        r"|denied|refused|name|required|mismatch)|reverse (?:dns|lookup|hostname|mapping)|\brdns\b|\bptr\b"
    ),
    (
        r"poor reputation|bad reputation|client host (?:\W{0,3}\S{0,60} )?(?:rejected|blocked|listed)|your (?:ip"
        r"|host|mail server|network) (?:address )?(?:\S{0,60} )?(?:is |has been |was )?(?:blocked|listed|refused"
        r"|denied|banned)"
    ),
    (
        r"sender(?:'s)? (?:e-?mail )?(?:domain|address|server|host)|(?:valid|verified) sender|\byour (?:domain"
        r"|access|server"
        r"|mail ?server|sender)|callback|callout|mail from unknown|(?:sending|sender|source|client) (?:ip|host|domain)"
        r"|\bip address\b|e-?mail address is not verified"
    ),
    r"resolver\.rst\.(?:auth|notauthorized|restrict|sender|rule)|transport\.rules|greylist|grey ?listed|graylist",
    r"spam-?(?:verdacht|nachricht|filter)|als spam|unerwünscht|richtlinien?\b|sperrliste|reputation",
    r"courrier indésirable|comme (?:du )?spam|liste noire|politique de sécurité|réputation",
    (
        r"correo no deseado|como spam|lista negra|política de (?:seguridad|correo)|posta indesiderata"
        r"|politica di sicurezza"
    ),
    r"als spam|ongewenste e-?mail|zwarte lijst|lixo eletr[óô]nico|política de segurança|reputação",
    (
        r"迷惑メール|スパム|ブラックリスト|ポリシー|спам|ч[её]рн\w{1,3} списк|политик\w{1,3} безопасности|niechcian"
        r"|czarn\w{1,3} li[śs]|polityk\w{1,2} bezpiecze"
    ),
)

# The mailbox takes nothing now, and may again.
FULL = (
    r"(?:mailbox|account|user) (?:\S{1,80} )?(?:is )?temporarily (?:unavailable|unable)",
    (
        r"(?:mailbox|mail box|inbox|mail ?folder|account|user|recipient|storage|disk|spool)(?:\W{0,3}\S{0,80})?"
        r" (?:is |are |has |was |has been )?(?:\w+ ){0,2}(?:full\b|over ?quota|over its|over the (?:quota"
        r"|limit|storage)"
        r"|exceed|inactive|dormant|suspended|locked|frozen|out of (?:space|storage|quota))"
    ),
    (
        r"over ?(?:\w+ )?quota|(?:disk|mailbox|reached) quota|space not enough|not been collected"
        r"|quota (?:is )?(?:exceed|full|reached|violation)|exceed\w{0,3} (?:\w+ ){0,4}(?:quota|storage"
        r"|mailbox size|disk space)|mailbox ?full|mailfolder is full|full mailbox|out of (?:storage|disk) space"
        r"|quotaexceeded|insufficient (?:disk|mailbox|storage)|not enough (?:storage|space|disk)|no space left"
        r"|size limit(?:s)? (?:for (?:this|the) (?:mailbox|account|user)|of the mailbox)|mailbox size limit"
        r"|storage (?:limit|quota|allocation)|mailbox has exceeded|too many messages in|disk quota|mailbox limit"
        r"|nearly full|user has too many|has reached (?:\w+ ){0,2}(?:limit|quota)"
    ),
    (
        r"inactive (?:user|mailbox|account|e?-?mail|recipient|address)|temporarily (?:disabled|suspended"
        r"|locked|inactive)"
        r"|(?:account|mailbox|user) (?:\S{0,80} )?(?:has been |is |was )?(?:temporarily )?(?:suspended|inactive)"
        r"|not (?:been )?(?:logged|signed) in (?:for|since)|has(?: not|n't) (?:logged|been active)"
    ),
    (
        r"(?:receiving|received|getting) (?:\w+ ){0,3}(?:too (?:quickly|many|fast)|at a rate)|receiving mail at"
        r"|too many (?:messages|mails|e-?mails) (?:for|to) this (?:user|recipient|mailbox)"
    ),
    (
        r"(?:postfach|mailbox|speicherplatz|speicher|konto|postkorb) (?:\S{1,40} ){0,6}(?:voll|überfüllt|überschritten"
        r"|erschöpft|inaktiv|gesperrt|ausgelastet)|quota überschritten|speicherbegrenzung|volles postfach"
        r"|kontingent (?:\S{1,40} ){0,3}(?:überschritten|erschöpft)"
    ),
    (
        r"(?:boîte|boite|bo[iî]te aux lettres|messagerie|espace|quota) (?:\S{1,40} ){0,6}(?:pleine?\b|saturée?|dépassé"
        r"|insuffisant|inactive?)|quota dépassé|dépasse (?:\S{1,40} ){0,3}quota|est pleine\b"
    ),
    (
        r"(?:buzón|bandeja|cuota|casilla|cuenta) (?:\S{1,40} ){0,6}(?:llen[oa]\b|excedid|superad|inactiv|suspendid)"
        r"|excedi\w{1,2} (?:\S{1,40} ){0,3}cuota|espacio insuficiente|está llen[oa]\b"
    ),
    (
        r"(?:casella|quota|spazio|cassetta) (?:\S{1,40} ){0,6}(?:pien[oa]\b|superat|esaurit|insufficiente|inattiv)"
        r"|è pien[oa]\b"
    ),
    r"(?:caixa|cota|quota|conta) (?:\S{1,40} ){0,6}(?:chei[oa]\b|lotad|excedid|esgotad|inativ)|está (?:cheia|lotada)",
    r"(?:postvak|mailbox|brievenbus|quotum) (?:\S{1,40} ){0,6}(?:\bvol\b|overschreden|inactief)|zit vol\b|is vol\b",
    r"(?:メール ?ボックス|受信箱|容量|受信トレイ)\S{0,30}(?:いっぱい|一杯|満杯|超え|超過|不足)|容量オーバー|容量超過",
    (
        r"(?:ящик|почтов\w{1,4}) (?:\S{1,40} ){0,6}(?:переполнен|заполнен|полон|неактив|заблокирован)|переполнен"
        r"|превышен\w{0,2} (?:\S{1,40} ){0,3}(?:квот|лимит|размер)|квот\w{1,2} превышен"
    ),
    (
        r"(?:skrzynk\w{1,2}|limit|konto) (?:\S{1,40} ){0,6}(?:pełna|przepełnion|przekroczon|nieaktywn|zablokowan)"
        r"|przekroczon\w{1,2} (?:\S{1,40} ){0,3}(?:limit|pojemno)|邮箱(?:空间)?(?:已满|不足)|邮箱容量"
        r"|사서함이 (?:가득|꽉)"
    ),
)

# The mailbox, or its domain, is no more or never was.
GONE = (
    (
        r"(?:user|recipient|mailbox|mail box|account|address|addressee|alias|person|member|customer|inbox"
        r"|e-?mail (?:address|account)"
        r"|login|user ?name|user ?id|local[- ]?part)(?!(?:'s)? (?:mail |smtp )?(?:server"
        r"|host))(?:\W{0,4}\S{0,80})?(?: \S{1,60})? (?:is |was "
        r"|has |has been |does |did |do |are |could |can ?)?(?:currently |probably |no longer )?(?:unknown"
        r"|not (?:\w+ )?(?:exist|found|known|recogni[sz]ed|valid|listed|a valid|in (?:our|the|my)|present"
        r"|registered|here|local|on file|be found|active)|n't (?:exist|found|have)|(?:couldn't|cannot|can't"
        r"|wasn't) (?:be )?found|invalid|nonexistent|non-existent|non existent|deleted|disabled|deactivated"
        r"|discontinued|expired|closed|removed|terminated|cancell?ed|dead|gone)"
    ),
    (
        r"no[- ]?(?:such|known|valid) (?:\w+ )?(?:user|recipient|mailbox|account|address|person|addressee|alias|member"
        r"|customer|mail ?drop|e-?mail|name|domain|local|inbox|id)|nosuchuser|no such (?:user|mailbox|address|domain)"
    ),
    (
        r"\b(?:unknown|invalid|bad|nonexistent|non-existent|illegal|undeliverable|unrouteable|unroutable|incorrect"
        r"|wrong|obsolete|inexistent|unrecogni[sz]ed|deactivated|disabled|deleted|expired|closed|terminated"
        r"|discontinued) (?:or \w+ )?(?:\w+ )?(?:user\b|recipient|mailbox|account|(?:e-?mail )?address|alias|local"
        r"|rcpt|username|addressee|destination|domain|mail ?drop)"
    ),
    (
        r"(?:not|n't|isn't) (?:an? )?(?:\w+ )?(?:known |valid |active |local |existing |registered )(?:user"
        r"|recipient|mailbox|account|address|e-?mail|customer|domain)"
    ),
    (
        r"does(?: not|n't) (?:\w+ )?(?:exist|have an? (?:\S{1,40} ){0,2}(?:account|mailbox|user))|didn't exist"
        r"|do(?: not|n't) (?:exist|have (?:a|an|any) (?:\w+ )?(?:account|mailbox|user))|no longer (?:exist|valid"
        r"|available|active|in use|used|accepts?|with|works? (?:here|for|at)|at this|on (?:this|the|our) (?:server"
        r"|system)|employed|receives?|in service)"
    ),
    (
        r"no (?:mailbox|account|user|one|inbox|recipient|e-?mail account) (?:\S{1,60} )?(?:here|by that|with that"
        r"|found|by this|with this|exists?|at this|named|called|for)"
    ),
    (
        r"(?:user|recipient|(?<!domain )name|address|mailbox|account|addressee)(?:\W{0,3}\S{0,60})?"
        r" not (?:found|listed|known|recogni[sz]ed|unique)"
        r"|not listed in (?:\S{1,40} ){0,3}(?:domino )?(?:directory|address book)"
        r"|recip(?:ient)?notfound|recipientnotfound|resolver\.adr|unknownuser"
        r"|userunknown|user ?unknown"
    ),
    (
        r"unrouteable address|unroutable|unknown[- ](?:user|recipient|local)|all recipients (?:are )?invalid"
        r"|not our customer|has (?:been )?(?:left|moved)\b|recipient has moved|user has moved"
        r"|address (?:you (?:entered|sent|typed)|to which)|address (?:couldn|could not|wasn|was not|not found"
        r"|unknown|rejected: (?:undeliverable|unknown))|couldn't be found|wasn't found (?:at|in|on)"
    ),
    (
        r"this (?:account|mailbox|address|user|e-?mail address) (?:\w+ ){0,3}(?:disabled|deactivated|closed"
        r"|discontinued|deleted|no longer)|mailbox (?:is )?disabled|account (?:is )?disabled|(?:account"
        r"|mailbox) (?:\S{0,80} )?(?:has been|was|is) (?:disabled|closed|deleted|deactivated|terminated|removed"
        r"|discontinued)"
    ),
    (
        r"(?<!host or )domain(?: name)?(?:\W{0,3}\S{0,80})? (?:does not exist|doesn't exist|not found\b|is unknown"
        r"|no longer|is not valid|has no valid)|nxdomain|nullmx|null mx|does not accept (?:e-?)?mail"
        r"|no smtp service|no longer accepts mail|recipient address rejected: access denied"
        r"|recipient rejected: access denied|does not receive mail|(?:domain|host) (?:\S{1,60} )?accepts no mail"
        r"|cannot receive mail"
    ),
    (
        r"(?:empfänger|benutzer|adresse|e-?mail-?adresse|postfach|adressat|teilnehmer|konto"
        r"|mailbox)\S{0,40} (?:\S{1,40} ){0,6}(?:unbekannt|nicht gefunden|existiert (?:\S{1,20} ){0,2}nicht"
        r"|nicht (?:\S{1,40} ){0,3}aufgeführt|nicht (?:mehr )?(?:vorhanden|gültig|existent|aktiv|verfügbar)"
        r"|ungültig|gelöscht|deaktiviert|nicht existiert)|(?:unbekannter?|ungültiger?|kein(?:e"
        r"|en)?) (?:\S{1,20} )?(?:empfänger|benutzer|adresse|postfach|mailbox)|existiert (?:hier )?nicht"
        r"|konnte nicht gefunden werden"
    ),
    (
        r"(?:destinataire|utilisateur|adresse|compte|boîte|boite)\S{0,40} (?:\S{1,40} ){0,6}(?:inconnue?"
        r"|introuvable|n'existe|n’existe|invalide|non valide|inexistante?|désactivée?|supprimée?|fermée?"
        r"|n'a pas (?:pu être|été) trouvée?)|n['’]existe (?:pas|plus)|(?:utilisateur|destinataire"
        r"|adresse) inconnue?|(?:aucun|pas d[e'’]) ?(?:utilisateur|destinataire|compte|boîte)|est introuvable"
    ),
    (
        r"(?:usuario|destinatario|dirección|direccion|cuenta|buzón)\S{0,40} (?:\S{1,40} ){0,6}(?:desconocid[oa]"
        r"|no (?:existe|encontrad[oa]|se (?:ha )?(?:encontr|pudo)|válid)|inválid|inexistente|no es válid|eliminad"
        r"|desactivad|dad[oa] de baja)|no existe\b|no se (?:ha )?encontr(?:ó|ado) (?:\S{1,40} ){0,3}(?:dirección"
        r"|usuario|destinatario|cuenta)|usuario desconocido"
    ),
    (
        r"(?:utente|destinatario|indirizzo|casella|account)\S{0,40} (?:\S{1,40} ){0,6}(?:sconosciut|inesistente"
        r"|non (?:esiste|trovat|valid|è (?:stato )?(?:trovat|valid|attiv|stat))|disattivat|eliminat|disabilitat)"
        r"|non esiste\b|utente sconosciuto|impossibile trovare (?:l'|l’|il )?(?:indirizzo|utente|destinatario)"
    ),
    (
        r"(?:usuário|utilizador|destinatário|endereço|conta|caixa)\S{0,40} (?:\S{1,40} ){0,6}(?:desconhecid"
        r"|não (?:existe|encontrad|foi encontrad|pôde ser encontrad|é válid)|inexistente|inválid|desativad|excluíd"
        r"|encerrad)|não existe\b|usuário desconhecido"
    ),
    (
        r"(?:gebruiker|ontvanger|adres|e-?mailadres|postvak|account)\S{0,40} (?:\S{1,40} ){0,6}(?:onbekend"
        r"|bestaat niet|niet (?:gevonden|bekend|geldig|meer in gebruik)|ongeldig|verwijderd|opgeheven"
        r"|uitgeschakeld)|bestaat niet|onbekende (?:gebruiker|ontvanger)|is niet gevonden|kan niet worden gevonden"
    ),
    (
        r"(?:宛先|メール ?アドレス|アドレス|ユーザー?|受信者|アカウント|メールボックス"
        r"|ドメイン)\S{0,60}(?:見つかり|見つから|存在しま|存在しない|存在せず"
        r"|不明|無効|ありません|いません"
        r"|間違|誤り|削除)|(?:メールアドレス|ユーザー?)が?(?:間違って|違います)|宛先不明"
    ),
    (
        r"(?:пользовател\w{1,3}|адресат\w{0,2}|получател\w{1,3}|адрес\w{0,2}|ящик\w{0,2}|аккаунт\w{0,2}"
        r"|домен\w{0,2})\S{0,40} (?:\S{1,40} ){0,6}(?:не (?:найден|существует|существ|зарегистрирован"
        r"|обслуживается|известен)|неизвест|недействител|неверн|удал[её]н|отключ[её]н|закрыт)|не существует"
        r"|нет такого (?:пользовател|адрес|ящик|получател)|неизвестный (?:пользователь|получатель)"
        r"|такого пользователя нет"
    ),
    (
        r"(?:użytkownik\w{0,3}|odbiorc\w{1,2}|adres\w{0,3}|kont\w{1,2}"
        r"|skrzynk\w{1,2})\S{0,40} (?:\S{1,40} ){0,6}(?:nieznan|nie (?:istnieje|znaleziono|został znaleziony"
        r"|została znaleziona|można znaleźć)|nieprawidłow|usunięt|niepoprawn)|nie istnieje"
        r"|nie ma takiego (?:użytkownika|adresu|konta)|nieznany (?:użytkownik|odbiorca)|(?:用户|收件人|邮箱|地址|帐户"
        r"|账户)\S{0,20}(?:不存在|无效|未找到|找不到)|존재하지 않|(?:användaren?|mottagaren?|adressen|kontot|brukeren"
        r"|modtageren) (?:\S{1,40} ){0,6}(?:finns inte|okänd|hittades inte|eksisterer ikke|finnes ikke|ukendt"
        r"|ukjent|findes ikke)|käyttäjää ei (?:löydy|ole)|ei löytynyt"
    ),
)

# Words that are mostly the sender's fault, but that stand in other refusals as well.
POLICY = (
    (
        r"\bspam\b|blocked|\bmail (?:was )?(?:reject|refus|rejet)|polic(?:y|ies)|authenticat|unsolicited|abus(?:e"
        r"|ive)|reject(?:ed)? (?:due to|by|for) (?:\w+ ){0,3}(?:content|filter|rule|admin|your|security|header)"
        r"|listed (?:at|in|by|on)|access (?:is )?denied|permission denied|administrative(?:ly)? (?:prohibit|den)"
        r"|prohibited"
    ),
    (
        r"relay(?:ing)? (?:is )?(?:not (?:permitted|allowed)|denied|access|prohibited)|(?:unable|not permitted"
        r"|not allowed|refus\w{2,3}|we do not|cannot|don't) to relay|we do(?: not|n't) relay|not (?:allowed"
        r"|authori[sz]ed|permitted)|refused by"
    ),
    (
        r"challenge|white ?list|requires? (?:\w+ )?(?:confirmation|verification|authori[sz]ation|approval)"
        r"|not (?:pre-?)?approved|not accept(?:ing)? (?:\w+ )?(?:mail|e-?mail|messages) from|sender verif"
        r"|verify (?:the )?sender|sender (?:address )?(?:rejected|verif|unknown|invalid)|content (?:rejected"
        r"|filter|blocked|not accepted)|message (?:content )?(?:rejected|refused|blocked|denied) (?:by|due|because"
        r"|for)|filtered|throttl|rate limit|too many (?:connections|messages|errors|recipients|concurrent)"
        r"|restricted|virus|malware|only accepts? (?:mail|messages|e-?mail) from|moderat"
        r"|delivery not authori[sz]ed|undesired|unwanted"
    ),
    (
        r"abgelehnt (?:aufgrund|wegen)|zugriff verweigert|nicht (?:berechtigt|erlaubt|autorisiert)"
        r"|gesperrter absender|accès refusé|pas autorisée?|acceso denegado|no autorizad|accesso negato"
        r"|non autorizzat|acesso negado|não autorizad|toegang geweigerd|доступ запрещ|отказано в доступе"
        r"|brak dostępu|odmowa dostępu"
    ),
)

# The mailbox, said in words that filters use as well.
MAYBE_GONE = (
    (
        r"mailbox (?:\S{0,80} )?(?:is )?(?:unavailable|not available)|user (?:\S{0,80} )?unavailable"
        r"|account (?:\S{0,80} )?(?:is )?unavailable|address rejected|recipient (?:address )?(?:was )?reject"
        r"|(?:rcpt|recipient) (?:to )?(?:not accepted|refused)|no mailbox|not (?:a )?(?:valid|local)"
        r"|undeliverable address|address (?:is )?undeliverable|permanent(?:ly)? (?:unavailable|closed)"
        r"|user (?:\S{0,80} )?(?:rejected|not accepted)|can(?:'t|not) (?:find|locate|resolve) (?:\w+ ){0,3}(?:user"
        r"|recipient|address|mailbox|name)"
    ),
)

# This message, whoever gets it.
MESSAGE = (
    (
        r"(?:message|mail|e-?mail|size|header|attachment|content)(?: \S{1,40}){0,4} (?:is |are |was "
        r"|were )?(?:\w+ ){0,2}(?:too (?:large|big)|exceed|oversize|larger than)"
    ),
    (
        r"too (?:large|big) (?:message|attachment|mail)|exceeds? (?:\w+ ){0,4}(?:message|maximum|size|fixed)"
        r"|message (?:file |length |size )?(?:too|exceeds|limit)|maximum (?:message )?size|size limit"
        r"|max(?:imum)?[- ]?msg[- ]?size|sizelimit"
    ),
    (
        r"bare (?:line ?feed|lf|cr)|malformed|not (?:\w+ )?(?:rfc ?\d*22|compliant)|rfc ?\d{3,4}|(?:header"
        r"|mime) (?:\w+ ){0,3}(?:error|invalid|missing|syntax)|(?:missing|duplicate"
        r"|invalid) (?:\S{1,20} )?(?:header|mime)|8-?bit|smtputf8|line (?:length|too long)"
        r"|attachment (?:\w+ ){0,3}(?:not allowed|blocked|prohibited|rejected)|file type|conversion (?:not|is)"
        r"|too many hops|hop count|mail loop|loop(?:s|ing)? (?:back|detected|to)"
    ),
    (
        r"(?:nachricht|größe|mail) (?:\S{1,40} ){0,5}zu groß|maximale (?:nachrichten)?größe|trop (?:volumineux"
        r"|grand)|taille (?:maximale|du message)|demasiado grande|tamaño máximo|troppo grande|dimensione massima"
        r"|muito grande|tamanho máximo|te groot|サイズ\S{0,12}(?:超|大き)|слишком больш|zbyt duż"
    ),
)

# Nobody took the mail in time, or its host cannot be found.
UNREACHABLE = (
    (
        r"connection (?:timed ?out|refused|reset|failed|dropped|lost|was|died|closed|could not)|connect(?:ion)? to"
        r"|time(?:d)?[- ]?out|no route to host|network (?:is )?unreachable"
        r"|host (?:\S{0,80} )?(?:is )?(?:unreachable|down|not (?:found|responding|reachable))|unable to connect"
        r"|could(?: not|n't) connect|can(?:'t|not) connect|not responding|did(?: not|n't) respond"
        r"|failed to connect"
    ),
    (
        r"host (?:or domain name )?not found|(?:couldn't|could not|cannot|can't|unable to) (?:find|resolve"
        r"|look ?up|lookup|reach|locate|contact)|name (?:service|server) (?:error|failure|timeout)|dns (?:error"
        r"|failure|lookup|server|query)|servfail|no mx|mx records?|host unknown|unknown host|lookup fail|bad host"
        r"|name or service not known"
    ),
    (
        r"aborted after|attempts|no gateway|find a gateway|retry (?:timeout|time|limit) (?:exceeded|not reached)"
        r"|(?:delivery|message|queue|retry) (?:time|period|lifetime|timeout)?\s?(?:has )?expired|expired|too long"
        r"|queue too long|been in the queue|could not be delivered (?:for|within|in)|giving up|given up|gave up"
        r"|undelivered for|not delivered (?:for|within|after)|over (?:\d+|several|two|three|four|five) (?:days"
        r"|hours)|maximum (?:time|number of (?:attempts|retries))|retries|unreachable|unavailable|try again later"
        r"|temporar"
    ),
    (
        r"nicht erreichbar|zeitüberschreitung|zeitlimit|verbindung (?:\S{1,40} ){0,3}(?:fehlgeschlagen|abgelehnt)"
        r"|injoignable|délai (?:\S{1,40} ){0,3}(?:dépassé|expiré)|tiempo de espera|no se pudo conectar"
        r"|tempo scaduto|non raggiungibile|tempo (?:limite )?(?:esgotado|expirado)|onbereikbaar|time-?out|タイムアウト"
        r"|接続できま|истекло|недоступ|przekroczono czas|nieosiągaln"
    ),
)
