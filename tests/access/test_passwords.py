"""How much work a kept password costs whoever guesses: the other tests use less (`tests/conftest.py`)."""

from argon2 import Type, extract_parameters

from access.accounts.passwords import _hasher as hasher_of_production  # taken before the tests replace it


def test_a_password_is_kept_as_argon2id_with_the_work_that_rfc_9106_recommends() -> None:
    kept = hasher_of_production().hash("correct horse battery")
    parameters = extract_parameters(kept)
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 64 * 1024  # KiB
    assert parameters.time_cost >= 3
    assert parameters.salt_len >= 16 and parameters.hash_len >= 32
    assert hasher_of_production().verify("correct horse battery", kept)
    assert not hasher_of_production().verify("correct horse batter", kept)
