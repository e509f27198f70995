"""Sealed values open only where they belong, only unchanged, and say by which key and suite they were made."""

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from database.installation.keys import Key, KeyRing, Suite
from database.secrets.seal import HEADER_BYTES, Sealer, UnsealFailed, header, row_binding

HERE = row_binding("person", "id_number_cipher", "police", "a|1")


def ring(*suites: Suite, current: int = 1) -> KeyRing:
    keys = {number: Key.fresh(number, suite) for number, suite in enumerate(suites, 1)}
    return KeyRing(keys, current, Key.fresh(0, suites[0]), os.urandom(32))


BOTH = pytest.mark.parametrize("suite", list(Suite))


@BOTH
def test_a_sealed_value_opens_where_it_belongs_and_never_repeats(suite: Suite) -> None:
    sealer = Sealer(ring(suite))
    first, second = (sealer.seal("33052119800101123X", bound_to=HERE) for _ in range(2))
    assert first != second
    assert b"33052119800101123X" not in first
    assert sealer.unseal(first, bound_to=HERE) == "33052119800101123X"


@BOTH
@pytest.mark.parametrize(
    "elsewhere",
    [
        row_binding("person", "id_number_cipher", "police", "a|2"),
        row_binding("person", "id_number_cipher", "health", "a|1"),
        row_binding("person", "phone_cipher", "police", "a|1"),
        row_binding("grid_worker", "id_number_cipher", "police", "a|1"),
        row_binding("person", "id_number_cipher", "police|a", "1"),
        row_binding("person", "id_number_cipher", 'police","a', "1"),
        "",
    ],
)
def test_a_value_moved_to_another_row_column_or_table_does_not_open(suite: Suite, elsewhere: str) -> None:
    sealer = Sealer(ring(suite))
    sealed = sealer.seal("13800000001", bound_to=HERE)
    with pytest.raises(UnsealFailed):
        sealer.unseal(sealed, bound_to=elsewhere)


@BOTH
def test_a_value_changed_in_any_byte_or_cut_does_not_open(suite: Suite) -> None:
    sealer = Sealer(ring(suite, suite))
    sealed = sealer.seal("13800000001", bound_to=HERE)
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(UnsealFailed):
            sealer.unseal(changed, bound_to=HERE)
        with pytest.raises(UnsealFailed):
            sealer.unseal(sealed[:place], bound_to=HERE)


@given(st.text(), st.text())
def test_any_text_comes_back(value: str, bound_to: str) -> None:
    for suite in Suite:
        sealer = Sealer(ring(suite))
        assert sealer.unseal(sealer.seal(value, bound_to=bound_to), bound_to=bound_to) == value


def test_each_value_says_suite_and_key_version_and_older_ones_open_beside_new_ones() -> None:
    before = ring(Suite.V1, Suite.V2, current=1)
    after = KeyRing(before.keys, 2, before.record, before.plate)
    old, new = (Sealer(one).seal("x", bound_to=HERE) for one in (before, after))
    assert (old[:HEADER_BYTES], new[:HEADER_BYTES]) == (b"\x11\x00\x01", b"\x12\x00\x02")
    assert [Sealer(after).unseal(one, bound_to=HERE) for one in (old, new)] == ["x", "x"]
    assert [Sealer(after).is_current(one) for one in (old, new)] == [False, True]


def test_a_value_of_a_key_that_was_retired_does_not_open() -> None:
    both = ring(Suite.V1, Suite.V1, current=2)
    old = Sealer(KeyRing(both.keys, 1, both.record, both.plate)).seal("x", bound_to=HERE)
    with pytest.raises(UnsealFailed):
        Sealer(KeyRing({2: both.keys[2]}, 2, both.record, both.plate)).unseal(old, bound_to=HERE)


def _first_format(data_key: bytes, text: str) -> bytes:
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(data_key).encrypt(nonce, text.encode(), b"\x01")


def test_values_of_the_first_format_open_until_a_rotation_is_done_and_never_in_a_new_installation() -> None:
    old = KeyRing.of_first(b"d" * 32, b"i" * 32)
    sealed = _first_format(b"d" * 32, "13800000001")
    assert Sealer(old).unseal(sealed, bound_to=HERE) == "13800000001"
    closed = KeyRing(old.keys, old.current, old.record, old.plate, unbound=False)
    with pytest.raises(UnsealFailed):
        Sealer(closed).unseal(sealed, bound_to=HERE)
    assert not KeyRing.fresh(Suite.V1).unbound


@BOTH
def test_equal_numbers_have_equal_hashes_under_one_key_and_other_hashes_under_another(suite: Suite) -> None:
    keys = ring(suite, suite)
    sealer, other = Sealer(keys), Sealer(KeyRing(keys.keys, 2, keys.record, keys.plate))
    assert sealer.index(" 33052119800101123x") == sealer.index("330521 1980-0101 123X")
    assert len(sealer.index("1")) == 32
    assert sealer.index("1") != other.index("1")
    assert sealer.index("1") in other.index_candidates("1") and other.index_candidates("1")[0] == other.index("1")
    assert sealer.identity("1") == other.identity("1"), "the key of a record outlives a rotation"


def test_the_suites_use_the_ciphers_they_name() -> None:
    """SM3 by its published example (GM/T 0004-2012, A.1); AES-GCM opened by the library alone; SM4-GCM is neither."""
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    keys = ring(Suite.V1, Suite.V2)
    sealed = Sealer(keys).seal("x", bound_to=HERE)
    start, nonce, body = sealed[:3], sealed[3:15], sealed[15:]
    assert AESGCM(keys.keys[1].data).decrypt(nonce, body, start + HERE.encode()) == b"x"
    assert header(keys.keys[2])[0] == 0x12
    assert len(Sealer(KeyRing(keys.keys, 2, keys.record, keys.plate)).seal("x", bound_to=HERE)) == len(sealed)
