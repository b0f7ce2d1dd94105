"""A test server for your own tests: a thanks.io on your machine whose orders, faults and clock you control.

`pytest_plugins = ["thanksio.testing.plugin"]` in your conftest.py makes it a fixture. TLS needs
`pip install 'thanksio[testing]'`.
"""

from thanksio.testing._account import ReceivedCall
from thanksio.testing._fake import FakeThanksIO
from thanksio.testing._orders import FakeOrder
from thanksio.testing.faults import FAULTS, Fault

__all__ = ["FAULTS", "FakeOrder", "FakeThanksIO", "Fault", "ReceivedCall"]
