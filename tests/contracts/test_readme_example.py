"""The Python example of README.md runs and prints what README.md says."""

import contextlib
import io
import re
from pathlib import Path

import pytest
import torch

README = (Path(__file__).parents[2] / "README.md").read_text()
EXAMPLE = re.compile(r"<!-- example -->\n```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_the_example_prints_what_is_shown():
    """Names, layers and flags to the letter; numbers to 2 %, as training differs in its last digits by machine."""
    ((code, shown),) = EXAMPLE.findall(README)
    printed = io.StringIO()
    with torch.random.fork_rng(), contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    found, expected = (text.split() for text in (printed.getvalue(), shown))
    assert len(found) == len(expected) > 20
    for word, wanted in zip(found, expected, strict=True):
        if re.fullmatch(r"\d+\.\d+", wanted):
            assert float(word) == pytest.approx(float(wanted), rel=0.02)
        else:
            assert word == wanted
