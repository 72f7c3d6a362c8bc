"""A word now and then."""

import threading
import time

import pytest

from genlab.training.ticker import ticking


def test_what_takes_long_is_said_with_the_part_at_hand():
    said, enough = [], threading.Event()

    def say(text):
        said.append(text)
        if "2 of 2" in text:
            enough.set()

    with ticking(say, "measuring", 0.01) as naming:
        while not said:
            time.sleep(0.01)
        naming("norms (2 of 2)")
        assert enough.wait(10)
    assert said[0] == "measuring, 0 s"
    assert "measuring norms (2 of 2), 0 s" in said


def test_what_is_quick_says_nothing_and_waits_for_nothing():
    said, began = [], time.monotonic()
    with ticking(said.append, "measuring", 60.0):
        pass
    assert said == []
    assert time.monotonic() - began < 30


def test_nothing_is_said_after_a_failure():
    with pytest.raises(RuntimeError), ticking(lambda text: None, "measuring", 0.01):
        raise RuntimeError("no room")
    assert "ticking" not in {thread.name for thread in threading.enumerate()}
