"""The line a telephone or a mail program puts below a mail: "Enviado desde mi iPhone".

Programs only; signatures people write are `signature`'s. One pattern on one bounded line.
"""

import re

from maild.ingest.layout import clean

_LONGEST = 200

#: What a mail was sent from. Product names may carry an ending: *Lähetetty iPhonesta*.
_PRODUCTS = (
    "iphon|ipad|ipod|mac|macbook|android|outlook|mail|mailbox|yahoo|gmail|samsung|galaxy|"
    "blackberry|windows|proton|protonmail|airmail|spark|k-9|huawei|xiaomi|redmi|poco|realme|oppo|"
    "pixel|oneplus|motorola|nokia|sony|xperia|htc|lg|aol|tutanota|tuta|bluemail|mymail|hey|"
    "thunderbird|type ?app|nine|zoho|front|superhuman|spike|canary|edison|fastmail|libero|"
    "shortwave|mailspring|movistar|orange|gmx|web\\.de|t-mobile|verizon"
)
_THINGS = (
    "my|mi|mis|mon|ma|meine[mr]?|meu|minha|mijn|min|mio|mia|mojego|moj\\w{0,3}|meva|mého|"
    "mobile|móvil|movil|mòbil|dispositiv\\w{1,3}|correo|posta|courrier|poczt\\w{1,2}|почт\\w{1,2}|e-post|"
    "correu|email|e-mail|el correo|app|aplicación|application|aplikacji|program\\w{0,2}|"
    "hushmail|celular|smartphone|telefon\\w{0,3}|a|an"
)
_SENT = (
    "sent (?:from|via|with|by|using|on|through)|"
    "sent securely (?:from|with)|secured (?:with|by)|"
    "enviad[oa] (?:desde|con|mediante|por|a través del?|do|da|de|a partir d[oea]|"
    "pelo|pela|v[ií]a|usando)|"
    "mandado (?:desde|con)|enviat (?:des de[l]?|des d[’']|amb|mitjançant)|"
    "envoyé (?:de|depuis|avec|à partir d[eu]|d[’']un|via)|provenance ?:|"
    "gesendet (?:von|mit|über|via|aus)|inviato (?:da|dal|dall[’']|con|tramite)|"
    "verzonden (?:met|vanaf|vanuit|via|van)|"
    "verstuurd (?:vanaf|vanuit|met|via)|skicka[td] (?:från|med|via)|sendt (?:fra|med|via)|"
    "lähetetty|wysłan[eoya] (?:z|ze|przez|przy użyciu)|odesláno z[e]?|odoslané z[o]?|"
    "отправлено (?:с|из|через)|надіслано (?:з|із)|trimis (?:de pe|din|cu)|στάλθηκε από|"
    "poslano s(?:a)?|bidalita|saadetud"
)
#: "Enviado por correo el lunes" is about a letter, by a person.
_BY_MAIL = r"\S{4,10} (?:por|by|on|via|vía|per|par|mediante) (?:el )?(?:e-?mail|mail\b|correo)"
_ARTICLE = (
    "(?:un|una|el|la|las|los|le|the|der|des|mi|de|do|da|to|το|la app|la aplicación|"
    "the all[- ]new|mobilen|mobiler|мобильной) |l[’']"
)
_GET = (
    "(?:get|download|obtener|obtén|obtenga|descarg(?:a|ar|ue)|obtenir|obteniu|baixeu|descarregueu|"
    "télécharge[rz]|obtenez|obter|obtenha|baixe|baixar|ottieni|scarica|hämta|hent|last ned|"
    "skaff deg|pobierz|hanki|stáhnout|získ(?:at|ejte)|stiahnuť|скачать|получить|завантажити|"
    "obțineți|获取|下载) (?:l[’'])?(?:o |program |aplikaci )?"
    "(?:outlook|bluemail|yahoo|gmail|spark|typeapp|proton)\\b(?:.{0,30}https?://|"
    "(?:\\W[^\\W\\d_]{1,8}){0,2}\\W(?:l[’'])?(?:ios|iphone|ipad|android|windows|mac|móvil|mobile)"
    "(?:\\W\\w{1,8})?\\W{0,3}$|\\W{0,3}$)"
)
#: Where the verb comes last, or the name first.
_ELSEWHERE = (
    "von meine[mr] .{2,50}gesendet|diese nachricht wurde von .{2,60} gesendet|"
    "mit freundlichen grüßen .{2,40} gesendet|holen sie sich outlook|"
    "outlook (?:für|voor|til|för|for|pour|per|pro) (?:ios|android|windows|mac)"
    "(?: herunterladen| downloaden)?\\W{0,3}(?:$|http)|"
    "(?:ios|android)(?: için|용) outlook.{0,24}|az outlook beszerzése .{2,24}|"
    "с уважением, отправлено (?:с|из) .{2,40}|"
    "\\w{2,12}(?:['’]?[ıiuü]mdan gönderildi|-r[óő]l küldve)|"
    "az .{2,20}r[óő]l küldve|أ.?رسلت من.{0,20}|نُ?شر من.{0,20}|"
    "yahoo mail ?: .{2,60}|(?:sent|enviado) by \\w{2,12}>|\\w{2,20} from mobile$|"
    "from my [\\w -]{2,20}$|従?從?.?我的.{1,20}[发發传傳]送|[发發]自我的|.{1,20}から送信|"
    "나의 .{1,20}에서 보냄|från min |mit .{2,30} gesendet$"
)
_FOOTER = re.compile(
    rf"[<(\[*_\s]{{0,4}}(?:(?!{_BY_MAIL})(?:{_SENT})(?:\s|(?<=[’']))(?:.{{1,60}}<https?://|(?:{_ARTICLE}){{0,2}}\[?"
    rf"(?:(?:{_THINGS})\b|(?:{_PRODUCTS})\w{{0,6}}\b))|{_GET}|{_ELSEWHERE})",
    re.IGNORECASE,
)
#: "Sent from my desk, which is easier": a verb makes it a sentence
_SENTENCE = re.compile(
    r"(?:,|\bque|\bwhich)\s(?:is|are|was|it|which|and i|es|son|está|ist|c'est)\b", re.IGNORECASE
)


def is_footer(line: str) -> bool:
    """ "Enviado desde mi iPhone", "Get Outlook for iOS" and the like."""
    if len(line) > _LONGEST or not (hit := _FOOTER.match(clean(line))):
        return False
    return "http" in line or _SENTENCE.search(line[hit.end() :]) is None
