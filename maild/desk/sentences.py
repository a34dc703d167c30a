"""What the desk says to agents about their commands, in their language.

One dict a language with the same keys (a test compares them); longer texts are templates.
"""

from collections.abc import Mapping

_ES: Mapping[str, str] = {
    "took": "Asignada a {agent}.",
    "unassigned": "Ya no está asignada a nadie.",
    "status": "Estado: {status}.",
    "resolved": "Resuelta.",
    "closed": "Cerrada.",
    "reopened": "Reabierta.",
    "priority": "Prioridad: {priority}.",
    "department": "Departamento: {department}.",
    "level": "Nivel {level}.",
    "tags": "Etiquetas: {tags}.",
    "readers": "En copia: {readers}.",
    "note": "Nota interna guardada.",
    "sent": "Respuesta enviada a {recipients}.",
    "linked": "Enlazada con la solicitud {number}.",
    "merged": "Unida a la solicitud {number}.",
    "split": "El mensaje abre la solicitud {number}.",
    "spam": "Marcada como correo no deseado.",
    "channel": "Canal: {channel}.",
    "customer": "Solicitante: {customer}.",
    "undone": "Deshecho: {what}.",
    "nothing": "No había nada que cambiar.",
    "signature-only": "Lo que seguía a las órdenes parecía solo una firma: no se ha enviado.",
    "no-agent": "No hay ningún agente «{word}». Los agentes son: {known}.",
    "no-department": "No hay ningún departamento «{word}». Los departamentos son: {known}.",
    "no-channel": "No existe el canal «{word}». Los canales son: {known}.",
    "no-level": "No hay nivel {word}. Los niveles son: {known}.",
    "no-ticket": "No existe la solicitud {word}.",
    "no-level-above": "La solicitud ya está en el nivel más alto.",
    "no-level-below": "La solicitud no ha subido de ningún nivel.",
    "same-ticket": "Una solicitud no puede unirse a sí misma.",
    "no-answer-file": "No hay ninguna respuesta guardada «{word}». Hay: {known}.",
    "not-here": "«#{word}» solo vale en la respuesta a un aviso de una solicitud.",
    "only-new": "«#{word}» solo vale en un correo nuevo.",
    "not-yet": "«#{word}» todavía no está disponible.",
    "nothing-to-undo": "No hay ninguna acción que deshacer.",
    "supervisor": "Un supervisor no puede recibir solicitudes asignadas.",
    "inline": "La respuesta está escrita entre las líneas citadas, que pueden contener notas "
    "internas. No se ha enviado nada: conviene escribirla por encima del aviso.",
    "empty": "El correo no contiene texto nuevo ni órdenes. No se ha enviado nada.",
    "leak": "El texto contiene un fragmento del aviso interno. No se ha enviado nada.",
    "fault": "Línea «{line}»: {reason}",
    "unproven": "no se pudo comprobar el remitente",
    "done-title": "Hecho",
    "remark-stranger": "Escribe alguien que no participa en esta solicitud: solo lo ven los "
    "agentes. Con «#copia DIRECCIÓN» pasa a leerla.",
    "remark-encrypted": "El correo está cifrado y aquí no se puede leer; va adjunto.",
    "remark-courtesy-plain": "El remitente no está comprobado: el acuse de recibo no repite "
    "nada de su correo.",
    "remark-courtesy-none": "El remitente no ha recibido acuse de recibo.",
    "remark-program": "No se reenvían programas: {files}. Se guardan en la solicitud.",
    "remark-large": "Demasiado grande para reenviarlo: {files}. Se guarda en la solicitud.",
}
_EN: Mapping[str, str] = {
    "took": "Assigned to {agent}.",
    "unassigned": "No longer assigned to anybody.",
    "status": "Status: {status}.",
    "resolved": "Resolved.",
    "closed": "Closed.",
    "reopened": "Reopened.",
    "priority": "Priority: {priority}.",
    "department": "Department: {department}.",
    "level": "Level {level}.",
    "tags": "Tags: {tags}.",
    "readers": "In copy: {readers}.",
    "note": "Internal note kept.",
    "sent": "Answer sent to {recipients}.",
    "linked": "Linked with request {number}.",
    "merged": "Merged into request {number}.",
    "split": "The message opens request {number}.",
    "spam": "Marked as spam.",
    "channel": "Channel: {channel}.",
    "customer": "Requester: {customer}.",
    "undone": "Undone: {what}.",
    "nothing": "There was nothing to change.",
    "signature-only": "What followed the commands looked like a signature: it was not sent.",
    "no-agent": "There is no agent “{word}”. The agents are: {known}.",
    "no-department": "There is no department “{word}”. The departments are: {known}.",
    "no-channel": "There is no channel “{word}”. The channels are: {known}.",
    "no-level": "There is no level {word}. The levels are: {known}.",
    "no-ticket": "There is no request {word}.",
    "no-level-above": "The request is at the highest level already.",
    "no-level-below": "The request has not come up from any level.",
    "same-ticket": "A request can't be merged into itself.",
    "no-answer-file": "There is no saved answer “{word}”. There are: {known}.",
    "not-here": "“#{word}” works only in the answer to a request's notice.",
    "only-new": "“#{word}” works only in a new mail.",
    "not-yet": "“#{word}” is not available yet.",
    "nothing-to-undo": "There is no action to undo.",
    "supervisor": "A supervisor can't have requests assigned.",
    "inline": "The answer is written between the quoted lines, which may hold internal notes. "
    "Nothing was sent: please write it above the notice.",
    "empty": "The mail holds neither new text nor commands. Nothing was sent.",
    "leak": "The text holds a piece of the internal notice. Nothing was sent.",
    "fault": "Line “{line}”: {reason}",
    "unproven": "the sender could not be proven",
    "done-title": "Done",
    "remark-stranger": "Written by somebody who takes no part in this request: only agents "
    "see it. “#cc ADDRESS” makes him a reader.",
    "remark-encrypted": "The mail is encrypted and can't be read here; it is attached.",
    "remark-courtesy-plain": "The sender is not proven: the acknowledgement repeats nothing "
    "of his mail.",
    "remark-courtesy-none": "The sender got no acknowledgement.",
    "remark-program": "Programs are not sent on: {files}. They are kept with the request.",
    "remark-large": "Too large to send on: {files}. It is kept with the request.",
}
LANGUAGES: Mapping[str, Mapping[str, str]] = {"es": _ES, "en": _EN}


def say(key: str, language: str, **values: object) -> str:
    """The sentence in that language (English where there is no other)."""
    return LANGUAGES.get(language, _EN)[key].format(**values)
