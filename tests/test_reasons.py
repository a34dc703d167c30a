"""Why: every reason a decision can be kept with is said in Spanish, too."""

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from maild.desk.reasons import decision_lines, in_words
from maild.ingest import trust
from maild.threading import match

matching = inspect.getmodule(match)
assert matching is not None


def reasons(module: ModuleType) -> Iterator[str]:
    """What a module says: the last word of each `Trust(…)`, and all that is `said`."""
    for call in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func)
        if name == "Trust":
            yield from texts(call.args[-1])
        elif name == "said.append":
            yield from texts(call.args[0])


def texts(node: ast.expr) -> Iterator[str]:
    """A text with 7 in the place of each value; variables are not followed."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "7" for p in node.values)
        yield "".join(map(str, parts))


@pytest.mark.parametrize("reason", sorted({*reasons(trust), *reasons(matching)}))
def test_every_reason_has_words_in_spanish(reason: str) -> None:
    """New evidence comes with its sentence; `dmarc=pass` is a header's own word."""
    if reason.startswith("dmarc="):
        assert in_words(reason, "es") == reason
    else:
        assert in_words(reason, "es") != reason
        assert in_words(reason, "en") == reason


def test_there_are_reasons_to_try() -> None:
    """The test above looks at something."""
    assert len({*reasons(trust), *reasons(matching)}) > 12


def test_a_decision_in_spanish() -> None:
    """Evidence, proof, kind and rules: a line each, numbers and addresses where they were."""
    decision = {
        "thread": {"evidence": ["tag #7: there is no such ticket", "nothing names a ticket"]},
        "proof": {"proof": "none", "because": "nothing proves the sender"},
        "sender": {"email": "luis@x.test"},
        "screening": {"automatic": "no-answer", "because": "empty envelope sender"},
        "cluster": {"count": 12},
        "rules": {"trace": [{"rule": "Acceso", "matched": True, "because": "old words"}]},
    }
    assert list(decision_lines(decision, "es")) == [
        "· etiqueta #7: no existe esa solicitud",
        "· nada nombra una solicitud",
        "· remitente luis@x.test: prueba ninguna, nada prueba quién es el remitente",
        "· sin respuesta posible: remitente vacío del sobre",
        "· número 12 de correos casi iguales",
        "✓ Acceso: old words",
    ]


def test_a_strangers_words_are_not_translated() -> None:
    """A long or strange reason stays as it is, in bounded time."""
    assert in_words("x" * 100_000, "es") == "x" * 100_000
    assert in_words("Subject: {0}, and {x}", "es") == "Subject: {0}, y {x}"
