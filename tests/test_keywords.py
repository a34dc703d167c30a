"""Keywords, globs and folding: what counts as the same, and what it costs to look."""

import re
import time
import unicodedata
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.rules.folding import fold, fold_words, split
from maild.rules.globs import Glob
from maild.rules.keywords import Hit, Keyword, KeywordIndex


def found_in(text: str, *keywords: str) -> list[str]:
    """Which of the keywords stand in the text."""
    index = KeywordIndex(map(Keyword.read, keywords))
    hits = index.scan(split(text))
    return [keyword for keyword in keywords if Keyword.read(keyword).parts in hits]


# -- folding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Contraseña", "contrasena"),
        ("CONTRASEN\u0303A", "contrasena"),
        ("ÁÉÍÓÚÜ", "aeiouu"),
        ("Straße", "strasse"),
        ("Søren Æsop Łódź", "soren aesop lodz"),
        ("İstanbul ısı", "istanbul isi"),
        ("ﬁn", "fin"),
        ("ＶＰＮ", "vpn"),
        ("a\u00a0b", "a b"),
        ("con\u00adtra\u200bseña", "contrasena"),
        ("ΑΘΉΝΑ", "αθηνα"),
    ],
)
def test_what_does_not_count(written, folded):
    """Case, accents, ligatures, widths and what can't be seen."""
    assert fold(written) == folded


def test_every_character_is_folded_for_good():
    """Of all alphabets: folding what was folded changes nothing."""
    letters = [chr(n) for n in range(0x30000) if not 0xD800 <= n < 0xE000]
    assert [c for c in letters if fold(fold(c)) != fold(c)] == []


@given(st.text())
def test_folding_twice_is_folding_once(text):
    """Whatever the text, folded text stays as it is."""
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=50))
def test_folding_does_not_mind_how_accents_are_written(text):
    """Composed and decomposed, upper and lower case of Western text are the same."""
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)
    assert fold(text.upper()) == fold(text)


@given(st.text(max_size=100))
def test_words_keep_their_places(text):
    """There is a folded word for every written one, and none of them holds a blank."""
    words = split(text)
    assert len(fold_words(words)) == len(words)
    assert not any(re.search(r"\s", word) for word in words)


# -- keywords -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("contraseñ*", "He olvidado mi CONTRASEÑA."),
        ("contraseñ*", "contrasenas"),
        ("contraseñ*", "contraseñ"),
        ("no puedo acceder", "Hola, no puedo\r\n  ACCEDER al sistema"),
        ("no puedo acceder", "No puedo, acceder"),
        ("vpn", "(VPN)"),
        ("vpn", "_vpn_"),
        ("e-mail", "mi e-mail no va"),
        ("imprim* planta", "imprime la\nimprimir planta"),
        ("l'aigua", "L’AIGUA"),
        ("error 42", "error: 42"),
        ("año nuevo", "ANO NUEVO"),
        ("пароль", "Забыл ПАРОЛЬ"),
        ("contrasena", "con\u00adtrase\u00f1a"),
    ],
)
def test_keywords_that_are_there(keyword, text):
    """Whole words and phrases, over line ends and punctuation."""
    assert found_in(text, keyword) == [keyword]


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("vpn", "openvpn"),
        ("vpn", "vpns"),
        ("acceder", "accederé"),
        ("no puedo acceder", "no puedo yo acceder"),
        ("no puedo acceder", "no puedo"),
        ("contraseñ*", "micontraseña"),
        ("error 42", "error 421"),
        ("a b", "b a"),
    ],
)
def test_keywords_that_are_not(keyword, text):
    """Parts of words and broken phrases do not count."""
    assert found_in(text, keyword) == []


@pytest.mark.parametrize(
    "keyword", ["", "  ", "*", "***", "*fin", "me*dio", "a * b", "-*", "!"]
)
def test_keywords_that_can_not_be(keyword):
    """A star stands at the end of a word, and there must be a word."""
    with pytest.raises(ValueError, match=re.escape(f'"{keyword}"')):
        Keyword.read(keyword)


def test_a_phrase_has_an_end():
    """A whole mail is no keyword."""
    with pytest.raises(ValueError, match="at most"):
        Keyword.read("uno " * 13)


def test_each_keyword_has_its_first_place():
    """Phrases that begin alike, stars and repeats are all found, each once."""
    index = KeywordIndex(map(Keyword.read, ["no", "no va", "no va nada", "v*", "nada"]))
    hits = index.scan("no no va nada no va".split())
    assert {" ".join(w for w, _ in parts): hit for parts, hit in hits.items()} == {
        "no": Hit(0, 1),
        "no va": Hit(1, 2),
        "no va nada": Hit(1, 3),
        "v": Hit(2, 1),
        "nada": Hit(3, 1),
    }


WORDS = st.sampled_from("a ab abc b ba ñ n".split())


@given(
    st.lists(st.lists(st.tuples(WORDS, st.booleans()), min_size=1, max_size=3), max_size=8),
    st.lists(WORDS, max_size=12),
)
def test_the_index_finds_what_a_plain_search_finds(phrases, words):
    """The tree agrees with trying every keyword at every word."""
    keywords = [" ".join(w + "*" * star for w, star in phrase) for phrase in phrases]
    text = " ".join(words)

    def plainly(keyword: str) -> bool:
        pattern = " ".join(
            rf"{fold(word.removesuffix('*'))}{'[a-z]*' if word[-1] == '*' else ''}"
            for word in keyword.split()
        )
        return re.search(rf"(?<!\S){pattern}(?!\S)", fold(text)) is not None

    assert found_in(text, *keywords) == [k for k in keywords if plainly(k)]


def test_a_hostile_text_walks_no_more_nodes_than_there_are():
    """A text made of nothing but beginnings of phrases stays linear: twice the text, twice
    the time (with room for a busy machine)."""
    index = KeywordIndex(Keyword.read("no " * 11 + f"fin{i}") for i in range(1_000))

    def cost(words: int) -> float:
        text = ["no"] * words
        times = []
        for _ in range(5):
            start = time.perf_counter()
            index.scan(text)
            times.append(time.perf_counter() - start)
        return min(times)

    assert cost(20_000) < 5 * cost(10_000)


# -- globs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*@ventas.acme.test", "Luis@Ventas.ACME.test", True),
        ("*@ventas.acme.test", "luis@acme.test", False),
        ("nagios@*", "nagios@mon.acme.test", True),
        ("luis@x.test", "luis@x.test", True),
        ("luis@x.test", "luis@x.test.evil", False),
        ("*", "", True),
        ("?*", "", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*a*b*", "xaxbx", True),
        ("ab*ba", "aba", False),
        ("*ab*ba*", "aba", False),
        ("[a]@x", "[a]@x", True),
        ("[a]@x", "a@x", False),
        ("scan-????.tif", "SCAN-0001.TIF", True),
        ("*ñ", "Ñ", True),
    ],
)
def test_globs(pattern, text, fits):
    """`*` and `?` only; the whole text; case does not count."""
    assert Glob.read(pattern).matches(text) is fits


@given(st.text("ab*?", max_size=10), st.text("ab", max_size=12))
def test_globs_agree_with_the_standard_library(pattern, text):
    """On what both know."""
    assert Glob.read(pattern).matches(text) == fnmatchcase(text, pattern)


def test_a_hostile_glob_is_done_at_once():
    """Many stars over a text that almost fits: no backtracking."""
    start = time.perf_counter()
    assert not Glob.read("*a" * 100 + "b").matches("a" * 100_000)
    assert time.perf_counter() - start < 0.5
