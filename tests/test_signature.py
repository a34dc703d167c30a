"""Signatures set aside, texts that are nothing else, and mails that only say thanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.ingest.signature import looks_like_signature, repeated_closings, set_aside
from maild.ingest.thanks import only_thanks

CLOSING = "Un saludo,\nLuis Pérez\nTécnico de soporte · Acme"


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nLuis Pérez\nSoporte",
        "--\nLuis Pérez\n+34 600 000 000",
        "Enviado desde mi iPhone",
        "Enviado desde mi Galaxy",
        "Enviado desde Outlook para Android",
        "Enviado con Proton Mail.",
        "Obtener Outlook para iOS<https://aka.ms/o0ukef>",
        "Get Outlook for Android",
        "Sent from my iPhone",
        "Sent from Yahoo Mail on Android",
        "Enviat des del meu iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verzonden met Outlook voor iOS",
        "Enviado desde mi iPhone\nLuis Pérez",
        "-- \nLuis\n\nEste mensaje es confidencial y va dirigido a su destinatario.",
    ],
)
def test_a_signature_is_set_aside(signature: str) -> None:
    """Behind `-- `, and what telephones add, in our languages."""
    assert set_aside(f"#resuelto\n\nYa está.\n\n{signature}") == (
        "#resuelto\n\nYa está.",
        signature,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Ya está.",
        "Pasos:\n- uno\n-- dos\n",
        "Sent from headquarters yesterday, the parcel is here.",
        "Antes:\n--\nAhora falla, ¿qué hago?",
        "Enviado desde la oficina el paquete, llega mañana.",
        "",
    ],
)
def test_text_that_only_resembles_a_signature_stays(text: str) -> None:
    """In doubt it is text."""
    assert set_aside(text) == (text.strip(), "")


def test_a_known_signature_is_set_aside_without_a_mark() -> None:
    """The configured one, however its lines are spaced now."""
    body, signature = set_aside(f"Ya está.\n\n{CLOSING}\n", known=[CLOSING.upper()])
    assert body == "Ya está."
    assert signature == CLOSING


def test_a_closing_seen_in_two_earlier_mails_is_known() -> None:
    """Two mails that end alike teach a signature; one does not."""
    earlier = [f"Hecho.\n\n{CLOSING}", f"Pruebe otra vez, por favor.\n\n{CLOSING}\n"]
    assert repeated_closings(earlier) == [CLOSING]
    assert repeated_closings(earlier[:1]) == []
    assert repeated_closings(["Hecho.", "Hecho."]) == []
    body, _ = set_aside(f"Mañana lo miro.\n\n{CLOSING}", known=repeated_closings(earlier))
    assert body == "Mañana lo miro."


@pytest.mark.parametrize(
    "text",
    [
        "Luis Pérez",
        "Un saludo,\nLuis",
        "Saludos cordiales,\n\nLuis Pérez García\nTécnico de Soporte\nTel. +34 91 000 00 00",
        "Best regards,\nAnn Smith\nann@acme.example\nwww.acme.example",
        "Luis Pérez\nC/ Mayor 5\n28001 Madrid",
        "Mit freundlichen Grüßen\nMax Mustermann",
        "Este mensaje es confidencial y va dirigido exclusivamente a su destinatario.",
        "Enviado desde mi iPhone",
        "Luis",
    ],
)
def test_nothing_but_a_signature_is_told(text: str) -> None:
    """Such a rest after a command goes to nobody."""
    assert looks_like_signature(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hecho",
        "Ya está arreglado, Ana.",
        "Gracias por la espera.\nUn saludo,\nLuis",
        "Reinicie el equipo",
        "¿Luis?",
        "Ok",
        "La contraseña es Abc123\nLuis",
        "Done. Please try again.\n\nLuis",
    ],
)
def test_an_answer_is_no_signature(text: str) -> None:
    """However short, words for the customer are told from names."""
    assert not looks_like_signature(text)


@given(st.text(max_size=300), st.lists(st.text(max_size=40), max_size=3))
def test_setting_aside_loses_no_word(text: str, known: list[str]) -> None:
    """Body and signature hold every word, whatever is known."""
    body, signature = set_aside(text, known=known)
    assert (body + "\n" + signature).split() == text.split()
    looks_like_signature(text)


@pytest.mark.parametrize(
    "text",
    [
        "¡Muchas gracias!",
        "Perfecto, gracias",
        "ok thanks",
        "Gracias",
        "Thank you very much!",
        "Muchas gracias por tu ayuda.\n\nUn saludo,\nAna García",
        "Moltes gràcies!",
        "Obrigado!",
        "Merci beaucoup",
        "Vielen Dank!",
        "Grazie mille",
        "Gracias 👍",
        "Hola, muchas gracias por todo. Saludos",
    ],
)
def test_thanks_alone_are_told(text: str) -> None:
    """They do not reopen a ticket."""
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Gracias, pero sigue sin funcionar",
        "No, gracias",
        "Ok",
        "Perfecto",
        "Gracias. ¿Y la impresora?",
        "Thanks, one more thing",
        "Muchas gracias, Ana me dice que aún falla",
        "Gracias por nada",
        "Saludos, Ana",
        "gracias " * 30,
        "Thanks for the quick reply. Still broken.",
        "Un saludo y gracias, Reinicia Ya Todo Luis",
    ],
)
def test_anything_more_than_thanks_reopens(text: str) -> None:
    """In doubt it is more."""
    assert not only_thanks(text)


@given(st.text(max_size=120))
def test_no_text_is_too_odd_for_thanks(text: str) -> None:
    """It answers yes or no."""
    assert only_thanks(text) in (True, False)
