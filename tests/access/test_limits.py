"""Limits count acts by key in a moving window, and say how long to wait."""

import pytest

from access.sign_in.limits import Limit, TooManyRequests


def test_a_full_window_refuses_and_says_how_long_to_wait() -> None:
    limit = Limit("knock", "2/minute")
    limit.hit("here")
    limit.hit("here")
    with pytest.raises(TooManyRequests) as refused:
        limit.hit("here")
    seconds = refused.value.facts["retry_after_s"]
    assert isinstance(seconds, int)
    assert 1 <= seconds <= 60


def test_keys_have_windows_of_their_own_and_looking_counts_nothing() -> None:
    limit = Limit("knock", "1/minute")
    assert limit.is_open("here")
    limit.hit("here")
    assert not limit.is_open("here")
    assert limit.is_open("there")
    limit.hit("there")
