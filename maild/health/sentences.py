"""What the admins are told of trouble, in the desk's language.

One dict a language with the same keys (a test compares them); a sentence is a title and, after
a bar, what to know or do. The technical reason of a trouble is quoted as the log has it.
"""

from collections.abc import Mapping

_ES: Mapping[str, str] = {
    "mailbox": "No se puede leer el buzón {name}|Desde {since}: {reason}\nmaild doctor",
    "relay": "Las cartas no salen|Desde {since}: {reason}\nmaild doctor",
    "relay.alerts": "La segunda vía de salida no funciona|Desde {since}: {reason}\n"
    "maild doctor",
    "queue:intake": "El correo no se está tratando|Desde {since} hay correo que espera su "
    "solicitud.\nmaild doctor",
    "queue:letters": "Las cartas no salen|Desde {since} no sale ninguna: {reason}"
    "\nmaild doctor",
    "queue:automatic": "Se retienen cartas automáticas|Desde {since} se escriben más de las "
    "que pueden salir ({reason}). Las respuestas de personas siguen saliendo; las automáticas "
    "salen solas según hay sitio.\nmaild queue (las muestra)\nmaild queue retry held (salen "
    "ya todas)\nmaild queue drop held (no sale ninguna)",
    "ends": "{what} caduca el {end}|{advice}",
    "ended": "{what} caducó el {end}|{advice}",
    "client-secret": "el secreto de cliente de {name}|Hay que crear uno nuevo en el proveedor "
    "y ponerlo en su lugar.",
    "sign-in": "el acceso de {name}|Hay que volver a entrar: maild oauth login {name}",
    "door-certificate": "el certificado de la puerta SMTP|Hay que renovar {name}; maild lo "
    "toma al recargar (SIGHUP).",
    "server-certificate": "el certificado de {name}|Quien lleve ese servidor debe renovarlo; "
    "una vez caducado, nadie se conecta a él.",
    "intake-failed": "No se pudo tratar el mensaje {number}|{reason}\nmaild queue raw "
    "in{number}",
    "expired": "Nadie confirmó el mensaje {number}|Vino de {sender} en nombre de un agente. No "
    "se hizo nada de lo que pedía.\nmaild queue raw in{number}",
    "nobody": "un remitente desconocido",
    "deadlines": "No se pudieron tratar los plazos de la solicitud {number}|{reason}",
    "webhook": "[webhook.{name}] no aceptó ningún aviso en un día|{reason}",
    "not-used": "La nueva configuración no se usa|{reason}",
    "changed": "La configuración ha cambiado|{reason}",
    "article": "No se puede usar {name}|{path}: {reason}\nMientras tanto se muestran los demás "
    "artículos.",
    "wanted": "Falta un artículo: {name}|{count} solicitudes resueltas tratan de lo mismo y "
    "ningún artículo lo explica: {tickets}.\n#kb en una respuesta a cualquiera de ellas hace "
    'un borrador; también vale un archivo nuevo en {folder} con la línea:\nkey = "{problem}"\n'
    "Sobre esto no se vuelve a preguntar.",
}
_EN: Mapping[str, str] = {
    "mailbox": "Mailbox {name} can't be read|Since {since}: {reason}\nmaild doctor",
    "relay": "Letters do not leave|Since {since}: {reason}\nmaild doctor",
    "relay.alerts": "The second way out does not work|Since {since}: {reason}\nmaild doctor",
    "queue:intake": "Mail is not being handled|Since {since} mail has waited for its ticket."
    "\nmaild doctor",
    "queue:letters": "Letters do not leave|Since {since} none has left: {reason}\nmaild doctor",
    "queue:automatic": "Automatic letters are held back|Since {since} more are written than "
    "may leave ({reason}). People's answers go on leaving; automatic ones leave by themselves "
    "as there is room.\nmaild queue (shows them)\nmaild queue retry held (all leave now)"
    "\nmaild queue drop held (none leaves)",
    "ends": "{what} ends on {end}|{advice}",
    "ended": "{what} ended on {end}|{advice}",
    "client-secret": "the client secret of {name}|Make a new one at the provider and put it in "
    "its place.",
    "sign-in": "the sign-in of {name}|Sign in again: maild oauth login {name}",
    "door-certificate": "the certificate of the SMTP door|Renew {name}; maild takes it up with "
    "a reload (SIGHUP).",
    "server-certificate": "the certificate of {name}|Whoever runs that server must renew it; "
    "once it has ended, nobody connects to it.",
    "intake-failed": "Message {number} could not be handled|{reason}\nmaild queue raw "
    "in{number}",
    "expired": "Message {number} was never confirmed|It came from {sender} in an agent's name. "
    "Nothing of it was done.\nmaild queue raw in{number}",
    "nobody": "an unknown sender",
    "deadlines": "The deadlines of request {number} could not be handled|{reason}",
    "webhook": "[webhook.{name}] took no event for a day|{reason}",
    "not-used": "The new configuration is not used|{reason}",
    "changed": "The configuration has changed|{reason}",
    "article": "{name} can't be used|{path}: {reason}\nUntil then the other articles "
    "are shown.",
    "wanted": "An article is missing: {name}|{count} solved requests are about the same, and "
    "no article explains it: {tickets}.\n#kb in an answer to any of them makes a draft, "
    'or a new file in {folder} with the line:\nkey = "{problem}"\nThis is not asked again.',
}
LANGUAGES: Mapping[str, Mapping[str, str]] = {"es": _ES, "en": _EN}


def told(key: str, language: str, **values: object) -> tuple[str, str]:
    """Title and text in that language (English where there is no other)."""
    title, _, text = LANGUAGES.get(language, _EN)[key].partition("|")
    return title.format(**values), text.format(**values)
