"""The lines telephones and mail programs put below a mail, and sentences that resemble them."""

import pytest

from maild.ingest.footer import is_footer
from maild.ingest.trim import trim

FOOTERS = """
Enviado desde mi iPhone
Enviado desde mi Redmi Note 12
Enviado desde la app de Correo
Enviado vía iPhone
Enviado a través del correo de Movistar
Obtener Outlook para Android<https://aka.example/x>
Descarga Outlook para iOS
Sent from my Pixel 8
Sent via Superhuman
Sent from Edison Mail
Get Outlook for iOShttps://aka.example/x
Download Outlook for Android
Gesendet mit der mobilen Mail App
Mit freundlichen Grüßen von meinem iPad gesendet
Outlook für Android herunterladen
Envoyé à partir de Courrier pour Windows
Envoyé depuis l’application Mail Orange
Obtenez Outlook pour iOS
Provenance : Courrier pour Windows
Inviato da Posta per Windows
Scarica Outlook per iOS
Obter o Outlook para iOS
Enviat des de l'iPhone
Enviat des d'Outlook per a Android
Baixeu l'Outlook per a iOS
Verzonden vanuit Outlook voor iOS
Wysłane z programu Outlook dla systemu Android
Pobierz program Outlook dla systemu iOS
Skickat från E-post för Windows
Last ned Outlook for iOS
Hent Outlook til iOS
Lähetetty iPhonesta
Hanki Outlook iOS:lle
Odesláno z iPhonu
Získejte Outlook pro Android
Отправлено из Почты для Windows
Скачать Outlook для Android
iPhone'umdan gönderildi
Android için Outlook'u edinin
iPhone-ról küldve
Trimis de pe iPhone-ul meu
Obțineți Outlook pentru iOS
Στάλθηκε από το iPhone μου
iPhoneから送信
获取 Outlook for iOS
나의 iPhone에서 보냄
""".strip().splitlines()

SENTENCES = """
Descargar Outlook no funciona
Descargar Gmail en Android no me deja entrar
Outlook para Mac no arranca
Get Outlook working again, please
Enviado por correo el lunes pasado
Enviado mediante correo certificado
Sent by mail yesterday
Windows no arranca
Enviado el lunes, y sin respuesta
""".strip().splitlines()


@pytest.mark.parametrize("line", FOOTERS)
def test_a_program_s_line_is_folded(line: str) -> None:
    """In every language our customers' telephones speak."""
    assert is_footer(line)
    assert trim(f"No abre la puerta.\n\n{line}\n").reply == "No abre la puerta."


@pytest.mark.parametrize("line", SENTENCES)
def test_a_person_s_sentence_stays(line: str) -> None:
    """It has the same words, and says something."""
    assert not is_footer(line)
    assert trim(f"Buenos días.\n\n{line}\n").reply.endswith(line)
