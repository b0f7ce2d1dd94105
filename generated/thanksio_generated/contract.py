# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
"""What the contract says of itself, and the generator does not pass on."""

VERSION = "0.1.3"
SERVER = "https://api.thanks.io/api/v2"

# Forms in which the server also shows the known words of an order's field.
DISPLAY_WORDS: dict[str, list[str]] = {"status": ["Printing"], "method": ["API", "Campaign", "Card Builder"]}
