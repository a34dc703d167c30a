"""The words mail programs put around quoted mail, in the languages people write to us in.

Data only: `quotes` knows what shape the words must stand in to count.
"""

#: "wrote", as an attribution line ends or goes on: *El …, Ana escribió:*
WROTE = (
    *("wrote", "writes", "says", "said"),
    *("escribió", "escribio", "ha escrito", "dijo"),
    *("va escriure", "ha escrit", "escrigué", "escrivia", "escribiu", "idatzi zuen"),
    *("schrieb", "geschrieben", "schrieben sie"),
    *("a écrit", "a ecrit", "écrivait", "nous a dit"),
    *("escreveu", "disse", "ha scritto", "scrive", "schreef", "geschreven"),
    *(
        "skrev",
        "kirjoitti",
        "kirjutas",
        "írta",
        "a következőt írta",
        "yazdı",
        "a scris",
        "έγραψε",
        "đã viết",
    ),
    *("menulis", "rašė", "rakstīja", "napisao je", "napisala je", "napisao", "je napisal"),
    *("napisał", "napisała", "napisał(a)", "pisze", "napsal", "napsala", "napsal(a)"),
    *("napísal", "napísala", "napísal(a)", "написал", "написала", "написал(а)", "пишет"),
    *("писал", "пише", "написав", "написа"),
)
#: The same where words are not set apart by blanks.
WROTE_UNSPACED = (
    *("写道", "寫道", "のメッセージ", "のメール", "書きました", "님이 작성", "작성", "쓴 글"),
    "เขียนว่า",
)

#: Webmail that dates nothing: *Quoting Ana Ruiz <ana@x.test>:*
QUOTING = ("quoting", "zitat von", "citando a", "citando", "citant", "quoto", "cytowanie")

#: How an attribution line may open; then a date and a name follow.
OPENERS = (
    *("on", "at", "in message", "el", "el día", "em", "no dia", "a", "le", "il", "il giorno"),
    *("am", "op", "den", "dne", "dňa", "dnia", "w dniu", "på", "ma", "vào", "pada", "in data"),
    *("o", "ás", "al", "pe", "în", "la", "dana", "на", "στις", "wiadomość napisana przez"),
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
    "from": "from de von da van fra från od от 发件人 寄件者 寄件人 差出人 送信元 expéditeur"
    " remitente remitent mittente afzender lähettäjä nadawca odesílatel feladó expeditor"
    " expeditorul kimden gönderen 发信人 від 送信者 από šalje nork saatja nuo pošiljatelj"
    " من מאת".split(),
    "sent": "sent date enviado enviada enviat envoyé gesendet inviato verzonden sendt skickat"
    " fecha data datum dato wysłano odesláno отправлено дата lähetetty päivämäärä päiväys"
    " 发送时间 發送時間 发送日期 寄件日期 日期 送信日時 日時 日付 le odoslané dátum elküldve"
    " trimis dată gönderildi gönderilen tarih надіслано відправлено στάλθηκε ημερομηνία poslano"
    " bidalia изпратено saadetud kuupäev נשלח תאריך التاريخ".split(),
    "to": "to para per à a an aan til till do komu кому destinataire destinatario destinatari"
    " vastaanottaja 收件人 收件者 宛先 送信先 pour pre címzett către destinatar destinatarul"
    " kime alıcı προς prima za nori до saaja إلى אל adresat".split(),
    "cc": "cc cco kopie kopia kopi копия dw 抄送 副本 参照 참조 kopio kópia másolat bilgi копія"
    " κοιν kopija копие نسخة עותק a/c".split(),
    "subject": "subject asunto assumpte assunto objet betreff oggetto onderwerp emne ämne"
    " temat předmět тема aihe 主题 主題 主旨 件名 sujet predmet tárgy subiect subiectul"
    " konu 제목 θέμα naslov gaia относно zadeva tema teema الموضوع נושא".split(),
    "other": "attachments adjuntos anexos vedhæftet importance importancia prioridad"
    " priority".split(),
}
FIELDS["from"] += [
    "от кого",
    "enviado por",
    "od koga",
    "de la",
    "від кого",
    "보낸 사람",
    "보낸사람",
]
FIELDS["sent"] += [
    *("enviado el", "enviada em", "enviado em", "enviada el", "enviat el", "date d'envoi"),
    *("envoyé le", "message du", "sendt den", "gesendet am", "data wysłania", "보낸 날짜"),
    *("sent at", "sent on", "data d'enviament", "data invio", "enviado a las", "보낸날짜"),
    *("fecha de envío", "تم الإرسال", "дата отправки"),
]
FIELDS["to"] += ["per a", "a:", "받는 사람", "받는사람"]
FIELDS["cc"] += [
    *("copia para", "con copia", "con copia a", "copie à", "másolatot kap", "kopie (cc)"),
    *("reply-to", "responder a", "répondre à", "antwort an", "beantwoorden - aan", "risposta"),
    *("rispondi a", "svar til", "svara till", "antwoord aan", "respon a"),
    *("bcc", "organization"),
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
    *("antwort nachricht", "ursprüngliche mail", "ursprüngliche e-mail", "correo original"),
    *("messaggio originale", "oorspronkelijk bericht", "origineel bericht"),
    *("oprindelig meddelelse", "opprinnelig melding", "ursprungligt meddelande"),
    *("alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość"),
    *("původní zpráva", "původní e-mail", "pôvodná správa", "исходное сообщение"),
    *("originalmeddelande", "oprindelig besked", "eredeti üzenet", "mesaj original"),
    *("mesajul original", "özgün ileti", "orijinal mesaj", "вихідне повідомлення"),
    *("оригінальне повідомлення", "αρχικό μήνυμα", "jatorrizko mezua", "mensaxe orixinal"),
    *("izvorna poruka", "оригинално съобщение", "원본 메시지", "元のメッセージ"),
    *("原始邮件", "邮件原件", "原始郵件", "original appointment", "cita original"),
    *("original mail", "original email", "original-nachricht"),
)

#: `---------- Forwarded message ---------`, *Inicio del mensaje reenviado:*
FORWARDED = (
    *("forwarded message", "forwarded by", "mensaje reenviado", "missatge reenviat"),
    *("mensagem encaminhada", "mensagem reencaminhada", "message transféré"),
    *("message réexpédié", "message transmis", "weitergeleitete nachricht"),
    *("messaggio inoltrato", "doorgestuurd bericht", "videresendt meddelelse"),
    *("videresendt melding", "videresendt besked", "vidarebefordrat meddelande"),
    *("vidarebefordrat mejl", "przekazana wiadomość", "treść przekazanej wiadomości"),
    *("wiadomość przesłana dalej", "přeposlaná zpráva", "preposlaná správa"),
    *("edelleenlähetetty viesti", "välitetty viesti", "továbbított üzenet"),
    *("mesaj redirecționat", "iletilmiş mesaj", "iletilen ileti", "proslijeđena poruka"),
    *("пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение"),
    *("перенаправлене повідомлення", "переслане повідомлення", "birbidalitako mezua"),
    *("mensaxe reenviada", "转发的邮件", "转发邮件", "轉寄郵件"),
    *("転送メッセージ", "メッセージを転送", "전달된 메시지"),
)
BEGIN_FORWARDED = (
    *("begin forwarded message", "inicio del mensaje reenviado", "inicia el mensaje reenviado"),
    *("comienzo del mensaje reenviado", "inici del missatge reenviat"),
    *("início da mensagem encaminhada", "início da mensagem reencaminhada"),
    *("début du message transféré", "début du message réexpédié"),
    *("anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail"),
    *("inizio messaggio inoltrato", "begin doorgestuurd bericht"),
    "inicio da mensaxe reenviada",
    *("start på videresendt besked", "vidarebefordrat brev", "vidarebefordrat mejl"),
    *("start på videresendt melding", "välitetty viesti alkaa", "začátek přeposílané zprávy"),
    *("začiatok preposlanej správy", "początek przekazywanej wiadomości"),
    *("továbbított levél kezdete", "începe mesajul redirecționat", "ileti başlangıcı"),
    *("начало переадресованного сообщения", "початок листа, що пересилається"),
    *("započni proslijeđenu poruku", "开始转发的邮件", "転送されたメッセージ"),
)
