"""Signed words: what they prove, and that nothing else does."""

import string

from hypothesis import given
from hypothesis import strategies as st

from maild.links import Signer, local_part_token, new_message_id, personal_reference

SIGNER = Signer(b"0" * 32)
REPLY = ("reply",)


def test_a_token_names_its_ticket_and_its_person() -> None:
    """The right person's token proves him; a colleague's only names the ticket."""
    word = SIGNER.token(1042, "luis@x.test")
    assert SIGNER.read(word, "luis@x.test", purposes=REPLY).for_sender  # type: ignore[union-attr]
    other = SIGNER.read(word, "eva@x.test", purposes=REPLY)
    assert other is not None
    assert (other.number, other.for_sender) == (1042, False)


def test_a_token_survives_a_program_that_changes_case() -> None:
    """Mail systems lower-case addresses, people write theirs in capitals."""
    word = SIGNER.token(7, "Luis@X.test").upper()
    signed = SIGNER.read(word, "LUIS@x.TEST", purposes=REPLY)
    assert signed is not None
    assert signed.for_sender


def test_a_token_works_for_its_purpose_only() -> None:
    """What leads a bounce home opens no ticket."""
    word = SIGNER.token(7, "luis@x.test", purpose="bounce")
    assert SIGNER.read(word, "luis@x.test", purposes=("reply", "confirm")) is None


def test_another_desk_signs_otherwise() -> None:
    """A token of another secret is just a word."""
    word = Signer(b"1" * 32).token(7, "luis@x.test")
    assert SIGNER.read(word, "luis@x.test", purposes=REPLY) is None


@given(st.integers(0, 31), st.sampled_from(string.ascii_lowercase + "234567"))
def test_no_changed_token_is_believed(position: int, letter: str) -> None:
    """Change any one character, and it proves nobody (or nothing at all)."""
    word = SIGNER.token(1042, "luis@x.test")
    position %= len(word)
    if word[position] == letter:
        return
    changed = word[:position] + letter + word[position + 1 :]
    signed = SIGNER.read(changed, "luis@x.test", purposes=REPLY)
    assert signed is None or not signed.for_sender


def test_a_token_fits_into_an_address() -> None:
    """RFC 5321 4.5.3.1.1 gives a local part 64 octets."""
    assert len("soporte+" + SIGNER.token(999_999_999, "luis@x.test")) <= 64


def test_the_word_of_an_address() -> None:
    """What stands behind the last plus."""
    assert local_part_token("soporte+abc@acme.test") == "abc"
    assert local_part_token("a+b+c@acme.test") == "c"
    assert local_part_token("soporte@acme.test") is None
    assert local_part_token("soporte+@acme.test") is None


def test_message_ids_can_not_be_guessed_or_repeated() -> None:
    """A thousand ids of one ticket are a thousand ids; a person's own id is always one."""
    assert len({new_message_id(7, "acme.test") for _ in range(1000)}) == 1000
    first = personal_reference(SIGNER, 7, "luis@x.test", "acme.test")
    assert first == personal_reference(SIGNER, 7, "LUIS@x.test", "acme.test")
    assert first != personal_reference(SIGNER, 7, "eva@x.test", "acme.test")
