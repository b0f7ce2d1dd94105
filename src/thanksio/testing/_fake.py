"""The fake: a thanks.io on loopback whose responses can be replaced by faults."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, Self

from attrs import define, field

from thanksio.testing._account import ROOT, Account, ReceivedCall
from thanksio.testing._clients import WaitlessAsyncThanksIO, WaitlessThanksIO
from thanksio.testing._fault import Fault, Stage, Truth
from thanksio.testing._script import FakeResponse
from thanksio.testing._server import Request, Server
from thanksio.testing._tls import Certificates
from thanksio.testing.faults import FAULTS

if TYPE_CHECKING:
    from types import TracebackType

    from thanksio import AsyncThanksIO, ThanksIO
    from thanksio.testing._script import Script, Step


@define
class _Armed:
    """A queued fault, and the number of requests that it is for."""

    fault: Fault
    left: float


@define(kw_only=True, slots=False, eq=False, repr=False)
class FakeThanksIO(Account):
    """A test server on this machine: real HTTP, with orders, faults and a clock that you control.

    It knows two documented orders: 37294, in status reviewing, and 42708, fulfilled, which a 200 does not cancel.
    `place` adds more; `orders[37294].status` is the truth, and `calls` is what arrived. Its clock, `now`, stands
    still until `advance` moves it. It takes `token` alone and listens on a free port unless one is given.

    `shape` is the year whose fields an order shows, "2025" or "2026". `cancel_path` is the spelling that is served,
    "order", "orders" or "both". `refusal` is the status of the response for an order that cannot be cancelled: 200
    shows the order as it is, which is what the documents suggest; 400 and 422 refuse in the shapes of sibling
    operations. With `disabled=True` every response is a 402, and with `test_mode=True` each new order is cancelled at
    once, as in the account's testing mode. All of these can be changed at any time. With `tls=True` it uses https, with
    certificates of its own.

    Use it as a context manager, or call `start` and `stop`. What goes wrong inside of it is raised by `check`, and
    on leaving the context.
    """

    tls: bool = False
    _port: int = field(default=0, alias="port")
    certificates: Certificates | None = field(init=False)
    _armed: list[_Armed] = field(factory=list[_Armed], init=False)
    _errors: list[Exception] = field(factory=list[Exception], init=False)
    _started: bool = field(default=False, init=False)
    _server: Server = field(init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.certificates = Certificates() if self.tls else None
        self._server = Server(self, self._port, self.certificates)

    @property
    def base_url(self) -> str:
        """The `base_url` for clients. Raises RuntimeError before the fake is started."""
        if not self._server.port:
            raise RuntimeError("The fake is not started: call start(), or use it as a context manager.")
        return f"{'https' if self.certificates else 'http'}://127.0.0.1:{self._server.port}{ROOT}"

    def start(self) -> None:
        """Start to listen. Raises OSError if the port is in use."""
        self._server.listen()
        self._started = True

    def stop(self) -> None:
        """Stop listening, and end every connection."""
        self._started = False
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is not None and not isinstance(error, Exception):
            return  # Ctrl-C, a skipped test or a cancelled task pass through
        try:
            self.check()
        except Exception as inside:
            raise inside from error

    def check(self) -> None:
        """Raise the first exception that was raised inside of the fake, for example by a fault of your own."""
        errors, self._errors = self._errors, []
        if errors:
            raise errors[0]

    def client(self, **settings: Any) -> ThanksIO:  # noqa: ANN401 - they are those of ThanksIO
        """Return a client of this fake. Its waits advance the fake's clock and take no time; none is random."""
        return WaitlessThanksIO(self, **self._settings(settings))

    def async_client(self, **settings: Any) -> AsyncThanksIO:  # noqa: ANN401 - they are those of AsyncThanksIO
        """Return an async client of this fake. Its waits advance the fake's clock and take no time; none is random."""
        return WaitlessAsyncThanksIO(self, **self._settings(settings))

    def _settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        usual: dict[str, Any] = {"token": self.token, "base_url": self.base_url}
        if self.certificates and "transport" not in settings:
            usual["ssl_context"] = self.certificates.trust()
        return usual | settings

    def fail_next(self, fault: str | Fault) -> None:
        """Apply a fault to the next request or TLS handshake: one of `FAULTS` by name, or one of your own."""
        self.faults(fault, times=1)

    def faults(self, fault: str | Fault, *, times: int | None = None) -> None:
        """Apply a fault to the next `times` requests, or with None to all until `recover`. Faults are queued."""
        fault = known_fault(fault)
        if times is not None and (type(times) is not int or times < 1):
            raise ValueError("times must be at least 1, or None for all requests.")
        if fault.stage is Stage.HANDSHAKE and not self.certificates:
            raise ValueError(f"{fault.name} needs a fake with TLS: FakeThanksIO(tls=True).")
        if fault.is_lasting:
            self._stop_accepting(fault, times)
            return
        with self._lock:
            self._armed.append(_Armed(fault, math.inf if times is None else times))
        if fault.stage is Stage.HANDSHAKE:
            self._server.hang_up()  # a kept connection needs no handshake

    def _stop_accepting(self, fault: Fault, times: int | None) -> None:
        if times is not None:
            raise ValueError(f"{fault.name} cannot be counted: start it with faults() and end it with recover().")
        if not self._started:
            raise ValueError(f"{fault.name} needs a fake that is started.")
        if fault.stage is Stage.REFUSED:
            self._server.refuse()
        else:
            self._server.stall()

    def recover(self) -> None:
        """Remove all faults, and accept connections again."""
        with self._lock:
            self._armed.clear()
        if self._started and not self._server.is_accepting:
            self._server.listen()

    def _take(self, stage: Stage) -> Fault | None:
        with self._lock:
            if not self._armed or self._armed[0].fault.stage is not stage:
                return None
            first = self._armed[0]
            first.left -= 1
            if first.left <= 0:
                del self._armed[0]
            return first.fault

    # Called by the server

    def failed(self, error: Exception) -> None:
        """Keep an exception until `check`."""
        self._errors.append(error)

    def greet(self) -> list[Step] | None:
        """Return what replaces the next TLS handshake, if a fault is due."""
        fault = self._take(Stage.HANDSHAKE)
        return list(fault.respond(FakeResponse(0, None))) if fault else None

    def script_for(self, request: Request) -> Script:
        """Apply the request to its order, and return what is sent."""
        fault = self._take(Stage.RESPONSE)
        call = _received(request, self.token, fault.name if fault else None)
        response = self.respond(call, acts=fault is None or fault.truth is Truth.ACTED)
        if fault:
            return fault.respond(response)
        said = response.encode()
        return [said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if request.method == "HEAD" else said]


def known_fault(fault: str | Fault) -> Fault:
    """Return a fault by name. Raises ValueError with similar names if there is none."""
    if isinstance(fault, Fault):
        return fault
    if fault not in FAULTS:
        similar = difflib.get_close_matches(str(fault), FAULTS, n=1)
        hint = f"Did you mean {similar[0]}?" if similar else "All names: thanksio fake --list-faults."
        raise ValueError(f"Unknown fault {fault!r}. {hint}")
    return FAULTS[fault]


def _received(request: Request, token: str, fault: str | None) -> ReceivedCall:
    path, _, query = request.target.partition("?")
    headers: dict[str, str] = {}
    for name, value in request.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    authorized = headers.pop("authorization", "") == f"Bearer {token}"
    return ReceivedCall(request.method, path, query, headers, request.body, authorized, fault=fault)
