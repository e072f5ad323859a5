"""What refusals say of a mailbox, or its domain, that is no more or never was: in other languages than English."""

from __future__ import annotations

from pressrun.core.bounce_wordings.notation import Rows, Words

# What stands in a phrase as <name>.
WORDS: Words = {
    "benutzer": (
        r"empfänger",
        r"nutzer",  # and Benutzer
        r"adresse",
        r"e-?mail-?adresse",
        r"postfach",
        r"adressat",
        r"teilnehmer",
        r"konto",
        r"mailbox",
    ),
    "destinataire": (r"destinataire", r"utilisateur", r"adresse", r"compte", r"boîte", r"boite"),
    "usuario": (r"usuario", r"destinatario", r"dirección", r"direccion", r"cuenta", r"buzón"),
    "utente": (r"utente", r"destinatario", r"indirizzo", r"casella", r"account"),
    "usuário": (r"usuário", r"utilizador", r"destinatário", r"endereço", r"\bconta\b", r"caixa"),
    "gebruiker": (r"gebruiker", r"ontvanger", r"adres", r"e-?mailadres", r"postvak", r"account"),
    "宛先": (
        r"宛先",
        r"メール ?アドレス",
        r"アドレス",
        r"ユーザー?",
        r"受信者",
        r"アカウント",
        r"メールボックス",
        r"ドメイン",
    ),
    "пользователь": (
        r"пользовател\w{1,3}",
        r"адресат\w{0,2}",
        r"получател\w{1,3}",
        r"адрес\w{0,2}",
        r"ящик\w{0,2}",
        r"аккаунт\w{0,2}",
        r"домен\w{0,2}",
    ),
    "użytkownik": (r"użytkownik\w{0,3}", r"odbiorc\w{1,2}", r"adres\w{0,3}", r"kont\w{1,2}", r"skrzynk\w{1,2}"),
    "användare": (
        r"användaren?",
        r"mottagaren?",
        r"adressen?",
        r"kont(?:ot|oen|oet)",
        r"brukeren",
        r"brugeren",
        r"mottakeren",
        r"modtageren",
        r"postlådan",
        r"postkassen",
    ),
    "користувач": (
        r"користувач\w{0,3}",
        r"одержувач\w{0,3}",
        r"отримувач\w{0,3}",
        r"адрес\w{0,2}",
        r"скриньк\w{1,2}",
        r"домен\w{0,2}",
    ),
    "utilizator": (
        r"utilizator\w{0,4}",
        r"destinatar\w{0,4}",
        r"adres[aăei]\w{0,2}",
        r"cont(?:ul)?\b",
        r"căsuț\w{1,3}",
        r"domeniul?",
    ),
}

# The mailbox, or its domain, is no more or never was.
GONE: Rows = (
    # German.
    (
        r"<benutzer>\S{0,40} … ",
        (
            r"unbekannt",
            r"nicht gefunden",
            r"existiert (?:\S{1,20} ){0,2}nicht",
            r"nicht (?:\S{1,40} ){0,3}aufgeführt",
            r"nicht (?:mehr )?(?:vorhanden|gültig|existent|aktiv|verfügbar)",
            r"ungültig",
            r"gelöscht",
            r"deaktiviert",
            r"nicht (?:mehr )?existiert",
        ),
    ),
    (
        r"(?:unbekannter?|ungültiger?|kein(?:e|en)?) (?:\S{1,20} )?",
        (r"empfänger", r"(?:be)?nutzer", r"adresse", r"postfach", r"mailbox"),
    ),
    r"existiert (?:hier )?nicht",
    r"konnte nicht gefunden werden",
    # French.
    (
        r"<destinataire>\S{0,40} … ",
        (
            r"inconnue?",
            r"introuvable",
            r"n'existe",
            r"n’existe",
            r"invalide",
            r"non valide",
            r"inexistante?",
            r"désactivée?",
            r"supprimée?",
            r"fermée?",
            r"n'a pas (?:pu être|été) trouvée?",
            r"ne figure pas",
            r"n'est (?:pas|plus) (?:répertoriée?|reconnue?|connue?|valide|active?)\b",
        ),
    ),
    r"n['’]existe (?:pas|plus)",
    r"(?:utilisateur|destinataire|adresse) inconnue?",
    r"(?:aucun|pas d[e'’]) ?(?:utilisateur|destinataire|compte|boîte)",
    r"est introuvable",
    # Spanish.
    (
        r"<usuario>\S{0,40} … ",
        (
            r"desconocid[oa]",
            r"no (?:existe|encontrad[oa]|se (?:ha )?(?:encontr|pudo)|válid)",
            r"inválid",
            r"inexistente",
            r"no es válid",
            r"eliminad",
            r"desactivad",
            r"dad[oa] de baja",
        ),
    ),
    r"no existe\b",
    r"no se (?:ha )?encontr(?:ó|ado) (?:\S{1,40} ){0,3}(?:dirección|usuario|destinatario|cuenta)",
    r"usuario desconocido",
    # Italian.
    (
        r"<utente>\S{0,40} … ",
        (
            r"sconosciut",
            r"inesistente",
            r"non (?:esiste|trovat|valid|è (?:stato )?(?:trovat|valid|attiv|stat))",
            r"disattivat",
            r"eliminat",
            r"disabilitat",
        ),
    ),
    r"non esiste\b",
    r"utente sconosciuto",
    r"impossibile trovare (?:l'|l’|il )?(?:indirizzo|utente|destinatario)",
    # Portuguese.
    (
        r"<usuário>\S{0,40} … ",
        (
            r"desconhecid",
            r"não (?:existe|encontrad|foi encontrad|pôde ser encontrad|é válid)",
            r"inexistente",
            r"inválid",
            r"desativad",
            r"excluíd",
            r"encerrad",
        ),
    ),
    r"não existe\b",
    r"não foi possível (?:localizar|encontrar) … (?:endereço|destinatário|usuário|utilizador|conta|caixa)",
    r"usuário desconhecido",
    # Dutch.
    (
        r"<gebruiker>\S{0,40} … ",
        (
            r"onbekend",
            r"bestaat niet",
            r"niet (?:gevonden|bekend|geldig|meer in gebruik)",
            r"ongeldig",
            r"verwijderd",
            r"opgeheven",
            r"uitgeschakeld",
        ),
    ),
    r"bestaat niet",
    r"onbekende? (?:gebruiker|ontvanger|adres|geadresseerde)",
    r"is niet gevonden",
    r"kan niet worden gevonden",
    # Japanese.
    r"<宛先>\S{0,60}(?:見つかり|見つから|存在しま|存在しない|存在せず|不明|無効|ありません|いません|間違|誤り|削除)",
    r"(?:メールアドレス|ユーザー?)が?(?:間違って|違います)",
    r"宛先不明",
    r"存在しない(?:ユーザ|アドレス|メール|宛先|アカウント)",
    # Russian.
    (
        r"<пользователь>\S{0,40} … ",
        (
            r"не (?:найден|существует|существ|зарегистрирован|обслуживается|известен)",
            r"неизвест",
            r"недействител",
            r"неверн",
            r"удал[её]н",
            r"отключ[её]н",
            r"закрыт",
        ),
    ),
    r"не существует",
    r"нет такого (?:пользовател|адрес|ящик|получател)",
    r"неизвестный (?:пользователь|получатель)",
    r"такого пользователя нет",
    r"не удалось найти … (?:адрес|получател|пользовател|ящик|домен)",
    # Ukrainian.
    r"<користувач> … (?:не (?:знайден|існує|зареєстр)|невідом|видален|неді[йє])",
    r"не вдалося знайти … (?:адрес|одержувач|отримувач|користувач)",
    r"(?:немає такого|невідомий) (?:користувача?|одержувача?|отримувача?)",
    # Polish.
    (
        r"<użytkownik>\S{0,40} … ",
        (
            r"nieznan",
            r"nie (?:istnieje|znaleziono|został znaleziony|została znaleziona|można (?:znaleźć|odnaleźć))",
            r"nieprawidłow",
            r"usunięt",
            r"niepoprawn",
        ),
    ),
    r"nie istnieje",
    r"nie (?:można|udało się) (?:od|z)naleźć … (?:adres|użytkownik|odbiorc|skrzyn)",
    r"brak (?:takiego )?u[żz]ytkownika",
    r"nie ma tak(?:iego|iej) (?:użytkownika|adresu|konta|skrzynki)",
    r"nieznany (?:użytkownik|odbiorca)",
    # Chinese.
    r"(?:用户|收件人|邮箱|地址|[帐账][户号])\S{0,20}(?:不存在|无效|未找到|找不到|已注销|已停用)",
    r"(?:找不到|无法找到|不存在|无此|没有)\S{0,12}(?:用户|收件人|邮箱|地址|[帐账][户号])",
    r"(?:用戶|使用者|收件[人者]|郵箱|信箱|地址|[帳賬][戶號])\S{0,20}(?:不存在|無效|未找到|找不到|已停用)",
    r"(?:找不到|無法找到|不存在|無此|沒有)\S{0,12}(?:用戶|使用者|收件[人者]|郵箱|信箱|地址|[帳賬][戶號])",
    # Korean.
    r"존재하지 않",
    r"(?:주소|사용자|수신자|받는 사람|계정)\S{0,4} (?:\S{1,20} ){0,2}찾을 수 없",
    r"없는 (?:사용자|계정|주소|메일)",
    r"(?:사용자|수신자|계정|메일함|주소)\S{0,2} ?없(?:음|습니다)",
    # Swedish, Danish, Norwegian.
    (
        r"<användare>\S{0,3} … ",
        (
            r"finns inte",
            r"okänd",
            r"hittades inte",
            r"(?:kunde|kan) inte hittas",
            r"eksisterer ikke",
            r"finnes ikke",
            r"ukendt",
            r"ukjent",
            r"findes ikke",
            r"(?:blev|kunne) ikke (?:fundet|findes)",
            r"ikke (?:findes|finnes|eksisterer)",
            r"ble ikke funnet",
        ),
    ),
    r"(?:gick|kunde) inte (?:att )?hitta … (?:e-post)?(?:adress|mottagar)",
    r"finner ikke … (?:e-post)?(?:adress|mottaker)",
    r"kan ikke finde … (?:e-?mail)?(?:-?adress|modtager)",
    r"(?:okänd|ukjent|ukendt) (?:användare|mottagare|adress|bruker|mottaker|bruger|modtager)",
    # Finnish.
    r"tuntematon (?:käyttäjä|vastaanottaja|osoite)",
    r"käyttäjää ei (?:löydy|ole)",
    r"ei löytynyt",
    # Czech.
    r"(?:adres|uživatel|příjemce|schránk)\w{0,3} … (?:neby[lo]\w{0,2} nalezen|neexistuje|neznám)",
    r"neznám(?:ý|á|é) (?:uživatel|příjemce|adres)",
    # Slovak.
    r"(?:adres|používateľ|príjemc|schránk)\w{0,3} … (?:sa nenaš|nebol\w? nájden|neexistuje|neznám)",
    # Croatian, Serbian, Slovenian, Bosnian.
    (
        r"(?:adres|korisnik|primatelj|primalac|naslov|uporabnik|prejemnik)\w{0,3} … ",
        (r"(?:nije|ni) (?:bil\w? )?(?:pronađen|najden|nađen)", r"ne (?:postoji|obstaja)", r"nepoznat", r"neznan"),
    ),
    # Hungarian.
    r"(?:cím|címzett|felhasználó|postafiók)\w{0,2} … (?:nem található|nem létezik|ismeretlen)",
    r"(?:nem létező|ismeretlen) (?:cím|felhasználó|postafiók)",
    # Turkish.
    r"(?:adres|alıcı|kullanıcı)\w{0,6} … (?:bulunamadı|mevcut değil|geçersiz)",
    # Greek.
    r"(?:διεύθυνση|παραλήπτης|χρήστης) … δεν (?:βρέθηκε|υπάρχει)",
    r"δεν ήταν δυνατή η εύρεση … (?:διεύθυνσης|παραλήπτη|χρήστη)",
    # Romanian.
    r"<utilizator> … (?:nu (?:există|exista|a fost găsit|este valid)|necunoscut|inexistent|invalid|dezactivat)",
    # Arabic.
    r"تعذر العثور على (?:عنوان|المستلم)",
    r"(?:عنوان|المستلم|المستخدم|الحساب) … (?:غير (?:موجود|معروف|صالح)|لا يوجد)",
    # Hebrew.
    r"(?:כתובת|נמען)\S{0,6} … לא (?:נמצא|קיי)",
)
