"""Measure the client beside bare httpx, the generated client and other vendors' clients: `make bench`."""
