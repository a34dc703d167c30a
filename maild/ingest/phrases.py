"""The words mail programs put around quoted mail, in the languages people write to us in.

Data only: `quotes` knows what shape the words must stand in to count.
"""

#: "wrote", as an attribution line ends or goes on: *El …, Ana escribió:*
WROTE = (
    *("wrote", "writes", "says", "said"),
    *("escribió", "escribio", "ha escrito"),
    *("va escriure", "ha escrit", "escrigué", "escrivia"),
    *("schrieb", "geschrieben", "schrieben sie"),
    *("a écrit", "a ecrit", "écrivait", "nous a dit"),
    *("escreveu", "ha scritto", "scrive", "schreef", "geschreven"),
    *("skrev", "kirjoitti", "írta", "yazdı", "a scris", "έγραψε", "đã viết", "menulis"),
    *("napisał", "napisała", "napisał(a)", "napsal", "napsala", "napsal(a)", "napísal"),
    *("написал", "написала", "написал(а)", "пишет", "писал", "пише"),
    *("写道", "寫道", "のメッセージ", "書きました", "님이 작성", "เขียนว่า"),
)

#: Webmail that dates nothing: *Quoting Ana Ruiz <ana@x.test>:*
QUOTING = ("quoting", "zitat von", "citando a", "citando", "citant", "quoto", "cytowanie")

#: How an attribution line may open; then a date and a name follow.
OPENERS = (
    *("on", "at", "in message", "el", "el día", "em", "no dia", "a", "le", "il", "il giorno"),
    *("am", "op", "den", "dne", "dňa", "dnia", "w dniu", "på", "ma", "vào", "pada", "in data"),
    *(
        "søn.",
        "man.",
        "tir.",
        "ons.",
        "tor.",
        "fre.",
        "lør.",
        "mån",
        "tis",
        "tors",
        "lör",
        "sön",
    ),
)

#: A word between name and verb that turns it into prose: *el técnico me escribió:*
PRONOUNS = (
    *("me", "nos", "te", "le", "les", "mi", "ci", "us", "mir", "uns", "m'", "ens", "nous"),
    *("i", "we", "yo", "ich", "wir", "io", "je", "jo"),
)

#: Field names of a quoted header block, and the part each plays.
FIELDS = {
    "from": "from de von da van fra från od от从 发件人 寄件者 差出人 expéditeur remitente"
    " remitent mittente afzender lähettäjä från: от кого nadawca odesílatel 寄件人".split(),
    "sent": "sent date enviado enviada enviat envoyé gesendet inviato verzonden sendt skickat"
    " fecha data datum dato wysłano odesláno отправлено дата lähetetty päivämäärä 发送时间"
    " 發送時間 寄件日期 日期 送信日時 日時 le".split(),
    "to": "to para per à a an aan til till do komu кому destinataire destinatario vastaanottaja"
    " 收件人 收件者 宛先 pour".split(),
    "cc": "cc cco kopie kopia kopi копия dw 抄送 副本".split(),
    "subject": "subject asunto assumpte assunto objet betreff oggetto onderwerp emne ämne"
    " temat předmět тема aihe 主题 主題 主旨 件名 sujet".split(),
    "other": "attachments adjuntos anexos importance importancia prioridad priority".split(),
}
FIELDS["from"] += ["от кого", "enviado por", "från"]
FIELDS["sent"] += [
    *("enviado el", "enviada em", "enviado em", "enviada el", "enviat el", "date d'envoi"),
    *("envoyé le", "message du", "sendt den", "gesendet am"),
    *(
        "sent at",
        "sent on",
        "data d'enviament",
        "data invio",
        "enviado a las",
        "fecha de envío",
    ),
]
FIELDS["to"] += ["per a", "a:"]
FIELDS["cc"] += ["copia para", "con copia", "con copia a", "copie à", "reply-to", "responder a"]
FIELDS["cc"] += [
    "répondre à",
    "antwort an",
    "beantwoorden - aan",
    "risposta",
    "bcc",
    "organization",
]

#: Beside these a block is somebody's pasted raw header, hence text.
RAW_FIELDS = frozenset(
    "received message-id mime-version content-type return-path dkim-signature delivered-to"
    " authentication-results received-spf arc-seal content-transfer-encoding".split()
)

#: `-----Mensaje original-----`
ORIGINAL = (
    *("mensaje original", "original message", "reply message", "mensaje de respuesta"),
    *("missatge original", "mensagem original", "message d'origine", "message original"),
    *("ursprüngliche nachricht", "originalnachricht", "urspruengliche nachricht"),
    *("antwort nachricht", "ursprüngliche mail", "ursprüngliche e-mail"),
    *("messaggio originale", "oorspronkelijk bericht", "origineel bericht"),
    *("oprindelig meddelelse", "opprinnelig melding", "ursprungligt meddelande"),
    *("alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość"),
    *("původní zpráva", "исходное сообщение", "originalmeddelande", "oprindelig besked"),
    *("原始邮件", "原始郵件", "元のメッセージ", "original appointment", "cita original"),
)

#: `---------- Forwarded message ---------`, *Inicio del mensaje reenviado:*
FORWARDED = (
    *("forwarded message", "forwarded by", "mensaje reenviado", "missatge reenviat"),
    *("mensagem encaminhada", "mensagem reencaminhada", "message transféré"),
    *("message réexpédié", "weitergeleitete nachricht", "messaggio inoltrato"),
    *("doorgestuurd bericht", "videresendt meddelelse", "videresendt melding"),
    *("vidarebefordrat meddelande", "przekazana wiadomość", "přeposlaná zpráva"),
    *("пересылаемое сообщение", "пересланное сообщение", "转发的邮件", "転送メッセージ"),
)
BEGIN_FORWARDED = (
    *("begin forwarded message", "inicio del mensaje reenviado", "inicia el mensaje reenviado"),
    *("comienzo del mensaje reenviado", "inici del missatge reenviat"),
    *("início da mensagem encaminhada", "início da mensagem reencaminhada"),
    *("début du message transféré", "début du message réexpédié"),
    *("anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail"),
    *("inizio messaggio inoltrato", "begin doorgestuurd bericht"),
    *(
        "start på videresendt besked",
        "vidarebefordrat brev",
        "начало переадресованного сообщения",
    ),
)
