"""The interface keeps to its own description, whatever schemathesis makes of that."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.pages import PORTAL, Visitor
from tests.servers.ports import free_port
from tests.servers.sink import Sink
from tests.stories.office import Office
from tests.wire.desk import Desk

PATH, KEY = "/api/v1/tickets", {"Authorization": "Bearer s3cret-key"}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.positive_data_acceptance,
]
MORE = PORTAL.replace("127.0.0.1:8080", "127.0.0.1:{port}")
Send = Callable[[schemathesis.Case], Any]


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    return Visitor(Office(tmp_path, more=PORTAL))


def operation(described: dict[str, Any], departments: list[str]) -> Any:
    """What may be asked, with the departments of the config; keys are another test's matter."""
    del described["security"], described["components"]
    post = described["paths"][PATH]["post"]
    asked = post["requestBody"]["content"]["application/json"]["schema"]["properties"]
    asked["department"]["enum"] = [None, "", *departments]
    return schemathesis.openapi.from_dict(described)[PATH]["POST"]


def try_out(post: Any, mode: GenerationMode, times: int, send: Send) -> Counter[int]:
    """Requests made from the description (or against it); the statuses they got."""
    seen: Counter[int] = Counter()

    @settings(
        max_examples=times,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=post.as_strategy(generation_mode=mode))
    def each(case: schemathesis.Case) -> None:
        answer = send(case)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    each()
    return seen


def inside(visitor: Visitor) -> Send:
    """Hands a request to the pages of this very process."""

    def send(case: schemathesis.Case) -> httpx.Response:
        given = case.as_transport_kwargs(base_url="https://help.acme.test")
        names = {"json": "json", "data": "content"}
        asked = {ours: given[theirs] for theirs, ours in names.items() if theirs in given}
        headers = {**(given.get("headers") or {}), **KEY}
        return visitor.client.request(case.method, PATH, headers=headers, **asked)

    return send


def test_what_the_description_allows_is_taken(visitor: Visitor) -> None:
    """Requests made from it: each opens a ticket, and the answer is as described."""
    post = operation(visitor.get("/api/v1/openapi.json").json(), ["soporte", "ventas"])
    seen = try_out(post, GenerationMode.POSITIVE, 20, inside(visitor))
    assert set(seen) <= {200, 201}


def test_what_the_description_forbids_is_refused(visitor: Visitor) -> None:
    """Sixty that break it in one place each: 422, as described, and nothing is taken."""
    post = operation(visitor.get("/api/v1/openapi.json").json(), ["soporte", "ventas"])
    seen = try_out(post, GenerationMode.NEGATIVE, 60, inside(visitor))
    assert set(seen) == {422}
    assert visitor.office.store.browse.whole(1) is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", PATH, 401),
        ("GET", PATH, 405),
        ("PUT", PATH, 405),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/", 404),
        ("POST", "/api/v1/openapi.json", 405),
    ],
)
def test_programs_are_answered_in_json(
    visitor: Visitor, method: str, path: str, status: int
) -> None:
    """Whatever they do wrong: no page for people."""
    answer = visitor.client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert status != 405 or answer.headers["Allow"]


@pytest.mark.wire
@pytest.mark.proof
def test_hundreds_of_requests_to_a_running_daemon(
    tmp_path: Path, sink: Sink, record_property: Callable[[str, object], None]
) -> None:
    """Over the wire, made from the description and against it, with and without a key."""
    port = free_port()
    with Desk(tmp_path / "desk", sink=sink, more=MORE.format(port=port)) as desk:
        address = f"http://127.0.0.1:{port}"
        described = httpx.get(f"{address}/api/v1/openapi.json").json()
        post = operation(described, ["soporte"])

        def send(case: schemathesis.Case) -> Any:
            assert case.call(base_url=address).status_code == 401
            return case.call(base_url=address, headers=KEY)

        taken = try_out(post, GenerationMode.POSITIVE, 200, send)
        refused = try_out(post, GenerationMode.NEGATIVE, 400, send)
        assert set(taken) <= {200, 201}
        assert set(refused) == {422}
        desk.await_quiet()
        assert len(desk.tickets()) == taken[201]
        assert "failed" not in desk.log
    record_property("figure", f"{sum(taken.values())} taken, {sum(refused.values())} refused")
    record_property("target", "no 5xx, all answers as described")
