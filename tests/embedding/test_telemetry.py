"""OpenTelemetry's httpx instrumentation sees every request below the span of the caller, in threads as well."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import httpx
import pytest
from conftest import TOKEN, ok, order
from embedding.calling import outcome, results
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thanksio.testing import FakeThanksIO

TENANT: ContextVar[str] = ContextVar("tenant", default="nobody")


@contextmanager
def as_acme() -> Iterator[None]:
    before = TENANT.set("acme")
    yield
    TENANT.reset(before)


class Traced:
    """What was traced: the spans of the requests, and the caller's own."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @contextmanager
    def caller(self) -> Iterator[None]:
        with self.provider.get_tracer("host").start_as_current_span("caller"):
            yield

    @property
    def requests(self) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name != "caller"]

    def assert_all_below_the_caller(self) -> None:
        (caller,) = (span for span in self._exporter.get_finished_spans() if span.name == "caller")
        assert [span.parent and span.parent.span_id for span in self.requests] == [
            caller.context and caller.context.span_id
        ] * len(self.requests)


@pytest.fixture
def traced() -> Iterator[Traced]:
    found, instrumentor = Traced(), HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=found.provider)
    yield found
    instrumentor.uninstrument()


def test_a_call_is_a_span_below_the_callers(kind: str, fake: FakeThanksIO, traced: Traced) -> None:
    assert outcome(kind, base_url=fake.base_url, within=traced.caller).id == 37294

    (span,) = traced.requests
    traced.assert_all_below_the_caller()
    assert "PUT" in span.name
    assert TOKEN not in span.to_json()


def test_each_attempt_is_a_span(kind: str, fake: FakeThanksIO, traced: Traced) -> None:
    fake.fail_next("lost_response")

    assert outcome(kind, base_url=fake.base_url, within=traced.caller).id == 37294

    assert len(traced.requests) == 2
    traced.assert_all_below_the_caller()


def test_each_request_of_a_run_is_a_span_below_the_callers(kind: str, fake: FakeThanksIO, traced: Traced) -> None:
    ids = [fake.place().id for _ in range(5)]

    found = results(kind, ids, base_url=fake.base_url, within=traced.caller)

    assert [result.verdict for result in found] == ["cancelled"] * 5
    assert len(traced.requests) == 5
    traced.assert_all_below_the_caller()


def test_a_run_sees_the_context_variables_of_its_caller(kind: str) -> None:
    """So that a log filter or a mock that reads one works in the threads of a run, too."""
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(TENANT.get())
        return ok(order(id=int(request.url.path.split("/")[2])))

    results(kind, range(1, 6), transport=httpx.MockTransport(handle), within=as_acme)

    assert seen == ["acme"] * 5


def test_our_log_records_of_a_run_are_made_in_the_callers_context(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """So that a handler that adds the tenant or the request id of the host finds them."""
    tenants: list[str] = []
    caplog.set_level(logging.DEBUG, "thanksio")

    def note(record: logging.LogRecord) -> bool:
        tenants.extend([TENANT.get()] if record.name.startswith("thanksio") else [])
        return True

    caplog.handler.addFilter(note)

    results(kind, [37294], transport=httpx.MockTransport(lambda _: ok()), within=as_acme)

    assert tenants
    assert set(tenants) == {"acme"}
