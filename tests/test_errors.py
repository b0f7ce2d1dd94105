"""The error tree: values that pickle, copy and keep their cause, and that hold no secret."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import traceback

import httpx
import pytest
from conftest import LETTER, TOKEN, Connect, is_ours, ok, order, script

import thanksio
from thanksio import Order, errors

TREE = {name: value for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}


def test_every_error_stands_in_the_tree_and_at_the_top() -> None:
    assert set(errors.__all__) == TREE.keys()
    assert all(getattr(thanksio, name) is kind for name, kind in TREE.items())
    assert all(issubclass(kind, errors.ThanksIOError) for kind in TREE.values())
    assert all(name.endswith("Error") and name in (errors.__doc__ or "") for name in TREE)


def test_errors_are_also_what_python_calls_them() -> None:
    assert issubclass(errors.ConfigurationError, ValueError)
    assert issubclass(errors.InvalidOrderIdError, ValueError)
    assert issubclass(errors.APITimeoutError, TimeoutError)


@pytest.mark.parametrize(
    "name", sorted(TREE.keys() - {"ThanksIOError", "ConfigurationError", "OrderNotCancelledError"})
)
def test_an_error_says_in_a_sentence_what_to_do(name: str) -> None:
    """Those left out take theirs from the case."""
    assert re.fullmatch(r"[A-Z][a-z]+ .+\.", getattr(errors, name).advice)


def test_an_error_claims_nothing_that_it_was_not_told() -> None:
    """So that a test of your own can raise one."""
    nothing = {"may_have_cancelled": False, "attempts": 0}
    shown = Order(id=37294, status="reviewing")

    not_cancelled = errors.OrderNotCancelledError("", order=shown, facts=shown)

    assert vars(errors.APIConnectionError("")) == nothing
    assert vars(errors.ServerError("", status_code=500)) == nothing | {
        "status_code": 500,
        "message": "",
        "retry_after": None,
        "body": "",
    }
    assert (not_cancelled.may_have_cancelled, not_cancelled.attempts, not_cancelled.advice) == (False, 0, "")


SOURCES: dict[str, list[httpx.Response | Exception]] = {
    "not cancelled": [ok(order("reviewing"))],
    "secrets everywhere": [ok(order(f"{TOKEN} reviewing", size={"message": LETTER}, type=TOKEN, method=[[LETTER]]))],
    "unreadable": [ok(order(id=1))],
    "422": [ok({"message": f"no, {TOKEN}"} | order("reviewing"), 422, date=TOKEN)],
    "429": [ok({"message": "slow"}, 429, retry_after="3600")],
    "500": [httpx.Response(500, text=f"{TOKEN} failed", headers={"content-type": "text/plain"})],
    "lost": [httpx.ReadError(f"broken {TOKEN}")],
    "quoted": [httpx.RemoteProtocolError(f"illegal header line: bytearray(b'X: {LETTER}')")],
    "late": [httpx.ReadTimeout("late")],
    "refused": [httpx.ConnectError("refused")],
    "foreign": [RuntimeError(f"a transport of somebody's, {TOKEN}")],
}


@pytest.fixture(params=SOURCES.values(), ids=list(SOURCES))
def error(request: pytest.FixtureRequest, connect: Connect) -> errors.ThanksIOError:
    with pytest.raises(errors.ThanksIOError) as caught:
        connect(script(*request.param)[0]).cancel_order(37294)
    return caught.value


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_copying_and_pickling(error: errors.ThanksIOError, copied: object) -> None:
    assert callable(copied)
    twin = copied(error)

    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert repr(twin) == repr(error)
    assert vars(twin).keys() == vars(error).keys()
    assert {**vars(twin), "order": 0, "_facts": 0} == {**vars(error), "order": 0, "_facts": 0}
    assert repr(twin.__cause__) == repr(error.__cause__)


def test_an_error_holds_neither_token_nor_letter(error: errors.ThanksIOError) -> None:
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [frame for frame in frames if is_ours(frame.filename)]
    shown = [str(error), repr(error), repr(vars(error)), repr(error.__cause__), repr([frame.locals for frame in ours])]

    assert ours
    assert error.__context__ is None
    for text in [*shown, pickle.dumps(error).decode("latin-1")]:
        assert TOKEN not in text
        assert LETTER not in text


def test_an_error_says_what_happened_what_is_true_and_what_to_do(error: errors.ThanksIOError) -> None:
    assert str(error).startswith("Order 37294: ")
    assert ("may have been cancelled" if error.may_have_cancelled else "did not cancel it") in str(error)
    assert error.advice
    assert str(error).endswith(error.advice)
    assert len(str(error)) < 500


def test_a_lost_answer_keeps_what_was_lost_as_its_cause(connect: Connect) -> None:
    with pytest.raises(errors.APIConnectionError) as caught:
        connect(script(httpx.ReadError("reset by peer"))[0]).cancel_order(37294)

    cause = caught.value.__cause__
    assert type(cause) is httpx.ReadError
    assert str(cause) == "reset by peer"
    assert cause.__traceback__ is None


def test_a_foreign_exception_of_a_transport_is_named_in_the_cause(connect: Connect) -> None:
    with pytest.raises(errors.APIConnectionError) as caught:
        connect(script(KeyError("x"))[0]).cancel_order(37294)

    assert repr(caught.value.__cause__) == "ConnectionError('the transport raised KeyError')"
    assert caught.value.may_have_cancelled is True


def test_a_pickled_order_loses_what_was_written_and_to_whom(connect: Connect) -> None:
    with pytest.raises(errors.OrderNotCancelledError) as caught:
        connect(script(ok(order("reviewing")))[0]).cancel_order(37294)

    twin = pickle.loads(pickle.dumps(caught.value))

    kept = ["id", "status", "display_status", "type", "size", "method", "created_at", "updated_at"]
    kept += ["total_estimated_recipients", "total_recipients", "authorization_total", "grand_total"]
    assert twin.order.to_dict() == {name: caught.value.order.to_dict()[name] for name in kept}
    assert caught.value.order.message == LETTER
    assert not twin.order.message
    assert not twin.order.return_address
