"""Rule 9: runs of eight or more characters of a secret are removed from text from outside, however it is encoded."""

from __future__ import annotations

import json
import sys
from base64 import b64encode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thanksio._models import STATUS_WORDS
from thanksio._redact import Redactor

SECRET = "tK-0123456789_se/cret+~?"


def redactor(*secrets: str, kept: frozenset[str] = frozenset()) -> Redactor:
    made = Redactor(kept)
    for secret in secrets or (SECRET,):
        made.add(secret)
    return made


def percent(text: str, times: int = 1) -> str:
    return "".join(f"%{'25' * (times - 1)}{ord(character):02x}" for character in text)


ENCODED = {
    "as it is": SECRET,
    "other case": SECRET.swapcase(),
    "its start": SECRET[:8],
    "its end": SECRET[-8:],
    "its middle": SECRET[7:15],
    "in a URL": quote(SECRET, safe=""),
    "every character in percent": percent(SECRET),
    "percent in percent": percent(SECRET, 2),
    "percent in percent in percent": percent(SECRET, 3),
    "percent in capitals": percent(SECRET).upper(),
    "in HTML": escape(SECRET),
    "decimal entities": "".join(f"&#{ord(character)};" for character in SECRET),
    "hexadecimal entities": "".join(f"&#x{ord(character):X};" for character in SECRET),
    "entities within HTML": "".join(f"&amp;#{ord(character)};" for character in SECRET),
    "named entities": SECRET.replace("/", "&sol;").replace("+", "&plus;").replace("?", "&quest;"),
    "JSON escapes": "".join(f"\\u{ord(character):04x}" for character in SECRET),
    "JSON escapes in capitals": "".join(f"\\u{ord(character):04X}" for character in SECRET),
    "Python escapes": "".join(f"\\x{ord(character):02x}" for character in SECRET),
    "backslashes": "".join(f"\\{character}" for character in SECRET).replace("\\x", "x"),
    "escaped slash": SECRET.replace("/", "\\/"),
    "hexadecimal": SECRET.encode().hex(),
    "hexadecimal in capitals": SECRET.encode().hex().upper(),
    "base64": b64encode(SECRET.encode()).decode(),
    "base64url": urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 after a byte": b64encode(b"x" + SECRET.encode()).decode()[2:],
    "base64 after two bytes": b64encode(b"xy" + SECRET.encode()).decode()[3:],
    "mixed": SECRET[:4] + percent(SECRET[4:6]) + escape(SECRET[6:]),
}


@pytest.mark.parametrize("text", ENCODED.values(), ids=ENCODED.keys())
def test_a_secret_is_redacted_in_every_encoding(text: str) -> None:
    shown = redactor()(f"Bearer {text}")

    assert shown.startswith("Bearer [redacted]")
    assert len(shown) <= len("Bearer [redacted]") + 4  # what is left of base64 depends on its neighbours


@pytest.mark.parametrize("text", [ENCODED["as it is"], ENCODED["mixed"], ENCODED["every character in percent"]])
def test_what_surrounds_a_secret_is_kept(text: str) -> None:
    assert redactor()(f'"%20{text}&lt;\\n') == '"%20[redacted]&lt;\\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "an ordinary explanation",
        SECRET[:7],
        f"{SECRET[:7]} {SECRET[7:14]}",
        SECRET[3:10] + "x" + SECRET[12:19],
        "%zz &; &nosuch; \\ %",
        "&#99999999;",
        "&#x110000;",
        "caf\u00e9 \U0001f4ee \ud800 \u0130",
    ],
)
def test_other_text_is_kept_as_it_is(text: str) -> None:
    assert redactor()(text) == text


def test_a_run_of_eight_characters_is_enough() -> None:
    assert redactor()(f"x{SECRET[2:10]}x") == "x[redacted]x"
    assert redactor()(f"x{SECRET[2:9]}x") == f"x{SECRET[2:9]}x"


def test_runs_beside_each_other_are_one() -> None:
    assert redactor()(SECRET + SECRET[5:] + SECRET) == "[redacted]"
    assert redactor()(f"{SECRET} {SECRET}") == "[redacted] [redacted]"


@pytest.mark.parametrize("secret", ["a", "pass", "p%ss", "7-chars"])
def test_a_short_secret_is_redacted_as_a_whole(secret: str) -> None:
    hide = redactor(secret)

    assert hide(f"1{secret.upper()}2") == "1[redacted]2"
    assert hide(percent(secret)) == "[redacted]"
    assert len(secret) == 1 or hide(secret[:-1]) == secret[:-1]


def test_an_empty_secret_is_none() -> None:
    assert redactor("")("text") == "text"
    assert redactor("", SECRET)(f"text {SECRET}") == "text [redacted]"


def test_all_secrets_are_redacted_and_a_rotated_one_still_is() -> None:
    hide = redactor("first-secret", "pass")
    hide.add("second-secret")

    assert hide("first-secret, second-secret, pass, third") == "[redacted], [redacted], [redacted], third"


@pytest.mark.parametrize("word", sorted(STATUS_WORDS))
def test_a_listed_status_word_is_never_redacted(word: str) -> None:
    hide = redactor(f"{word}-0123456789", "cancelled", kept=STATUS_WORDS)

    assert hide(word) == word
    assert hide(word.upper()) == word.upper()
    assert hide(f"{word} 0123456789") == f"{word} [redacted]"


def test_a_letter_whose_lower_case_is_longer_does_not_shift_the_rest() -> None:
    assert redactor()(f"\u0130\u0130{SECRET}\u0130") == "\u0130\u0130[redacted]\u0130"


def test_the_secret_is_in_no_repr() -> None:
    assert repr(redactor()) == "Redactor()"


tokens = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40)
around = st.text(max_size=9)


@given(tokens, around, around)
def test_no_encoding_shows_a_token(token: str, before: str, after: str) -> None:
    hide = redactor(token)
    text = f"{before} {token} {after}"

    for encoded in (text, json.dumps(text), quote(text, errors="replace"), escape(text), percent(token)):
        shown = hide(encoded)
        assert "[redacted]" in shown
        assert token not in shown


@given(tokens, st.binary(max_size=4), st.binary(max_size=4))
def test_base64_shows_less_than_a_third_of_a_token(token: str, before: bytes, after: bytes) -> None:
    data = before + token.encode() + after

    shown = redactor(token)(b64encode(data).decode())

    assert "[redacted]" in shown
    assert len(shown.replace("[redacted]", "")) <= 4 * (len(before) + len(after) + 4) / 3 + 8


def test_secrets_that_threads_add_at_the_same_time_are_all_redacted() -> None:
    redact = Redactor()
    secrets = [f"{number:03}-abcdefgh-{number:03}" for number in range(200)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(redact.add, secrets))
    finally:
        sys.setswitchinterval(before)

    assert [secret for secret in secrets if redact(secret) != "[redacted]"] == []
