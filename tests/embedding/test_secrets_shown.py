"""Rule 9: at most seven characters of the token show, however a server writes it; letter and address never do."""

from __future__ import annotations

import asyncio
import json
import logging
import pprint
import signal
import subprocess
import sys
import threading
import time
import traceback
from base64 import b64encode
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import rich
from conftest import LETTER, is_ours, ok, order
from embedding.calling import failure, outcome, results
from raw_server import RawServer
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback
from servers import Listener, hold

from thanksio import AsyncThanksIO, CancelResult, ConfigurationError, OrderNotCancelledError, ThanksIO

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from thanksio.testing import FakeThanksIO

LARAVEL = "17|aB3dE5gH7jK9mN1pQ2sT4vX6zA8cD0fG2hJ4kL6n"  # as Laravel Sanctum makes them: 40 random characters
ADDRESS = "12 Hidden Lane, Springfield"
# Ways to write a token, and the length of what shows eight characters of it; test_redact.py has the others.
ENCODED: dict[str, tuple[Callable[[str], str], int]] = {
    "as it is": (str, 8),
    "in the other case": (str.swapcase, 8),
    "in hexadecimal": (lambda token: token.encode().hex(), 16),
}


def runs(text: str, length: int) -> list[str]:
    return [text[start : start + length].lower() for start in range(len(text) - length + 1)]


def says(where: str, echo: str) -> httpx.MockTransport:
    """Put the echo somewhere in a response, or in an exception of the transport."""

    def handle(_request: httpx.Request) -> httpx.Response:
        if where == "exception":
            raise httpx.RemoteProtocolError(f"illegal line: {echo}.")
        kind = "text/html" if where == "title" else "text/plain"
        page = {"title": f"<title>Bad token: {echo}.</title>", "text": f"Bad token: {echo}."}
        if where in page:
            return httpx.Response(403, text=page[where], headers={"content-type": kind})
        document = {"message": f"Bad token: {echo}."} if where == "message" else {"errors": {"t": [f"{echo} is bad"]}}
        return ok(document, 422)

    return httpx.MockTransport(handle)


def shown_by(error: Any) -> str:
    parts = [str(error), repr(error), error.args, getattr(error, "message", ""), getattr(error, "body", "")]
    return "\n".join([*map(str, parts), repr(error.__cause__), json.dumps(getattr(error, "body", ""))]).lower()


@pytest.mark.parametrize("where", ["message", "errors", "text", "title", "exception"])
@pytest.mark.parametrize(("encode", "length"), ENCODED.values(), ids=ENCODED.keys())
def test_at_most_seven_characters_of_an_echoed_token_show(
    where: str, encode: Callable[[str], str], length: int
) -> None:
    echo = encode(LARAVEL)

    shown = shown_by(failure("sync", token=LARAVEL, transport=says(where, echo)))

    assert [run for run in runs(echo, length) if run in shown] == []
    assert where == "exception" or "bad" in shown


@pytest.mark.parametrize("fill", range(440, 520, 9))
def test_a_token_that_is_cut_by_the_limit_of_an_excerpt_is_hidden_as_well(fill: int) -> None:
    for where in ("message", "errors", "text"):
        shown = shown_by(failure("sync", token=LARAVEL, transport=says(where, "y" * fill + LARAVEL)))

        assert [run for run in runs(LARAVEL, 8) if run in shown] == []


@pytest.mark.parametrize("word", ["reviewing", "Processing", "fulfilled", "delivered", "cancelled"])
def test_a_listed_status_word_is_never_redacted(kind: str, word: str) -> None:
    """A token may contain one by chance."""
    token = f"17|{word}{'q8' * 16}"

    found = outcome(kind, token=token, transport=httpx.MockTransport(lambda _: ok(order(word))))

    if word == "cancelled":
        assert found.status == word
        return
    assert type(found) is OrderNotCancelledError
    assert found.status == word
    assert word in str(found)
    assert found.order.status == word


# Locals of our frames, which error reporters collect


def our_frames(trace: TracebackType | None) -> Iterator[dict[str, object]]:
    for frame, _ in traceback.walk_tb(trace):
        if is_ours(frame.f_code.co_filename):
            yield frame.f_locals


def assert_no_local_holds(error: BaseException, *secrets: str) -> None:
    chain: list[BaseException] = [error]
    while chain[-1].__cause__ or chain[-1].__context__:
        chain.append(chain[-1].__cause__ or chain[-1].__context__ or error)
    ours = [shown for each in chain for shown in our_frames(each.__traceback__)]
    assert ours
    for shown in ours:
        text = "\n".join(f"{name} = {pretty_repr(value)} {value!r}" for name, value in shown.items())
        assert [secret for secret in secrets if secret in text] == []


UNUSABLE = {
    "bytes": LARAVEL.encode(),
    "list": [LARAVEL],
    "dict": {"token": LARAVEL},
    "tuple": (LARAVEL,),
    "bytearray": bytearray(LARAVEL.encode()),
    "space": f"{LARAVEL} x",
    "Bearer": f"Bearer {LARAVEL}",
    "not ASCII": f"{LARAVEL}é",
    "control character": f"{LARAVEL}\x07",
    "line": f"{LARAVEL}\n{LARAVEL}",
}


@pytest.mark.parametrize("token", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_token_that_cannot_be_used_is_in_no_frame_of_ours(kind: str, token: Any) -> None:
    error = failure(kind, token=token)

    assert type(error) is ConfigurationError
    assert LARAVEL not in shown_by(error)
    assert_no_local_holds(error, LARAVEL[3:])


@pytest.mark.parametrize("setting", [{"timeout": 0}, {"transport": 5}, {"pace": 5}, {"retry": None}, {"base_url": "x"}])
def test_a_token_beside_another_unusable_setting_is_in_no_frame_of_ours(kind: str, setting: dict[str, Any]) -> None:
    error = failure(kind, token=LARAVEL, **setting)

    assert_no_local_holds(error, LARAVEL[3:])


def interrupted(act: Callable[[socket.socket], None]) -> BaseException:
    """Call a server on loopback that acts as soon as it has the request."""
    with RawServer(act) as server:
        error = outcome("sync", token=LARAVEL, base_url=server.base_url, timeout=5)
    assert isinstance(error, BaseException)
    return error


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[object], None]]:
    """Return a function for another thread that interrupts this one as Ctrl-C would."""

    def raise_it(*_: object) -> None:
        raise KeyboardInterrupt

    main = threading.main_thread().ident or 0
    before = signal.signal(signal.SIGUSR1, raise_it)

    def act(_: object) -> None:
        time.sleep(0.05)  # so that the answer is being waited for
        signal.pthread_kill(main, signal.SIGUSR1)
        time.sleep(0.5)

    yield act
    signal.signal(signal.SIGUSR1, before)


def test_an_interrupt_in_the_middle_of_a_call_has_no_secret_in_our_frames(ctrl_c: Any) -> None:
    error = interrupted(ctrl_c)

    assert type(error) is KeyboardInterrupt
    assert_no_local_holds(error, LARAVEL[3:])


PROXY_PASSWORD = "geheim@wort:8"
PROXY = "{}://operator:geheim%40wort%3A8@127.0.0.1:{}"
BASIC = b64encode(f"operator:{PROXY_PASSWORD}".encode()).decode()
OF_A_PROXY = (PROXY_PASSWORD, "geheim%40wort%3A8", BASIC, LARAVEL[3:])


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_an_interrupt_while_a_proxy_is_waited_for_has_no_secret_in_our_frames(ctrl_c: Any, scheme: str) -> None:
    def act(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"" if scheme == "http" else b"\5\2")
        ctrl_c(connection)

    with Listener(act) as server:
        proxy = PROXY.format(scheme, server.port)
        error = outcome("sync", token=LARAVEL, base_url="https://api.example.test", timeout=5, proxy=proxy)

    assert type(error) is KeyboardInterrupt
    assert_no_local_holds(error, *OF_A_PROXY)


def test_a_task_cancelled_while_a_proxy_is_waited_for_has_no_secret_in_our_frames() -> None:
    async def give_up(proxy: str) -> BaseException:
        client = AsyncThanksIO(LARAVEL, base_url="https://api.example.test", proxy=proxy)
        task = asyncio.create_task(client.cancel_order(37294))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    with Listener(hold) as server:
        error = asyncio.run(give_up(PROXY.format("http", server.port)))

    assert type(error) is asyncio.CancelledError
    assert_no_local_holds(error, *OF_A_PROXY)


@pytest.mark.parametrize(
    "setting", [{"base_url": "ftp://x"}, {"token": ""}, {"ssl_context": 1}, {"timeout": 0}], ids=str
)
def test_a_proxys_password_beside_an_unusable_setting_is_in_no_frame_of_ours(
    kind: str, setting: dict[str, Any]
) -> None:
    settings = {"base_url": "https://api.example.test", "proxy": PROXY.format("http", 1)} | setting

    assert_no_local_holds(outcome(kind, **settings), *OF_A_PROXY)


def test_no_frame_of_ours_holds_what_was_written_or_by_whom(kind: str) -> None:
    """In each case the response was an order with a letter."""
    letter = {"message": LETTER, "return_address": ADDRESS}
    for answer in (ok(order("reviewing", **letter)), ok(order(id=1, **letter)), ok(order("canceled", **letter), 422)):
        error = failure(kind, token=LARAVEL, transport=httpx.MockTransport(lambda _, answer=answer: answer))

        assert_no_local_holds(error, LARAVEL[3:], LETTER, ADDRESS)


# Rich, which reads the fields of attrs classes and shows locals


def drawn(thing: object) -> str:
    file = StringIO()
    Console(file=file, width=500).print(thing)
    return file.getvalue()


def assert_hidden(text: str, *, names: str = "37294") -> None:
    assert names in text
    assert LETTER not in text
    assert ADDRESS not in text
    assert LARAVEL[3:] not in text


@pytest.mark.parametrize("show", [drawn, pretty_repr, pprint.pformat, repr, str, "{!r:}".format])
def test_an_order_that_is_shown_shows_no_letter(kind: str, show: Callable[[object], str]) -> None:
    answer = ok(order("cancelled", message=LETTER, return_address=ADDRESS, unlisted={"note": LETTER}))
    transport = httpx.MockTransport(lambda _: answer)
    found = outcome(kind, transport=transport)
    (result,) = results(kind, [37294], transport=transport)

    for thing in (found, [found], {"order": found}, CancelResult(37294, "cancelled", found), result):
        assert_hidden(show(thing))
    assert found.message == LETTER


@pytest.mark.parametrize("show", [drawn, pretty_repr, repr, str])
def test_an_error_that_is_shown_shows_no_letter(kind: str, show: Callable[[object], str]) -> None:
    answer = ok(order("reviewing", message=LETTER, return_address=ADDRESS))

    error = failure(kind, transport=httpx.MockTransport(lambda _: answer))

    assert_hidden(show(error))
    assert_hidden(show([error]))


def call_and_fail(answer: httpx.Response) -> None:
    """Raise while local variables hold an order, a result and a client."""
    with ThanksIO(LARAVEL, base_url="http://127.0.0.1:1", transport=httpx.MockTransport(lambda _: answer)) as client:
        found = client.cancel_order(37294)
        (result,) = client.cancel_orders([37294], pace=False)
        raise LookupError(found.id, result.verdict)


@pytest.mark.parametrize("status", ["cancelled", "reviewing", "canceled"])
def test_a_traceback_with_locals_shows_no_letter(status: str) -> None:
    """It is what Typer prints, and what error reporters collect."""
    answer = ok(order(status, message=LETTER, return_address=ADDRESS))

    with pytest.raises(Exception, match="37294") as caught:
        call_and_fail(answer)
    trace = Traceback.from_exception(
        caught.type, caught.value, caught.value.__traceback__, show_locals=True, locals_max_string=10_000
    )

    assert_hidden(drawn(trace), names="locals")


def test_richs_own_print_is_covered(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ok(order("cancelled", message=LETTER, return_address=ADDRESS))

    rich.print(outcome("sync", transport=httpx.MockTransport(lambda _: answer)))

    assert_hidden(capsys.readouterr().out)


# Logging


def test_our_log_records_hold_no_secret(kind: str, fake: FakeThanksIO, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake.orders[37294].fields |= {"message": LETTER, "return_address": ADDRESS, "unlisted": LETTER}
    fake.fail_next("lost_response")

    outcome(kind, base_url=fake.base_url)
    outcome(kind, token=LARAVEL, transport=says("message", LARAVEL))

    ours = [record for record in caplog.records if record.name.partition(".")[0] == "thanksio"]
    assert ours
    for record in ours:
        text = f"{record.getMessage()} {record.args!r} {record.exc_text}"
        assert [secret for secret in (fake.token, LARAVEL[3:], LETTER, ADDRESS) if secret in text] == []


LOGGERS = """
import logging, httpx, httpcore
names = [f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")] + ["httpx", "httpcore", ""]

def state():
    known = [*map(logging.getLogger, names), *map(logging.getLogger, logging.root.manager.loggerDict)]
    ours = {logger.name: logger for logger in known if not logger.name.startswith("thanksio")}
    return {n: (x.level, x.filters[:], x.handlers[:], x.propagate, x.disabled) for n, x in ours.items()}

before = state()
from thanksio import AsyncThanksIO, ThanksIO
ThanksIO("token").close()
AsyncThanksIO("token")
changed = [name for name, was in before.items() if state()[name] != was]
print(changed, logging.root.manager.disable, logging.getLogRecordFactory().__name__)
"""


def test_a_constructor_changes_no_global_logger() -> None:
    done = subprocess.run([sys.executable, "-c", LOGGERS], capture_output=True, text=True, check=False, timeout=30)

    assert (done.stdout.strip(), done.stderr) == ("[] 0 LogRecord", "")


def test_what_a_caller_stored_with_an_order_shows_its_keys_alone(kind: str) -> None:
    answer = ok(order(metadata={"campaign": LETTER}, addons={}))
    found: Any = outcome(kind, transport=httpx.MockTransport(lambda _: answer))

    for shown in (repr(found.metadata), pretty_repr(found.metadata)):
        assert "campaign" in shown
        assert LETTER not in shown
    assert repr(found.addons) == "<OrderAddonsType0 with the keys none>"
    assert dict(found.metadata) == {"campaign": LETTER}
