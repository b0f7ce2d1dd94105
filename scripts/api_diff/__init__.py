"""Report what changed for users since the last release, in the contract and in Python: `make diff`."""
