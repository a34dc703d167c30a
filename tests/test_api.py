"""Requests from programs: keys, faults in plain words, and the same name counts once."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.pages import ORIGIN, PORTAL, Visitor
from tests.stories.office import Office, kinds

PATH = "/api/v1/tickets"
CHAT = {
    "from": "luis@x.test",
    "name": "Luis Pérez",
    "subject": "No puedo acceder",
    "body": "Visitante: no puedo entrar.\nRobot: le paso con una persona.",
    "external_id": "chat-17",
}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, more=PORTAL)


@pytest.fixture
def visitor(office: Office) -> Visitor:
    return Visitor(office)


def post(visitor: Visitor, body: Any, key: str | None = "s3cret-key") -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return visitor.client.post(PATH, content=content, headers=headers)


def test_a_chat_becomes_a_ticket(office: Office, visitor: Visitor) -> None:
    """201 with number, tag and the requester's page; then mail goes on as ever."""
    answer = post(visitor, CHAT)
    assert answer.status_code == 201
    said = answer.json()
    assert (said["id"], said["tag"]) == (1, "[ACME #1]")
    assert said["url"].startswith(f"{ORIGIN}/t/")
    assert "Robot: le paso" in visitor.get(said["url"]).text
    ticket = office.ticket()
    assert ticket["channel"] == "chat"
    assert ticket["external_id"] == "chatbot:chat-17"
    assert ticket["requester"] == {"name": "Luis Pérez", "email": "luis@x.test"}
    assert kinds(office.letters()) == [
        ("acknowledgement", "luis@x.test"),
        ("agent-new", "ana@acme.test"),
    ]


def test_the_same_name_again_is_the_same_ticket(office: Office, visitor: Visitor) -> None:
    """200 and the same number, whatever else it says; another source's name is another."""
    assert post(visitor, CHAT).status_code == 201
    for body in (CHAT, {**CHAT, "body": "Otra cosa.", "subject": "Otra"}):
        again = post(visitor, body)
        assert (again.status_code, again.json()["id"]) == (200, 1)
    other = post(visitor, CHAT, "other-key")
    assert (other.status_code, other.json()["id"]) == (201, 2)
    assert office.ticket(2)["channel"] == "api"
    assert office.store.browse.whole(3) is None


def test_without_a_name_each_is_another(visitor: Visitor) -> None:
    """Two chats with the same words are two requests."""
    body = {key: value for key, value in CHAT.items() if key != "external_id"}
    assert [post(visitor, body).json()["id"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("key", [None, "", "wrong", "s3cret-ke", "s3cret-key2", "clé"])
def test_only_with_a_right_key(office: Office, visitor: Visitor, key: str | None) -> None:
    """401, and nothing is taken."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}".encode()}
    answer = visitor.client.post(PATH, json=CHAT, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert office.store.browse.whole(1) is None


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"from": "luis"}, "from", "no e-mail address"),
        ({"from": None}, "from", "missing"),
        ({"from": "a@b.test\nBcc: c@d.test"}, "from", "control characters"),
        ({"subject": ""}, "subject", "missing"),
        ({"body": "  "}, "body", "empty"),
        ({"body": ["x"]}, "body", "must be text"),
        ({"body": "x" * 100_001}, "body", "longer than"),
        ({"department": "nadie"}, "department", "soporte, ventas"),
        ({"channel": "a b"}, "channel", "one word"),
        ({"channel": "chat\n"}, "channel", "control characters"),
        ({"subject": "a\u2028b"}, "subject", "control characters"),
        ({"external_id": "x" * 201}, "external_id", "longer than"),
        ({"external_id": "a\r\nb"}, "external_id", "control characters"),
        ({"priority": "high"}, "priority", "unknown"),
    ],
)
def test_what_does_not_fit_is_named(
    office: Office, visitor: Visitor, change: dict[str, Any], field: str, said: str
) -> None:
    """422, the field and why; nothing is taken."""
    answer = post(visitor, {**CHAT, **change})
    assert answer.status_code == 422
    assert said in answer.json()["fields"][field]
    assert office.store.browse.whole(1) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"[" * 100_000, b"\xff", b"1" * 2_000_000, b'{"from": "\\ud800"}'],
)
def test_what_is_no_json_is_422(visitor: Visitor, body: bytes) -> None:
    """However broken or large."""
    assert post(visitor, body).status_code in (413, 422)


def test_subjects_as_people_paste_them(office: Office, visitor: Visitor) -> None:
    """Joined emoji, blanks that do not break and soft hyphens are no control characters."""
    subject = "Familia \U0001f468\u200d\U0001f469\u200d\U0001f467: 100\u00a0€"
    assert post(visitor, {**CHAT, "subject": subject, "body": "A\u00a0B"}).status_code == 201
    assert "\u200d\U0001f469" in office.ticket()["subject"]
    assert office.ticket()["subject"].endswith("100 €")


def test_a_name_is_the_same_however_it_is_spaced(office: Office, visitor: Visitor) -> None:
    """Blanks around and within `external_id` do not make another request of it."""
    first = post(visitor, {**CHAT, "external_id": "chat  17 "}).json()
    again = post(visitor, {**CHAT, "external_id": "chat 17"})
    assert (again.status_code, again.json()["id"]) == (200, first["id"])


def test_department_and_channel_can_be_named(office: Office, visitor: Visitor) -> None:
    """A department by its key; a channel of the request's own."""
    post(visitor, {**CHAT, "department": "ventas", "channel": "phone"})
    assert (office.ticket()["department"], office.ticket()["channel"]) == ("ventas", "phone")


def test_a_mail_can_not_name_its_channel(office: Office) -> None:
    """The header that the interface uses means nothing in a mail."""
    office.write("luis@x.test", X_Maild_Channel="phone", X_Maild_External_Id="x")
    assert (office.ticket()["channel"], office.ticket()["external_id"]) == ("email", None)


def test_the_interface_describes_itself(visitor: Visitor) -> None:
    """OpenAPI, with every field that is taken."""
    said = visitor.get("/api/v1/openapi.json").json()
    body = said["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["properties"]) >= set(CHAT)
