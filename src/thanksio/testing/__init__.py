"""A thanks.io on your own machine, to test your code against: it behaves, fails and lets hours pass as you say.

`pytest_plugins = ["thanksio.testing.plugin"]` in your conftest.py gives it as a fixture. TLS needs
`pip install 'thanksio[testing]'`.
"""

from thanksio.testing._account import ReceivedCall
from thanksio.testing._fake import FakeThanksIO
from thanksio.testing._orders import FakeOrder
from thanksio.testing.faults import FAULTS, Fault

__all__ = ["FAULTS", "FakeOrder", "FakeThanksIO", "Fault", "ReceivedCall"]
