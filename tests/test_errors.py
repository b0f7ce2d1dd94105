"""The error tree: values that are made of JSON, survive pickling, copying and rebuilding, and hold no secret."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import CANCELLED, LETTER, TOKEN, Connect, is_ours, ok, order, script

import thanksio
from thanksio import errors

if TYPE_CHECKING:
    from collections.abc import Callable

TREE: dict[str, type[errors.ThanksIOError]] = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, errors.ThanksIOError)
}
SURE = {"ConfigurationError", "InvalidOrderIdError", "OrderNotCancelledError"}  # nothing was cancelled
SHOWN = {"id": 37294, "status": "reviewing", "grand_total": 267}


def test_every_error_is_in_the_tree_and_at_the_top() -> None:
    assert set(errors.__all__) == TREE.keys()
    assert all(getattr(thanksio, name) is kind for name, kind in TREE.items())
    assert len(TREE) == sum(isinstance(value, type) and issubclass(value, Exception) for value in vars(errors).values())
    assert all(name.endswith("Error") and name in (errors.__doc__ or "") for name in TREE)


def test_errors_are_also_what_python_calls_them() -> None:
    assert issubclass(errors.ConfigurationError, ValueError)
    assert issubclass(errors.InvalidOrderIdError, ValueError)
    assert issubclass(errors.APITimeoutError, TimeoutError)
    assert issubclass(errors.APITimeoutError, errors.APIConnectionError)
    assert all(
        issubclass(kind, errors.APIStatusError)
        for kind in (
            errors.AuthenticationError,
            errors.CancellationRefusedError,
            errors.OrderNotFoundError,
            errors.PaymentRequiredError,
            errors.PermissionDeniedError,
            errors.RateLimitError,
            errors.ServerError,
        )
    )


@pytest.mark.parametrize(
    "name", sorted(TREE.keys() - {"ThanksIOError", "ConfigurationError", "OrderNotCancelledError"})
)
def test_every_error_has_advice(name: str) -> None:
    """The others have advice for each case."""
    assert re.fullmatch(r"[A-Z][a-z]+ .+\.", TREE[name].advice)


# Rule 12: an error that was made from a message alone claims no more than its class says


@pytest.mark.parametrize("name", sorted(TREE))
@pytest.mark.parametrize("arguments", [(), ("Lost.",), ("Lost.", None), ("Lost.", {})])
def test_an_error_without_facts_leaves_the_outcome_unknown(name: str, arguments: tuple[Any, ...]) -> None:
    """So that a test of your own can raise one, and so that no outcome is lost with the facts."""
    error = TREE[name](*arguments)

    assert error.may_have_cancelled is (name not in SURE)
    assert (error.attempts, error.advice) == (0, TREE[name].advice)
    assert error.args == (arguments[0] if arguments else "", {})
    assert str(error) == error.args[0]
    assert repr(error) == f"{name}({error.args[0]!r})"


def test_an_error_without_facts_has_all_of_its_attributes() -> None:
    status, connection = errors.ServerError("Failed."), errors.APITimeoutError("Late.")
    validation, shown = errors.APIResponseValidationError("Unreadable."), errors.OrderNotCancelledError("Printed.")

    assert (status.status_code, status.message, status.retry_after, status.body) == (0, "", None, "")
    assert connection.is_permanent is False
    assert (validation.order, validation.status) == (None, "")
    assert shown.status == ""
    assert not hasattr(shown, "order")


FACTS: dict[str, Any] = {"may_have_cancelled": False, "attempts": 3, "advice": "Ask the operator."}


@pytest.mark.parametrize("name", sorted(TREE))
@pytest.mark.parametrize("unknown", [True, False])
def test_the_text_and_the_facts_of_an_error_agree(name: str, *, unknown: bool) -> None:
    error = TREE[name]("Lost.", FACTS | {"may_have_cancelled": unknown})

    assert error.may_have_cancelled is unknown
    assert (error.attempts, error.advice) == (3, "Ask the operator.")
    assert error.args == ("Lost.", FACTS | {"may_have_cancelled": unknown})


def test_a_status_error_holds_the_facts_of_the_response() -> None:
    error = errors.RateLimitError(
        "Slow.", {"status_code": 429, "message": "slow", "retry_after": 7, "body": '{"message": "slow"}'}
    )

    assert (error.status_code, error.message, error.body) == (429, "slow", '{"message": "slow"}')
    assert (type(error.retry_after), error.retry_after) == (float, 7.0)
    assert errors.RateLimitError("Slow.", {"retry_after": 0}).retry_after == 0.0
    assert errors.RateLimitError("Slow.", {"retry_after": None}).retry_after is None


def test_a_connection_error_knows_whether_it_is_permanent() -> None:
    assert errors.APIConnectionError("Untrusted.", {"is_permanent": True}).is_permanent is True


@pytest.mark.parametrize("kind", [errors.OrderNotCancelledError, errors.APIResponseValidationError])
@pytest.mark.parametrize("shown", [SHOWN, {"id": 37294, "status": "reviewing"}], ids=["more", "the_least"])
def test_an_error_that_shows_an_order_holds_its_safe_fields(kind: type[Any], shown: dict[str, object]) -> None:
    error = kind("Shown.", {"order": shown})

    assert error.status == "reviewing"
    assert error.order.to_dict() == shown


@pytest.mark.parametrize("shown", [{"id": 1}, {"status": "reviewing"}, {}, None])
def test_a_part_of_an_order_is_no_order(shown: object) -> None:
    error = errors.APIResponseValidationError("Shown.", {"order": shown})

    assert error.order is None
    assert error.status == (shown or {}).get("status", "")  # type: ignore[attr-defined]


def test_the_facts_of_an_error_are_its_own() -> None:
    facts: dict[str, Any] = {"attempts": 1}
    error = errors.ServerError("Failed.", facts)
    facts["attempts"] = 2

    assert error.args[1] == {"attempts": 1}


# Rules 9 and 12, for the errors of calls


SOURCES: dict[str, list[httpx.Response | Exception]] = {
    "not cancelled": [ok(order("reviewing"))],
    "not listed": [ok(order("canceled"))],
    "secrets everywhere": [ok(order(f"{TOKEN} reviewing", size={"message": LETTER}, type=TOKEN, method=[[LETTER]]))],
    "unreadable": [ok(order(id=1))],
    "422": [ok({"message": f"no, {TOKEN}"}, 422, date=TOKEN)],
    "422 with an order": [ok({"message": f"no, {TOKEN}"} | order("reviewing"), 422)],
    "403 page": [httpx.Response(403, html=f"<title>{TOKEN}</title>{LETTER}")],
    "429": [ok({"message": "slow"}, 429, retry_after="3600")],
    "500": [httpx.Response(500, text=f"{TOKEN} failed", headers={"content-type": "text/plain"})],
    "lost": [httpx.ReadError(f"broken {TOKEN}")],
    "late": [httpx.ReadTimeout("late")],
    "refused": [httpx.ConnectError("refused")],
    "foreign": [OSError(5, f"of another transport, {TOKEN}")],
}


@pytest.fixture(params=SOURCES.values(), ids=list(SOURCES))
def error(request: pytest.FixtureRequest, connect: Connect) -> errors.ThanksIOError:
    with pytest.raises(errors.ThanksIOError) as caught:
        connect(script(*request.param)[0]).cancel_order(37294)
    return caught.value


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
    "args": lambda error: type(error)(*error.args),
    "JSON": lambda error: type(error)(*json.loads(json.dumps(error.args))),
    "twice": lambda error: pickle.loads(pickle.dumps(type(error)(*error.args))),
}


def told(error: errors.ThanksIOError) -> dict[str, object]:
    shown = getattr(error, "order", None)
    return vars(error) | {"order": shown and shown.id}


def test_an_error_survives_copying_pickling_and_rebuilding(error: errors.ThanksIOError) -> None:
    for name, copied in COPIES.items():
        twin = copied(error)

        assert type(twin) is type(error), name
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args), name
        assert told(twin) == told(error), name


def test_a_pickle_keeps_the_cause_and_what_was_added() -> None:
    error = errors.ServerError("Failed.", {"attempts": 1})
    error.__cause__ = ValueError("why")
    error.add_note("seen in the test")

    twin = pickle.loads(pickle.dumps(error))

    assert repr(twin.__cause__) == "ValueError('why')"
    assert twin.__notes__ == ["seen in the test"]
    assert b"_facts" not in pickle.dumps(error)  # the args hold them already


def test_a_changed_error_stays_changed() -> None:
    error = errors.ServerError("Failed.", {"may_have_cancelled": False})
    error.may_have_cancelled = True

    assert pickle.loads(pickle.dumps(error)).may_have_cancelled is True


def test_an_error_holds_neither_token_nor_letter(error: errors.ThanksIOError) -> None:
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [frame for frame in frames if is_ours(frame.filename)]
    shown = [str(error), repr(error), repr(vars(error)), repr(error.__cause__), repr([frame.locals for frame in ours])]

    assert ours
    assert error.__context__ is None
    for text in [*shown, json.dumps(error.args), pickle.dumps(error).decode("latin-1")]:
        assert TOKEN not in text
        assert LETTER not in text


def test_an_error_has_what_happened_what_is_true_and_what_to_do(error: errors.ThanksIOError) -> None:
    assert str(error).startswith("Order 37294: ")
    unknown = "It is unknown whether it was cancelled. "
    assert (unknown if error.may_have_cancelled else "This call did not cancel it. ") in str(error)
    assert error.advice
    assert str(error).endswith(error.advice)
    assert len(str(error)) < 500


def test_an_exception_of_a_foreign_transport_is_described(connect: Connect) -> None:
    """Rule 5: nothing witnessed that no byte was sent."""
    with pytest.raises(errors.APIConnectionError) as caught:
        connect(script(httpx.ConnectError("refused"))[0]).cancel_order(37294)

    assert caught.value.may_have_cancelled is True
    assert caught.value.__cause__ is None
    assert "because the transport raised ConnectError refused." in str(caught.value)


def test_other_exceptions_of_a_transport_pass_through(connect: Connect) -> None:
    handler, received = script(KeyError("x"))

    with pytest.raises(KeyError):
        connect(handler).cancel_order(37294)

    assert len(received) == 1


@pytest.mark.parametrize("status", ["reviewing", "canceled"])
def test_a_pickled_order_loses_what_was_written_and_to_whom(connect: Connect, status: str) -> None:
    with pytest.raises(errors.ThanksIOError) as caught:
        connect(script(ok(order(status)))[0]).cancel_order(37294)
    error: Any = caught.value

    twin = pickle.loads(pickle.dumps(error))

    kept = ["id", "status", "display_status", "type", "size", "method", "created_at", "updated_at"]
    kept += ["total_estimated_recipients", "total_recipients", "authorization_total", "grand_total"]
    assert twin.order.to_dict() == {name: error.order.to_dict()[name] for name in kept}
    assert twin.order.status == twin.status == status
    assert error.order.message == LETTER
    assert not twin.order.message
    assert not twin.order.return_address
    assert CANCELLED["order"].keys() > set(kept)
