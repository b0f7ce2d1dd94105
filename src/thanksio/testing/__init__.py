"""A thanks.io on your own machine, to test your code against. Needs `pip install 'thanksio[testing]'`."""

try:
    import pytest_httpserver as _  # noqa: F401 - only to say plainly what is missing
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("thanksio.testing needs its extra: pip install 'thanksio[testing]'") from error

from thanksio.testing._fake import FakeOrder, FakeThanksIO, ReceivedCall

__all__ = ["FakeOrder", "FakeThanksIO", "ReceivedCall"]
