"""Finding articles: words folded and stemmed, ranked by BM25 with weighted fields. Pure.

The same words on every database. A hit in the title or the keywords weighs three times one in
the text (BM25F, Robertson & Zaragoza 2009, section 3.6).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from maild.kb.article import Article
from maild.rules.folding import fold, split

TITLE, KEYWORDS, TEXT = 3.0, 3.0, 1.0
_K1, _B = 1.2, 0.75
_LIBRARY = 40
_MOST_WORDS = 400  #: of a question that are looked at
_STEMMERS = {"es": "spanish", "en": "english"}

_STOP = frozenset(
    fold(
        """a al algo algun alguna ante antes aqui asi aun aunque bien cada como con contra cual
        cuando cuanto de del desde donde dos durante e el ella ellas ellos en entre era es esa
        ese eso esta estaba estan estar este esto estos estoy fue gracias ha hace hacer hago han
        has hasta hay he hola buenos buenas dias tardes saludos cordial cordiales un una uno
        unos unas la las le les lo los mas me mi mis mucho muy nada ni no nos nosotros o os otra
        otro para pero poco por porque pueda puede pueden puedo podria podrian pues que quien
        quiero queria necesito tengo tiene tienen tenemos se sea ser si sido sin sobre solo
        somos son soy su sus tal tambien tampoco tan te ti tu tus usted ustedes va vamos voy y
        ya yo favor ayuda ayudar ahora hoy ayer manana siempre nunca vez cosa tema
        about after again all also am an and any are as at be because been before but by can
        cannot could did do does doing done dont for from get had has have having hello help
        her here hers hi him his how i if in into is it its just like me more most my need no
        nor not now of off on once only or other our out over please regards same she should so
        some such than thank thanks that the their them then there these they this those though
        through to too today under until up us very want was we were what when where which
        while who why will with would yes yesterday you your im ive cant wont isnt doesnt
        tomorrow always never thing dear best kind good morning afternoon"""
    ).split()
)


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found. `matched`: how many of the question's words it has."""

    article: Article
    score: float
    matched: int
    share: float  #: of the question's weight that it covers, 0 to 1
    strength: float  #: its score, where a word of one article alone weighs 1
    asked: int  #: the question's words


class Index:
    """Articles ready to be searched. Built anew whenever one changes."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self.articles = tuple(articles)
        self._fields = [_weights(article) for article in self.articles]
        self._lengths = [sum(field.values()) for field in self._fields]
        self._average = sum(self._lengths) / (len(self._lengths) or 1)
        self._places: dict[str, list[int]] = {}
        for number, field in enumerate(self._fields):
            for term in field:
                self._places.setdefault(term, []).append(number)

    def search(self, question: str, *, lang: str) -> list[Hit]:
        """What has any of the question's words, best first. `lang` says how they inflect."""
        asked = dict.fromkeys(terms(question, lang))
        weights = {term: self._rarity(term) for term in asked}
        whole = sum(weights.values()) or 1.0
        one = self._idf(1)
        scores: dict[int, float] = {}
        found: dict[int, list[str]] = {}
        for term, rarity in weights.items():
            for number in self._places.get(term, ()):
                gain = rarity * self._saturated(number, term)
                scores[number] = scores.get(number, 0.0) + gain
                found.setdefault(number, []).append(term)
        return [
            Hit(
                self.articles[number],
                score,
                len(found[number]),
                sum(weights[term] for term in found[number]) / whole,
                score / one,
                len(asked),
            )
            for number, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        ]

    def _rarity(self, term: str) -> float:
        """The inverse document frequency; a word that no article has counts like the rarest."""
        return self._idf(len(self._places.get(term, ())))

    def _idf(self, having: int) -> float:
        """Few articles say little about it: they are taken for part of a larger library."""
        library = max(len(self.articles), _LIBRARY)
        return math.log(1 + (library - having + 0.5) / (having + 0.5))

    def _saturated(self, number: int, term: str) -> float:
        weight = self._fields[number][term]
        length = 1 - _B + _B * self._lengths[number] / (self._average or 1)
        return weight * (_K1 + 1) / (weight + _K1 * length)


def terms(text: str, lang: str) -> list[str]:
    """The words that matter, in the form in which they are compared."""
    words = [fold(word) for word in split(text)[:_MOST_WORDS]]
    kept = [word for word in words if len(word) > 1 and word not in _STOP]
    return _stem(kept, lang)


def _stem(words: Sequence[str], lang: str) -> list[str]:
    return [_stemmed(word, lang) for word in words]


@lru_cache(maxsize=20_000)
def _stemmed(word: str, lang: str) -> str:
    name = _STEMMERS.get(lang)
    if name is None or not word.isalpha():
        return word
    stem = str(_stemmer(name).stemWord(word))
    # without its accents a Spanish verb keeps an ending that the stemmer knows only with them
    return stem.rstrip("aeo") if lang == "es" and len(stem) > 4 else stem


@lru_cache(maxsize=4)
def _stemmer(name: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(name)


def _weights(article: Article) -> dict[str, float]:
    """Each term of an article by what its places weigh."""
    field: dict[str, float] = {}
    for text, weight in (
        (article.title, TITLE),
        (" ".join(article.keywords), KEYWORDS),
        (article.text, TEXT),
    ):
        for term in terms(text, article.lang):
            field[term] = field.get(term, 0.0) + weight
    return field
