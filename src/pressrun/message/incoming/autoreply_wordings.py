"""What notices of absence, of receipt and of challenge say, in the languages of the large mail systems, as data.

Each pattern is matched over text with its blanks made one, in any case, and is linear. RFC 3834 rules marks alone.
"""

from __future__ import annotations

import re

# How vacation notices begin their subjects, in the languages of the large mail systems.
SUBJECTS = re.compile(
    r"\s{0,9}(?:(?:re|aw|sv|antw|tr|rif|odp|vs)\s?:\s{0,3})?"
    r"(?:\[[^\]]{0,30}\d[^\]]{0,10}\]\s{0,2})?[\[(*]{0,2}(?:auto(?:mat(?:ic|ed))?[ -]?(?:reply"
    r"|response|responder|antwort|svar|message)|autoresponder|out[ -]of[ -](?:the[ -])?office"
    r"|(?:on )?(?:vacation|holiday)(?: (?:reply|notice|message|alert|auto-?reply))?[:\s]{0,3}$"
    r"|vacation (?:reply|notice|message)|away (?:from (?:my|the) (?:office|desk|mail|e-?mail)|message|notice)"
    r"|(?:i am |i'm )?(?:currently |now )?(?:out of (?:the )?office|on (?:annual |parental |maternity "
    r"|sick )?leave|on holidays?|on vacation)|ooo[:\s]|absence (?:notice|message|notification)"
    r"|thank you for (?:your (?:e-?mail|message|mail|enquiry|inquiry)|contacting)"
    r"|we (?:have )?received your (?:message|e-?mail|mail|request)|your (?:message|e-?mail|mail"
    r"|request) (?:has been|was) received|automati(?:sche|c) (?:antwort|abwesenheitsnotiz|beantwortung"
    r"|eingangsbestätigung|rückantwort)|abwesenheits(?:notiz|benachrichtigung|meldung|assistent|nachricht"
    r"|info)|abwesend|abwesenheit\b|außer haus|im urlaub|urlaub(?:snachricht)?[:\s]|nicht im (?:büro|haus|amt)"
    r"|ich bin (?:nicht im|außer |derzeit|bis|im urlaub|vom|ab )|büro nicht besetzt|réponse (?:automatique"
    r"|d'absence)|message (?:automatique|d'absence)|absence du bureau|absen(?:t|te|ce)\b|en congés?"
    r"|en vacances|je suis (?:absent|en congé)|accusé de réception automatique|respuesta automática"
    r"|auto ?respuesta|contestación automática|mensaje automático|fuera de (?:la )?oficina|ausente|ausencia"
    r"|de vacaciones|estoy (?:fuera|de vacaciones|ausente)|respostas? automáticas?|auto ?resposta"
    r"|mensagem automática|ausência\b|fora (?:do|de) (?:escritório|expediente)|de férias|em férias"
    r"|risposta automatica|risponditore automatico|messaggio automatico|fuori (?:sede|ufficio)|assen(?:te"
    r"|za)\b|in ferie|in vacanza|automatisch (?:antwoord|bericht)|automatische (?:reactie|beantwoording)"
    r"|afwezig(?:heid|heidsbericht)?\b|niet aanwezig|niet op kantoor|met vakantie|op vakantie|automat(?:iskt"
    r"|isk) (?:svar|besked|beskjed)|autosvar|frånvaro|frånvarande|fravær|ikke til ?stede|på ferie"
    r"|semester[:\s]|automaattinen (?:poissaolo)?(?:vastaus|viesti)|poissa (?:toimistosta|töistä)|poissaolo"
    r"|lomalla|odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|autoresponder|poza biurem|nieobecn"
    r"|na urlopie|urlop\b|automatická odpověď|mimo kancelář|nepřítomn|automatikus válasz|irodán kívül"
    r"|szabadság|răspuns automat|automatická odpoveď|samodejni odgovor|automatski odgovor|автоответ"
    r"|автоматический ответ|автоматическое (?:сообщение|уведомление)|нет на работе|вне офиса|не в офисе"
    r"|в отпуске|отпуск\b|отсутств|автоматична відповідь|αυτόματη απάντηση|otomatik (?:yanıt|cevap)"
    r"|ofis dışında|【?(?:自動(?:応答|返信|回覆|配信)|自动(?:答复|回复)|不在|休暇|休業|外出中|夏季休暇"
    r"|お問い合わせありがとう|外出自动回复|休假)|자동 ?(?:회신|응답)"
    r"|부재중|رد تلقائي|الرد التلقائي|תשובה אוטומטית|מענה אוטומטי|trả lời tự động|tự động trả lời"
    r"|ตอบ(?:กลับ)?อัตโนมัติ|balasan otomatis|automatiskais? atbild|automatinis atsakymas|automaatvastus"
    r"|स्वचालित|(?:return receipt|read|gelesen|lu|leído|letto|lida|gelezen|läst|læst|lest|luettu|przeczytano"
    r"|přečteno|прочтено|прочитано|okundu|已[读讀]|開封済み|읽음)\s?[:：])",
    re.IGNORECASE,
)
# What vacation notices say in their first lines, where neither header nor subject tells.
_ABSENT = re.compile(
    r"\b\w+ is (?:currently )?out of (?:the )?office"
    r"|\b(?:i am|i'm|i will be|i'll be|we are|currently) (?:\w+ ){0,3}(?:ooo\b|out of (?:the )?office"
    r"|away from (?:the|my) (?:office|desk|mail|e-?mail)|on (?:annual |parental |maternity |paternity "
    r"|sick )?(?:leave|vacation|holidays?)\b|travell?ing|out of town)|this is an automat(?:ic|ed) (?:reply"
    r"|response|answer|confirmation|acknowledge?ment|message)"
    r"|automatic(?:ally generated)? (?:reply|response)|auto-?reply|no longer (?:work|employed"
    r"|with the company)|(?:limited|no) access to (?:my )?e-?mail"
    r"|(?:mailbox|inbox|address) (?:is|are) not (?:monitored|read|attended)|will (?:reply|respond|answer"
    r"|get back)(?: to (?:you|your \w+))? (?:\w+ ){0,3}(?:when i (?:return|am back)|upon my return"
    r"|on my return|after)|ich bin (?:\S{1,30} ){0,6}(?:nicht (?:im (?:büro"
    r"|haus)|erreichbar|anwesend)|außer haus|im urlaub|abwesend|in elternzeit|wieder (?:da|erreichbar|im))"
    r"|bin ich (?:\S{1,30} ){0,4}(?:wieder|nicht) (?:erreichbar|im|da)|abwesenheit(?:snotiz)?|ihre (?:e-?mail"
    r"|nachricht) wird (?:\S{1,30} ){0,3}weitergeleitet|automatische antwort"
    r"|je suis (?:\S{1,30} ){0,4}(?:absente?|en congés?|en vacances|en déplacement|hors du bureau)"
    r"|\babsente? (?:jusqu|du|pour)|à mon retour"
    r"|(?:de retour|mon retour) le|pendant mon absence|réponse automatique|(?:estoy|estaré"
    r"|me encuentro) (?:\S{1,30} ){0,4}(?:fuera de|ausente|de vacaciones|de baja)|durante mi ausencia"
    r"|respuesta automática|fuera de la oficina|(?:sono|sarò) (?:\S{1,30} ){0,4}(?:assente|in ferie"
    r"|fuori ufficio|fuori sede|in vacanza|in congedo)|al mio rientro|risposta automatica|(?:estou|estarei"
    r"|encontro-me) (?:\S{1,30} ){0,4}(?:ausente|de férias|em férias|fora do|fora de)|durante a minha ausência"
    r"|resposta automática|no meu regresso|ik ben (?:\S{1,30} ){0,6}(?:afwezig|niet (?:aanwezig|bereikbaar"
    r"|op kantoor)|met vakantie|op vakantie|met verlof)|tijdens mijn afwezigheid|automatisch (?:antwoord"
    r"|bericht)|(?:jag är|jeg er|minä olen|olen) (?:\S{1,30} ){0,6}(?:frånvarande|på semester|tjänstledig"
    r"|bortrest|på ferie|ikke til ?stede|fraværende|lomalla|poissa|matkoilla)|är åter|tilbage (?:den|igen)"
    r"|automatiskt? svar|(?:jestem|będę|przebywam) (?:\S{1,30} ){0,5}(?:nieobecn|na urlopie|poza biurem"
    r"|niedostępn)|przebywam na urlopie|wiadomość automatyczna|automatyczna odpowiedź"
    r"|podczas mojej nieobecności|(?:я|нахожусь|меня) (?:\S{1,30} ){0,5}(?:в отпуске|отсутств|вне офиса"
    r"|не в офисе|в командировке|не будет)|нахожусь в отпуске|автоматический ответ|автоответ"
    r"|буду (?:\S{1,30} ){0,3}отсутствовать|休暇(?:を|中|のため)|不在に(?:して|いたし)|不在のため"
    r"|出張(?:中|のため)|自動(?:返信|応答|送信)"
    r"|休業(?:日|させて|いたし|中)|我(?:正在|目前)?(?:休假|外出|出差)"
    r"|自动回复|부재중|휴가|dovolen|nepřítomen|szabadságon|izindeyim"
    r"|ofis dışındayım|автоматична відповідь|у відпустці|απουσιάζω|σε άδεια|εκτός γραφείου|în concediu"
    r"|בחופש|מחוץ למשרד|في (?:إجازة|اجازة)|خارج المكتب|na godišnjem odmoru|na dopustu|ลาพักร้อน|nghỉ phép"
    r"|sedang cuti|atostogauju|atvaļinājum|puhkusel"
    r"|list of approved senders|add yourself to my guest list|(?:message|mail) (?:\S{1,30} ){0,8}held because"
    r"|para que (?:sua|a) mensagem seja (?:encaminhada|entregue)|(?:this is a )?return receipt (?:for|your)"
    r"|(?:dies|das) ist eine (?:empfangs|lese)bestätigung|ceci est un accusé de (?:réception|lecture)"
    r"|(?:este es un|esto es un) (?:acuse|aviso) de (?:recibo|lectura)|questa è una (?:ricevuta|conferma) di"
    r"|(?:este é|isto é) (?:um|uma) (?:confirmação|recibo|aviso) de leitura|dit is een (?:lees|ontvangst)bevestiging",
    re.IGNORECASE,
)
# What says, mostly of somebody else, that they have left, and that nobody reads this address.
_LEFT = re.compile(
    r"(?:has|have) left (?:the|our) (?:company|organi[sz]ation|firm|team|university|school|institute)"
    r"|(?:no longer|not) (?:monitored|checked|attended)|arbeitet? (?:\S{1,30} ){0,3}nicht (?:mehr|länger)"
    r"|nicht (?:mehr|länger) (?:\S{1,30} ){0,5}(?:tätig|beschäftigt|angestellt|mitarbeiter)"
    r"|(?:unternehmen|firma|haus|verein|schule) (?:\S{1,20} ){0,4}(?:verlassen|ausgeschieden)"
    r"|postfach wird nicht (?:mehr )?(?:gelesen|abgerufen|überwacht|bearbeitet|betreut)"
    r"|ne (?:travaille|fai[ts]|fait plus|suis|est) plus (?:partie|chez|dans|pour|parmi|au sein|en poste|ici|employée?)"
    r"|(?:a|ai) quitté (?:la société|l'entreprise|l'association|ses fonctions|mes fonctions|son poste|notre|nos)"
    r"|(?:n'est|ne sont) (?:plus|pas) (?:consultée?s?|relevée?s?|surveillée?s?|lus|lue?s?)\b"
    r"|ya no (?:trabaj|labor|forma parte|formo parte|pertene)|(?:ha|he) dejado (?:la empresa|la compañía|de trabajar)"
    r"|non (?:lavor[ao]|fa|faccio|è|sono) più (?:parte|presso|per|in|con|qui|dipendente)"
    r"|(?:ha|ho) lasciato (?:l'azienda|la società|l'ente|l'incarico)|casella non (?:è"
    r"|viene) (?:più )?(?:presidiata|letta|monitorata)"
    r"|mensagem automática|não (?:\S{1,20} )?(?:trabalh[ao]|faço|faz|integr[ao]|pertenço) (?:mais|parte)"
    r"|já não (?:trabalh|faz|faço|está|estou|pertenc)|(?:deixou|deixei|saiu d) (?:a |de )?(?:empresa|fazer parte"
    r"|trabalhar)"
    r"|niet (?:meer|langer) (?:\S{1,20} ){0,3}(?:werkzaam|in dienst|werk)|werkt? (?:\S{1,20} ){0,3}niet (?:meer|langer)"
    r"|(?:mailbox|postbus|adres) wordt niet (?:meer )?gelezen|arbetar inte (?:längre|kvar)|har slutat"
    r"|inte längre (?:anställd|kvar)"
    r"|ikke (?:længere|lenger|mere) (?:\S{1,20} ){0,2}(?:ansat|ansatt|hos|arbe|jobber)|(?:arbejder|jobber"
    r"|arbeider) ikke"
    r"|(?:er|har) (?:fratrådt|sluttet|stoppet|fratrådt)|ei (?:ole|työskentele) enää|en (?:ole|työskentele) enää"
    r"|nie pracuj[eę] już|już (?:u nas |tu |tam )?nie pracuj|nie jest już|(?:již|už) (?:\S{1,20} )?nepracuj"
    r"|(?:больше|уже) не работа|уволил|більше не працю|вже не працю|már nem dolgoz|退職(?:いた|し|のため)"
    r"|(?:已|已经|已經)(?:离职|離職|退休)|퇴사|퇴직|artık (?:\S{1,30} ){0,4}çalış(?:mıyor|mamakta)"
    r"|δεν εργάζ(?:εται|ομαι) πλέον|nu mai lucrez|nu mai (?:lucrează|face parte)|više ne radi|ne dela več",
    re.IGNORECASE,
)
# What programs say that only take a mail in: ticket systems, offices that are closed.
_RECEIVED = re.compile(
    r"(?:we have|we've|has been|was|have) (?:successfully )?received (?:\S{1,20} )?(?:your|and)|your (?:message"
    r"|e-?mail|mail|request) (?:has been|was) received"
    r"|(?:ticket|case|reference|tracking|request) (?:number|no\.?|id)\b|(?:team|colleague"
    r"|agent)\S{0,2} will (?:reply|respond|contact|get back|be in touch)"
    r"|(?:i am|i'm|we are|will be) (?:currently )?away (?:until|till|from|for|on)"
    r"|(?:until|when) (?:i return|i'm back|i am back|my return)|(?:only )?accept (?:e-?mail|mail"
    r"|messages) (?:only )?from approved|senders i have approved"
    r"|former (?:employee|colleague|staff member)"
    r"|(?:anfrage|nachricht|e-?mail|mail|schreiben) ist (?:bei uns )?eingegangen"
    r"|haben ihre (?:\S{1,20} )?(?:anfrage|nachricht|e-?mail|mail) erhalten"
    r"|(?:vorgangs|ticket|fall|bearbeitungs|auftrags)-?nummer|in (?:elternzeit|mutterschutz)|mutterschutz"
    r"|(?:betrieb|büro|geschäftsstelle|praxis|kanzlei)"
    r" (?:\S{1,20} ){0,6}geschlossen|automatisch (?:erstellte?|generierte?|versandte?|erzeugte?) (?:nachricht"
    r"|e-?mail|mail|antwort)"
    r"|(?:accusons|accuse) (?:bonne )?réception|(?:bien|avons) reçu (?:\S{1,20} )?votre (?:message|e-?mail"
    r"|courriel|demande)|numéro (?:de )?(?:ticket|dossier|demande)"
    r"|hemos recibido su|(?:número|n\.º) de (?:incidencia|ticket|caso)|abbiamo ricevuto (?:il|la) (?:suo|tuo|sua"
    r"|tua|vostr\w)|numero (?:del |di )?(?:ticket|pratica)"
    r"|recebemos (?:a |o )?(?:sua|seu)|(?:número (?:do|de) )?protocolo:? \d|(?:hebben|heb) uw (?:bericht|e-?mail"
    r"|vraag|mail) ontvangen|zaaknummer|ticketnummer"
    r"|(?:tagit emot|mottagit) (?:ditt|din)|ärendenummer|(?:modtaget|mottatt) (?:din|ditt)|sagsnummer|saksnummer"
    r"|vastaanottaneet viesti|tapausnumero"
    r"|otrzymaliśmy (?:twoj|pańs|państ)|numer zgłoszenia|(?:zprávu|požadavek) jsme přijali|číslo (?:požadavku"
    r"|případu|tiketu)|megkaptuk (?:üzenet|level)"
    r"|am primit mesajul|talebiniz(?:i)? (?:alınmış|aldık)|(?:обращение|заявка"
    r"|запрос) (?:\S{1,20} )?зарегистрирован|номер (?:заявки|обращения|запроса)"
    r"|ваш\w (?:письмо|сообщение) (?:получено|принято)|受付番号|お問い合わせ(?:いただき"
    r"|を頂き)?ありがとうございます|受け付けました|(?:邮件|来信)\S{0,4}已收到|已收到(?:您|你)的(?:邮件|来信|郵件)"
    r"|접수되었습니다|문의해 ?주셔서",
    re.IGNORECASE,
)
# Absence in words that the patterns above leave out.
_AWAY = re.compile(
    r"jag är (?:inte på kontoret|borta)|(?:jeg er|er) (?:ikke på (?:kontoret|arbejde|jobb)|ute av kontoret"
    r"|bortrejst|bortreist)|holder (?:jeg )?(?:sommer)?ferie"
    r"|en ole (?:tavoitettavissa|paikalla|toimistolla)|jsem mimo kancelář|mimo kanceláře|čerpám dovolenou"
    r"|mimo kancelárie|nem vagyok az? irod|nem tartózkodom"
    r"|nu sunt (?:la|în) birou|lipsesc din birou|меня нет (?:в офисе|на месте|на работе)|мене немає"
    r"|в отпуск(?:у)? с[ъм]|в отпуск съм|нямам достъп до"
    r"|не сме в офиса|на отпуск|不在办公室|不在辦公室|休假中|我会尽快回复|我將盡快回覆|출장 중|휴무|자리를 비"
    r"|איני במשרד|לא במשרד|בחופשה|אשיב עם שובי"
    r"|na godišnjem (?:sam )?odmoru|na odmoru sam|na bolovanju|soc fora|estic de vacances|fora de l'oficina"
    r"|estou de folga|ik ben er niet|buiten kantoor",
    re.IGNORECASE,
)
# Those who ask a sender to prove that a person wrote, before they let the mail through.
_CHALLENGE = re.compile(
    r"(?:is being|is|was|has been|been) (?:held|quarantined|placed) (?:\S{1,30} ){0,6}"
    r"(?:confirm|verif|approv|recogni[sz]|because|until|pending)|(?:confirm|verify|authenticate) (?:your|that you)"
    r" (?:message|e-?mail|mail|address|identity|are|sent|yourself)|(?:simply|just|please) (?:reply to|click)"
    r" (?:\S{1,30} ){0,8}(?:release|deliver|confirm|verif|prove|authori[sz])|(?:release|deliver) (?:it|your message) "
    r"(?:\S{1,30} ){0,6}(?:reply|click)|(?:sender|address) (?:verification|confirmation) (?:is )?(?:required"
    r"|request|system)"
    r"|challenge[- /](?:and-)?response|(?:spam ?arrest|boxtrapper|\btmda\b|choicemail|sendio|antispam uol"
    r"|mailinblack|qconfirm)"
    r"|(?:only|first) time you (?:will )?(?:have to|need|are asked)|not (?:yet )?(?:in|on) (?:my|his|her|their|the) "
    r"(?:address book|allowed|approved|white ?list|list of (?:known|approved|allowed) senders)"
    r"|bestätigen sie (?:\S{1,30} ){0,5}(?:absender|nachricht|mensch|e-?mail)|(?:confirme[rz]?|valide[rz]?"
    r"|authentifie[rz]?)"
    r" (?:\S{1,30} ){0,4}(?:votre (?:message|envoi|identité|adresse|e-?mail)|être un humain)"
    r"|confirm[ae]r? (?:\S{1,30} ){0,3}(?:su|tu|sua|seu) (?:mensaje|correo|mensagem|e-?mail)"
    r"|conferm[ai]\w{0,2} (?:\S{1,30} ){0,3}"
    r"(?:il (?:suo|tuo) messaggio|di essere)|подтвердите (?:\S{1,30} ){0,4}(?:письмо|сообщение|адрес|отправк)",
    re.IGNORECASE,
)

ABSENCES = (_ABSENT, _AWAY, _LEFT)
ANSWERS = (*ABSENCES, _RECEIVED, _CHALLENGE)
