"""How notifications without a readable status part are known, as data: subjects, openings, delays, the mail's begin.

All are matched over lower-case text with its blanks made one, and are linear.
"""

from __future__ import annotations

import re


def _any(*rows: str) -> re.Pattern[str]:
    return re.compile("|".join(rows))


# Who writes notifications: the local part or the display name.
DAEMONS = _any(
    r"mailer[-_ ]?daemon|mail[-_ ]?daemon|mdaemon|\bdaemon@|postmaster|postmeister|post ?master"
    r"|mail (?:delivery|system|administrator|router)",
    r"delivery (?:sub)?system|mail delivery|mailsystem|mail[-_]?admin|double-bounce|bounce[-_.]?(?:notif"
    r"|daemon|handler)|mailsubsystem|delivery[-_ ]?(?:notification|failure|service)|system[- ]administrator"
    r"|systemadministrator|internet mail delivery|mail gateway|mailgateway|undeliverable|microsoftexchange"
    r"|exchange server|domino|groupwise|amavis|postoffice|smtp server|mailserver|mail server|メール配信"
    r"|почтов\w{1,4} (?:систем|служб)",
)

SUBJECTS = _any(
    r"undeliver(?:ed|able)|delivery (?:status )?(?:notification|failure|failed|error|report|problem|delay"
    r"|status|incomplete|has failed|to)|delivery has (?:failed|been delayed)",
    r"(?:mail|message|e-?mail) (?:delivery|status|could not|not delivered|undeliver|returned|failure|failed"
    r"|(?:system )?error|bounced|routing)|mail system error|failure (?:notice|delivery|notification)|failed (?:mail"
    r"|delivery|message)|returned (?:mail|message|to sender|e-?mail)|return(?:ed)? mail",
    r"non[- ]?deliver(?:y|able)|non remis|nondeliverable|ndn:|not delivered|could not be delivered"
    r"|couldn't be delivered|cannot (?:be )?deliver|can't be delivered|can't deliver|unable to deliver"
    r"|rejected mail|mail rejected|message rejected|message not (?:sent|delivered)|bounce(?:d)? (?:mail"
    r"|message|notification|action)|user unknown|unknown user|address not found|mailbox (?:full|unavailable)"
    r"|delayed mail|message delayed|delayed (?:until|delivery|message)|deferred mail|warning: (?:message"
    r"|could not send|mail)|problem delivering|permanent (?:delivery )?(?:failure|error)|nachricht verzögert"
    r"|\bdsn\b|error sending|sending failed",
    r"unzustellbar|nicht zugestellt|zustell(?:ung|fehler|bericht|status|problem)|zustellbenachrichtigung"
    r"|nichtzustell|fehler bei der (?:zustellung|übermittlung)|mail konnte nicht|rücksendung|verzögert",
    r"non remis|non distribué|[ée]chec (?:de )?(?:la )?(?:remise|livraison|distribution|l'envoi)"
    r"|notification d'état|non délivré|message non|retour de courrier|avis de non|remise (?:retardée"
    r"|impossible|différée)",
    r"no (?:se )?(?:ha )?(?:podido |pudo )?entreg|notificación de (?:estado|entrega)|error (?:de"
    r"|en la) entrega|fallo (?:de|en la) entrega|no entregad|devuelto|correo devuelto|mensaje (?:no|devuelto)"
    r"|entrega (?:retrasada|fallida)|retraso",
    r"non recapitat|mancat[ao] (?:consegna|recapito)|notifica (?:di|dello) (?:stato|mancat)"
    r"|impossibile (?:recapitare|consegnare)|consegna (?:non|fallita|ritardata)|messaggio non|errore (?:di"
    r"|nella) (?:consegna|recapito)|ritardo",
    r"não (?:foi )?(?:entreg|pôde ser)|falha (?:na|de) entrega|notificação de (?:status|estado|falha)"
    r"|mensagem (?:não|devolvida)|devolvid|não entregue|entrega (?:atrasada|falhou)|atraso",
    r"onbestelbaar|niet (?:bezorgd|afgeleverd|besteld)|bezorg(?:ing|fout|status)|afleverings|aflevering"
    r"|mislukt|kan niet worden (?:bezorgd|afgeleverd)|vertraagd",
    r"配信(?:不能|エラー|失敗|でき|され|遅延|状況)|配達(?:不能|でき|され)|送信(?:エラー|失敗|でき)|エラーメール"
    r"|戻りました|未配達|届きません|メール(?:が)?(?:送信|配信)|返送",
    r"не (?:доставлен|удалось|может быть)|недоставлен|невозможно доставить|доставк|возврат|возвращ|ошибка|задерж",
    r"nie(?:dostarcz| dostarcz| można dostarcz| udało)|niedostarczaln|zwrot|błąd|opóźn"
    r"|退信|系统退信|未送达|投递失败|반송|배달",
    r"kan ikke leveres|ei voi toimittaa|غير قابل للتسليم|לא ניתן למסירה|δεν ήταν δυνατή η παράδοση"
    r"|전송 ?실패|발송 ?실패|傳遞失敗|無法傳遞|未傳遞",
    r"(?:message|e-?mail|mail) (?:that )?you sent (?:was |has been )?(?:blocked|rejected|refused)",
    r"kunne ikke leveres|kunde inte (?:levereras|skickas)|olevererbart|uleverbar|ikke leveret|ikke levert"
    r"|obesvarat|toimitus|ei voitu toimittaa|teslim edilemedi|iletilemedi|nedoruč|nelze doručit|kézbesít"
    r"|nelivra|nu a (?:putut fi |fost )?livrat|livrare eșuată|не (?:доставлено|вдалося доставити)"
    r"|retard[ée]|différée?|atrasad|försenad|forsinke[tn]|viivästy|zpožděn|oneskoren|gecik|întârzi|затрим|지연"
    r"|延[迟遲]|遅延"
    r"|(?:virus|banned|spam|unsolicited|infected) .{0,60}from you"
    r"|αποτυχία παράδοσης|δεν παραδόθηκε|(?:فشل|تعذر) (?:ال)?تسليم",
    r"no (?:se puede|es posible|es pot) (?:entregar|lliurar)|não é possível entregar|non recapitabil"
    r"|recapito (?:non|ritard)"
    r"|(?:nije|ni) mog[ou][čć]e (?:isporučiti|dostaviti|dostav)|imposibil de livrat|(?:går"
    r"|kan) inte (?:att )?leverer|leveransfel"
    r"|teslim (?:edilemiyor|edilmedi|hatası)|не удается доставить|недостав|сбой доставки|не може да бъде доставен"
    r"|nepristatom|nav piegād|kohaletoimetamatu|kézbesíthetetlen|sikertelen kézbesít"
    r"|doručen\w (?:\S{1,20} )?(?:selhal|zlyhal|nezdařil)"
    r"|(?:błąd|brak) dorę|nie (?:można )?doręcz|leveringsfe[ij]l|toimitusvirhe|ไม่สามารถส่ง|không thể (?:gửi|chuyển)"
    r"|tidak dapat (?:ter)?(?:kirim|dikirim)|pengiriman gagal|无法(?:投递|送达|传递)|無法(?:投遞|送達)"
    r"|投递(?:错误|失败)"
    r"|δεν είναι δυνατή η παράδοση|μη παραδ|καθυστέρηση|ritardat|zpozd|opozd|מתעכב|تأخر",
)

# What says beyond doubt that a mail is still being tried, where a notification's subject begins with it.
DELAY_SUBJECTS = _any(
    r"^[^:]{0,60}\((?:delay|verzögerung|retard|retraso|ritardo|atraso|vertraging|fördröjning|forsinkelse|viive|viivästys"
    r"|opóźnienie"
    r"|zpoždění|oneskorenie|késés|késleltetés|întârziere|gecikme|καθυστέρηση|задержка|затримка|遅延|延迟|延遲|지연)\)\s?$",
    r"^(?:delivery (?:is |has been )?(?:delayed|delay)\b|delayed (?:mail|delivery|message)|mail delivery (?:is "
    r"|was )?(?:delayed"
    r"|deferred)|(?:mail|message) (?:is |was )?(?:delayed|deferred)|warning: (?:message \S{1,60} delayed"
    r"|could not send)"
    r"|verzögert|verzögerung|zustellung verzögert|remise (?:retardée|différée)|entrega (?:retrasada|atrasada)"
    r"|recapito ritardato|consegna ritardata|bezorging vertraagd|levering (?:er )?forsinket"
    r"|leverans\w{0,2} (?:är )?försenad"
    r"|toimitus viiv|dostar\w{1,8} opóźnion|doručení (?:se )?zpo|kézbesítés késik|késlelt|livrare întârziată"
    r"|teslim\w{0,3} gecik"
    r"|доставка отложена|задержка доставки|доставку затримано|затримка|配信遅延|传递已延迟|傳遞延遲|배달 ?지연"
    r"|تأخر|המסירה מתעכבת)",
)

# It has arrived, or gone to where nobody tells more.
SUCCESSES = _any(
    r"successful(?:ly)? (?:mail )?(?:deliver|relay)|successful delivery notification"
    r"|has been (?:successfully )?(?:delivered|relayed) to (?:the following|\S{1,300}@)"
    r"|delivery (?:\S{1,20} ){0,5}is complete"
    r"|erfolgreich zugestellt|wurde an (?:die |den )?folgende\w (?:empfänger\w? )(?:oder gruppen )?zugestellt"
    r"|zustellung (?:\S{1,20} ){0,6}ist abgeschlossen|a (?:bien )?été remis\w? (?:à|aux)"
    r"|remise (?:\S{1,20} ){0,6}est terminée"
    r"|(?:se entregó|ha sido entregado|se ha entregado) (?:correctamente )?a|è stato (?:recapitato"
    r"|consegnato) (?:a|ai)\b"
    r"|foi entregue (?:com êxito |com sucesso )?(?:a|aos)\b|is (?:bezorgd|afgeleverd) (?:bij|aan)|har levererats till"
    r"|er (?:leveret|levert) til|配信されました|доставлено (?:следующим|адресат|получател)|(?:została"
    r"|zostało) dostarczon\w (?:do|następ)",
)

OPENINGS = _any(
    r"this is the (?:qmail-send|mail delivery|mail system|postfix|mail delivery (?:agent|system)|mail transfer"
    r"|e-?mail|smtp|courier|sendmail|maildrop|mailenable|hmailserver|\w+ mail)|i'm (?:afraid"
    r"|sorry)(?: to)? (?:have to inform|i wasn't|we|your|that|i)|i wasn't able to deliver"
    r"|wasn't able to deliver",
    r"created automatically by (?:the )?(?:mail|a mail|exim|smtp|internet mail)|automatically (?:generated"
    r"|created) (?:delivery|bounce|by|e-?mail|message|notification|mail)"
    r"|(?:this is an )?automatic(?:ally)? (?:generated )?(?:delivery|notification)",
    r"could not be delivered|couldn't be delivered|can ?not be delivered|was not delivered|wasn't delivered"
    r"|not be delivered|has not been delivered|have not been delivered|not been delivered|was undeliverable"
    r"|is undeliverable|undeliverable to|not yet been delivered|not delivered|failed to (?:deliver|reach"
    r"|be delivered)|delivery (?:\S{1,60} ){0,6}(?:failed|has failed|failure|has been delayed|is delayed|error"
    r"|was not)|unable to deliver|cannot deliver|couldn't deliver|could not deliver|did not reach|didn't reach"
    r"|not reach(?:ed)? the following|failed recipient|recipient (?:\S{1,60} )?(?:was )?rejected"
    r"|permanent (?:fatal )?errors|fatal errors"
    r"|transient non-fatal|the following (?:addresses|recipients?|address|destination|user)"
    r"|following address(?:es)? failed|returned (?:to (?:you|sender)|mail|message|undelivered)|message (?:was"
    r"|has been|is being|is|you sent|that you sent|could not|bounced|returned)",
    r"transcript of session|user unknown|reporting-mta|final-recipient|diagnostic (?:information|code)"
    r"|delivery has failed|remote (?:server|host) (?:said|returned|replied|responded)|returned undeliverable"
    r"|address(?:ee)? unknown|no such user|mailbox (?:is )?full|unrouteable address|reason for (?:failure"
    r"|the failure|return)|unknown recipient|your (?:message|e-?mail|mail) (?:to|was|could|has|did|cannot"
    r"|can't|is|of|with)",
    r"nicht zugestellt|unzustellbar|konnte (?:\S{1,60} ){0,8}(?:nicht|zustellen)"
    r"|zustellung (?:\S{1,60} ){0,5}(?:fehlgeschlagen|nicht möglich)|fehlgeschlagen|nicht (?:ausgeliefert"
    r"|übermittelt)",
    r"n'a (?:pas )?(?:pu|été|pas)|n'ont pas pu|échec (?:de|lors)|non (?:remis|distribué|délivré)"
    r"|pas (?:pu )?être (?:remis|distribué|délivré|acheminé)|impossible de (?:remettre|distribuer|livrer)",
    r"no (?:se )?(?:ha )?(?:podido|pudo|fue posible|ha sido posible) (?:ser )?entreg|no (?:pudo|ha podido) ser"
    r"|no se (?:entregó|pudo|ha)|error al (?:entregar|enviar)|no ha sido entregado|no pudo entregarse",
    r"non (?:è|sono) stat[oi] (?:possibile )?(?:recapitat|consegnat|inviat)|impossibile (?:recapitare"
    r"|consegnare|inviare)|non (?:è possibile|ha potuto|può essere)|non recapitat",
    r"não (?:foi|pôde|pode|foi possível) (?:ser )?(?:entreg|enviad)|não foi possível|não entregue|falha (?:ao"
    r"|na)|não pôde ser",
    r"(?:kon|kan|kunnen|konden) niet worden (?:bezorgd|afgeleverd|verzonden)|niet (?:bezorgd|afgeleverd)"
    r"|niet worden|mislukt",
    r"配信(?:でき|され|に失敗|不能)|配達でき|送信でき|送信に失敗|届けることができ|お届けでき|エラーが発生"
    r"|配送でき|以下のメール",
    r"не (?:удалось|было|был[ао]?|может быть|могло|доставлено) (?:\S{1,40} ){0,3}(?:доставл|доставить|отправ)"
    r"|не доставлен|недоставлен|невозможно доставить|не может быть доставлен",
    r"nie (?:została|mogła|można|udało|może) (?:\S{1,40} ){0,3}(?:dostarcz|doręcz|wysł)|niedostarcz|无法(?:投递|送达"
    r"|发送)|被退回|退回|전달되지|배달하지",
    r"levering (?:\S{1,40} ){0,6}mislyk|gick inte att leverera|toimitus (?:\S{1,40} ){0,6}epäonnistui"
    r"|doručení (?:\S{1,40} ){0,6}nezdařil|kézbesítése nem sikerült|teslim başarısız|παράδοση απέτυχε"
    r"|فشل التسليم|המסירה (?:\S{1,40} ){0,6}נכשלה",
    r"kunde inte levereras|kunne ikke leveres|ei voitu toimittaa|teslim edilemedi|nelze doručit|nem kézbesít"
    r"|(?:nemohl[aoy]?|nebyl[aoy]?) (?:být )?doruč|nu a (?:putut fi|fost) livrat|не (?:було )?доставлен"
    r"|error (?:has )?occurred (?:while|when) (?:trying|attempting) to deliver|error de entrega a"
    r"|no llegó a (?:algunos|todos|su)|recapito non riuscito|non è arrivato a|não chegou a (?:algun|todos)"
    r"|leverans(?:en)? (?:\S{1,40} ){0,6}misslyck|nådde (?:inte|ikke)|livrarea (?:\S{1,40} ){0,6}a eșuat"
    r"|не удалось выполнить доставку"
    r"|доставянето (?:\S{1,40} ){0,6}не бе|isporuka (?:\S{1,40} ){0,6}nije uspj?ela|dostava (?:\S{1,40} ){0,6}ni uspela"
    r"|nepavyko pristatyti|neizdevās piegādāt|kohaletoimetamine (?:\S{1,40} ){0,6}nurjus|การส่ง\S{0,60}ล้มเหลว"
    r"|gửi (?:\S{1,40} ){0,8}không thành công|pengiriman (?:\S{1,40} ){0,8}gagal|no s'ha pogut lliurar|(?:传递"
    r"|投递)(?:邮件)?失败"
    r"|傳遞至\S{0,40}失敗|nicht erreicht|n'est pas parvenu|niet bereikt|kom ikke frem|ei tavoittanut|nie dotarł"
    r"|nebyl\w? doruč"
    r"|не вдалося доставити|δεν (?:παραδόθηκε|ήταν δυνατή η παράδοση)|(?:تعذر|فشل) (?:ال)?تسليم|無法(?:傳遞|送達|傳送)",
)

# Still being tried: nothing has failed yet.
DELAYS = _any(
    r"warning message only|this is a warning|(?:will|shall) (?!not )(?:be )?(?:\w+ ){0,2}(?:retr(?:y|ied)"
    r"|keep (?:on )?trying|try(?:ing)? again|continue (?:to )?(?:try|be)|attempt(?:ed)?)|will continue"
    r"|(?<!not )continue (?:to )?(?:try|attempt|delivery)|delivery attempts will"
    r"|not (?:yet )?been delivered (?:\S{1,40} ){0,9}(?:after more|yet|on the queue)"
    r"|has not yet been delivered|delivery (?:to \S{1,100} )?(?:is|has been|was"
    r"|will be) (?:temporarily )?(?:delayed|deferred|suspended)|(?:message|mail"
    r"|delivery) (?:\S{1,40} ){0,4}(?:is |has been |was )?delayed\b|(?:do not|don't|no) need to (?:resend"
    r"|re-send|send)|not necessary to resend|no action is required|still (?:trying|being tried|in the queue"
    r"|queued)|temporary (?:problem|failure|error) (?:\S{1,40} ){0,4}(?:retry|again)|server will keep"
    r"|has been delayed|delay(?:ed)? notification|will be attempted|gmail will retry|will retry|retry for \d"
    r"|retried (?:until|for|over)|could not be delivered yet|gmail (?:\S{1,20} ){0,3}(?:versucht|réessayer"
    r"|intentará|riproverà|tentará"
    r"|probeert|ponawia|повторя|再試行|deneyecek|försöker|prøver|yrittää|zkusí)|nur eine warn"
    r"|mensaje de advertencia|message d'avertissement"
    r"|messaggio di avviso",
    r"wird (?:\S{1,40} ){0,4}(?:weiter|erneut|wiederholt) (?:\S{1,40} ){0,2}(?:versucht|zugestellt"
    r"|unternommen)|weitere zustellversuche|weiter(?:hin)? versuch|verzögert (?:sich|worden)"
    r"|noch nicht (?:zugestellt|ausgeliefert)|zustellung (?:\S{1,40} ){0,3}verzögert|erneut versuch",
    r"n'a pas encore (?:été|pu)|nouvelles? tentatives?|sera (?:retardée?|réessayée?|retentée?)|a été retardée?"
    r"|continuer\w{0,3} (?:à|d')|retardé",
    r"aún no (?:se )?ha|todavía no (?:se )?ha|se (?:volverá|seguirá|reintentará)|seguirá intentando"
    r"|se ha retrasado|retrasad|continuar\w{1,3} intentando|volver\w{1,3} a intentar",
    r"non è ancora stat|verr(?:à|anno) (?:\S{1,40} ){0,3}(?:ritentat|effettuat)|ulteriori tentativi"
    r"|continuer\w{1,3} a (?:tentare|provare)|è in ritardo|ritardat|nuovi tentativi",
    r"ainda não (?:foi|pôde)|continuar\w{1,3} (?:a )?tenta|novas? tentativas?|está atrasad|foi adiad|atrasad"
    r"|tentará novamente",
    r"nog niet (?:bezorgd|afgeleverd|worden)|blijven proberen|opnieuw (?:geprobeerd|proberen)|is vertraagd"
    r"|vertraagd|nieuwe pogingen",
    r"配信(?:が)?遅れ|遅延して|再送を(?:試み|続け)|引き続き(?:配信|送信|再送)|再試行|まだ配信されて",
    r"ещ[её] не доставлен|попыт\w{1,3} (?:\S{1,40} ){0,4}(?:продолж|будут)|будет (?:\S{1,40} ){0,3}(?:повтор"
    r"|продолж)|задерж\w{1,6}|повторн\w{1,3} попыт",
    r"jeszcze nie (?:została|zostało)|kolejne próby|ponawian|będzie (?:ponawia|próbowa)|opóźnion"
    r"|próby dostarczenia będą",
    r"försenad|inte (?:\S{1,40} ){0,2}levererats ännu|leveransförsök|forsinket|(?:endnu|ennå) ikke (?:blevet )?lever"
    r"|viivästy|ei ole vielä toimitettu|toimitusyrity|zpožděn|(?:zatím|dosud) nebyl\w? doruč|pokusy o doručení"
    r"|oneskoren|zatiaľ nebol|késleltet|késik|még nem (?:\S{1,40} ){0,2}kézbesít|gecik(?:ti|me)|henüz teslim"
    r"|întârzi|nu a fost încă livrat|затрим|ще не доставлен|спроби доставки|odgođen|još nije (?:isporuč"
    r"|dostavlj)",
    r"καθυστέρ|δεν έχει (?:\S{1,40} ){0,2}παραδοθεί ακόμ|延[迟遲]|尚未(?:传递|送达|投递|傳遞|送達)"
    r"|[继繼][续續](?:尝试|嘗試)"
    r"|지연되|배달 ?지연|아직 (?:\S{1,20} ){0,2}(?:배달|전송|전달)되지|계속 시도|מתעכב|טרם נמסר"
    r"|עיכוב|لم يتم تسليم (?:\S{1,40} ){0,3}بعد|تأخ[ري]",
)

# Given up after all, whatever was said of trying.
GIVEN_UP = _any(
    r"(?:have|has|had) given up|giving up|gave up|given up|permanent(?:ly)? (?:error|fail|fatal)|will (?:not"
    r"|no longer) be retried|no further (?:attempts|delivery attempts)|won't be retried|stopped trying"
    r"|delivery has failed|has been returned|did not succeed within|retry (?:timeout|time) (?:exceeded"
    r"|not reached)|this is a permanent|(?:deleted|removed) from (?:the )?queue|endgültig"
    r"|définitive|definitiv|definitief",
)

# From here on stands the mail that came back, or its header; what it says is ours.
ORIGINAL = re.compile(
    r"(?im)^[> \t]{0,8}(?:-{2,20} ?(?:below this line is a copy|this is a copy of|original message"
    r"|original mail|undelivered message|unsent message|returned message|message header|header|the header"
    r"|message text|copy of|forwarded message|the body|start of|included is|enclosed|ursprüngliche nachricht"
    r"|originalnachricht|message d'origine|mensaje original|messaggio originale|mensagem original"
    r"|oorspronkelijk bericht|元の|исходное|oryginalna|wiadomość oryginalna)|(?:original message(?: headers?"
    r"| follows)?|original headers?|message headers?(?: follow)?|undelivered message follows"
    r"|your (?:original )?message (?:follows|is (?:enclosed|attached|below))"
    r"|the (?:original )?message (?:header )?(?:follows|is attached)"
    r"|(?:the )?headers? of the (?:original )?message|a copy of (?:the|your) (?:original )?message"
    r"|text of your message|received: (?:from|by|\()|return-path: ?<|ursprüngliche (?:nachricht|header)"
    r"|kopfzeilen der|(?:début|en-têtes) du message|encabezados (?:del|originales)|intestazioni|cabeçalhos"
    r"|исходное сообщение)[^\n]{0,200})"
)
