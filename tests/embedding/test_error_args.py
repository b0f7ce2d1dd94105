"""Rule 12: an error is rebuilt from its args, a pickle or a copy without forgetting what it knows or claiming more."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from conftest import CANCELLED, LETTER, TOKEN, ok, order, script
from embedding.calling import failure, outcome, results

import thanksio
from thanksio import CancelResult, OrderNotCancelledError, errors

if TYPE_CHECKING:
    from collections.abc import Callable

public: Any = thanksio  # names that a checker need not know yet
TREE: dict[str, Any] = {n: k for n, k in vars(errors).items() if inspect.isclass(k) and issubclass(k, Exception)}
LETTERED = {"message": LETTER, "return_address": LETTER}
SAFE = {"id", "status", "display_status", "type", "size", "method", "created_at", "updated_at"}
SAFE |= {"total_estimated_recipients", "total_recipients", "authorization_total", "grand_total"}
FACTS = ["may_have_cancelled", "attempts", "advice", "status_code", "message", "retry_after", "body", "status"]


def call(*answers: httpx.Response | Exception, **settings: Any) -> Any:
    return failure("sync", transport=httpx.MockTransport(script(*answers)[0]), **settings)


def status(code: int) -> Callable[[], Any]:
    return lambda: call(httpx.ReadError("lost"), ok({"message": f"no, {TOKEN}"}, code, retry_after="3600"))


MADE: dict[str, Callable[[], Any]] = {
    "ThanksIOError": lambda: errors.ThanksIOError("of this package"),
    "ConfigurationError": lambda: failure("sync", token=""),
    "InvalidOrderIdError": lambda: failure("sync", "x", transport=httpx.MockTransport(script(ok())[0])),
    "OrderNotCancelledError": lambda: call(ok(order("Reviewing", **LETTERED))),
    "APIConnectionError": lambda: call(httpx.ReadError(f"lost {TOKEN}")),
    "APITimeoutError": lambda: call(httpx.ReadTimeout("late")),
    "APIResponseValidationError": lambda: call(ok(order("canceled", **LETTERED))),
    "JournalError": lambda: errors.JournalError("The journal cannot be written."),
    "APIStatusError": status(418),
    "AuthenticationError": status(401),
    "PaymentRequiredError": status(402),
    "PermissionDeniedError": status(403),
    "OrderNotFoundError": status(404),
    "CancellationRefusedError": status(422),
    "RateLimitError": status(429),
    "ServerError": status(500),
}
REBUILT: dict[str, Callable[[Any], Any]] = {
    "from args": lambda error: type(error)(*error.args),
    "from args that were JSON, as Celery does": lambda error: type(error)(*json.loads(json.dumps(error.args))),
    "twice": lambda error: type(error)(*json.loads(json.dumps(type(error)(*error.args).args))),
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "copied, then from args": lambda error: type(error)(*copy.deepcopy(error).args),
}
REBUILT |= {
    f"pickled by protocol {protocol}": lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))  # type: ignore[misc] # mypy cannot infer a lambda with a default
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
}


def facts(error: Any) -> dict[str, object]:
    return {name: getattr(error, name) for name in FACTS if hasattr(error, name)}


def test_every_class_has_an_example() -> None:
    assert MADE.keys() == TREE.keys()
    assert all(type(make()) is TREE[name] for name, make in MADE.items())


@pytest.mark.parametrize("name", TREE)
def test_args_are_the_message_and_facts_in_json(name: str) -> None:
    error = MADE[name]()

    message, known = error.args

    assert message == str(error)
    assert type(known) is dict
    assert json.loads(json.dumps(known)) == known
    assert TOKEN not in repr(error.args)
    assert LETTER not in repr(error.args)


@pytest.mark.parametrize("name", TREE)
def test_a_rebuilt_error_knows_what_the_first_one_knew(name: str) -> None:
    for way, rebuild in REBUILT.items():
        error = MADE[name]()

        twin = rebuild(error)

        assert type(twin) is type(error), way
        assert (str(twin), repr(twin)) == (str(error), repr(error)), way
        assert facts(twin) == facts(error), way
        assert json.dumps(twin.args) == json.dumps(error.args), way


@pytest.mark.parametrize("rebuild", REBUILT.values(), ids=REBUILT.keys())
@pytest.mark.parametrize("name", ["OrderNotCancelledError", "APIResponseValidationError"])
def test_of_the_order_in_an_error_only_facts_are_kept(name: str, rebuild: Callable[[Any], Any]) -> None:
    error = MADE[name]()
    assert error.order.message == LETTER

    twin = rebuild(error)

    shown = twin.order.to_dict()
    assert shown == {field: value for field, value in error.order.to_dict().items() if field in SAFE}
    assert twin.status == error.status
    assert LETTER.encode() not in pickle.dumps(error)


UNCERTAIN = [n for n, k in TREE.items() if issubclass(k, (errors.APIConnectionError, errors.APIStatusError))]
UNCERTAIN += ["APIResponseValidationError"]
CERTAIN = ["ConfigurationError", "InvalidOrderIdError", "OrderNotCancelledError"]


@pytest.mark.parametrize(("name", "may"), [(n, True) for n in UNCERTAIN] + [(n, False) for n in CERTAIN])
def test_an_error_that_knows_its_message_alone_claims_nothing(name: str, *, may: bool) -> None:
    error = TREE[name]("only words")

    for each in (error, pickle.loads(pickle.dumps(error)), copy.copy(error), type(error)(*error.args)):
        assert str(each) == "only words"
        assert each.may_have_cancelled is may
        assert each.attempts == 0


@pytest.mark.parametrize("rebuild", REBUILT.values(), ids=REBUILT.keys())
def test_a_timeout_has_no_errno(rebuild: Callable[[Any], Any]) -> None:
    """OSError takes two arguments for a number and its words."""
    error = MADE["APITimeoutError"]()

    for each in (error, rebuild(error)):
        assert isinstance(each, TimeoutError)
        assert (each.errno, each.strerror, each.filename) == (None, None, None)
        assert len(each.args) == 2
        assert str(each) == each.args[0]


@pytest.mark.parametrize("name", TREE)
def test_a_cause_and_notes_stay(name: str) -> None:
    def fail() -> None:
        error = MADE[name]()
        error.add_note("while order 37294 was looked at")
        raise error from ValueError("why")

    with pytest.raises(TREE[name]) as caught:
        fail()
    assert repr(caught.value.__cause__) == "ValueError('why')"

    for twin in (copy.copy(caught.value), copy.deepcopy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert twin.__notes__ == ["while order 37294 was looked at"]
        assert repr(twin.__cause__) == "ValueError('why')"


@pytest.mark.parametrize("odd", [{"may_have_cancelled": False, "x": 1}, {}, {"attempts": 2}], ids=repr)
@pytest.mark.parametrize("name", UNCERTAIN)
def test_facts_of_another_version_are_taken_as_far_as_they_are_known(name: str, odd: dict[str, object]) -> None:
    """A job queue may hold an error that an older or newer version of this package wrote."""
    error = TREE[name]("words", odd)

    assert error.may_have_cancelled is odd.get("may_have_cancelled", True)
    assert error.attempts == odd.get("attempts", 0)


# Results, orders and UNSET


def test_results_can_be_kept_in_a_set(kind: str) -> None:
    answers = [ok(order("cancelled", id=1)), ok(order("reviewing", id=2)), ok({"message": "no"}, 422)]
    handler, _ = script(*answers)
    found = results(kind, [1, 2, 3], transport=httpx.MockTransport(handler))

    assert len(set(found)) == 3
    assert {result.order_id for result in set(found)} == {1, 2, 3}


def test_results_of_the_same_values_are_equal_and_hash_alike() -> None:
    first, second = (outcome("sync", transport=httpx.MockTransport(script(ok())[0])) for _ in range(2))
    error = call(ok(order("reviewing")))
    times: dict[str, Any] = {"attempts": 1, "seconds": 0.5}
    equal = [CancelResult(order_id=37294, verdict="cancelled", order=each, **times) for each in (first, second)]
    seen: dict[str, Any] = {"order": error.order, "error": error}
    failed = [CancelResult(order_id=37294, verdict="not_cancelled", **seen, **times) for _ in range(2)]

    for one, other in (equal, failed):
        assert one == other
        assert hash(one) == hash(other)
        assert len({one, other}) == 1
    assert equal[0] != failed[0]
    assert equal[0] != CancelResult(order_id=37295, verdict="cancelled", order=first, **times)


def test_orders_of_the_same_fields_are_equal_and_hash_alike() -> None:
    answers = [ok(), ok(), ok(order("cancelled", grand_total=1))]
    one, same, other = (outcome("sync", transport=httpx.MockTransport(script(answer)[0])) for answer in answers)

    assert one == same != other
    assert hash(one) == hash(same)
    assert len({one, same, other}) == 2
    assert one != 37294
    assert hash(copy.deepcopy(one)) == hash(pickle.loads(pickle.dumps(one))) == hash(one)


@pytest.mark.parametrize("name", ["metadata", "addons"])
def test_metadata_and_addons_are_mappings(name: str) -> None:
    given = {"campaign": "spring", "n": 2, "nested": {"a": [1]}}
    found = outcome("sync", transport=httpx.MockTransport(script(ok(order(**{name: given})))[0]))
    value: Any = getattr(found, name)

    assert dict(value) == given
    assert {**value} == given
    assert dict(**value) == given
    assert list(value) == list(given)
    assert (len(value), "n" in value, "x" in value, value["n"]) == (3, True, False, 2)
    assert list(value.items()) == list(given.items())
    assert (list(value.keys()), list(value.values())) == (list(given), list(given.values()))
    assert (value.get("n"), value.get("x"), value.get("x", 5)) == (2, None, 5)
    assert hash(found) == hash(copy.deepcopy(found))


def test_unset_is_one_and_stays_the_one() -> None:
    unset = public.UNSET
    twins = [copy.copy(unset), copy.deepcopy(unset), copy.deepcopy([unset])[0]]
    twins += [pickle.loads(pickle.dumps(unset, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]

    assert all(twin is unset for twin in twins)
    assert isinstance(unset, public.Unset)
    assert not unset
    assert {"UNSET", "Unset"} <= set(thanksio.__all__)


def test_a_field_that_the_server_left_out_is_unset_also_in_a_copy() -> None:
    answer = ok({"order": {"id": 37294, "status": "cancelled"}})
    found = outcome("sync", transport=httpx.MockTransport(script(answer)[0]))

    for each in (found, copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert each.message is public.UNSET
        assert each.to_dict() == {"id": 37294, "status": "cancelled"}


@pytest.mark.parametrize(
    "fields", [{}, {"metadata": {"a": 1}, "addons": {}, "sub_account": {"id": 1}, "unlisted": [{}]}]
)
def test_an_order_is_json(kind: str, fields: dict[str, Any]) -> None:
    answer = order("cancelled", **fields)

    found = outcome(kind, transport=httpx.MockTransport(script(ok(answer))[0]))

    assert json.loads(json.dumps(found.to_dict())) == answer["order"]
    assert CANCELLED["order"].keys() <= found.to_dict().keys()


def test_an_order_in_an_error_is_all_of_it_until_it_is_copied(kind: str) -> None:
    answer = order("reviewing", **LETTERED)

    error = failure(kind, transport=httpx.MockTransport(script(ok(answer))[0]))

    assert type(error) is OrderNotCancelledError
    assert error.order.to_dict() == answer["order"]
