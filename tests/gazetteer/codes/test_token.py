"""Tokens of plates and places: only what this installation signed is read, and it is read as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.secrets.sign import Signer
from gazetteer.codes.token import SERIAL_BYTES, Token, TokenKind, TokenUnknown, read_token

SIGNER = Signer(b"s" * 32)
TOKENS = st.builds(
    Token,
    st.sampled_from(TokenKind),
    st.integers(0, 999_999).map("{:06d}".format),
    st.binary(min_size=SERIAL_BYTES, max_size=SERIAL_BYTES),
)


@given(TOKENS)
def test_a_token_is_read_as_it_was_written(token: Token) -> None:
    written = token.written(SIGNER)
    assert len(written) == 40
    assert read_token(written, SIGNER) == read_token(written.lower(), SIGNER) == token


@given(TOKENS, st.integers(0, 39), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_changed_token_is_unknown(token: Token, at: int, letter: str) -> None:
    written = token.written(SIGNER)
    changed = written[:at] + letter + written[at + 1 :]
    if changed != written:
        with pytest.raises(TokenUnknown):
            read_token(changed, SIGNER)


@given(TOKENS)
def test_another_installation_does_not_know_it(token: Token) -> None:
    with pytest.raises(TokenUnknown):
        read_token(token.written(Signer(b"t" * 32)), SIGNER)


@given(st.text(max_size=60))
def test_any_other_text_is_unknown(text: str) -> None:
    with pytest.raises(TokenUnknown):
        read_token(text, SIGNER)
