import pytest
from matplotlib.figure import Figure

from genlab.report.drawing.files import DOTS_PER_INCH
from genlab.report.drawing.wrapping import inches_of, wrapped

WORDS = "Lines: means over 3 seeds; bands: smallest to largest seed. Dotted, hollow: fewer seeds have a value there."


def drawn_inches(words, size):
    """How wide matplotlib draws it, at the dots of a PNG file."""
    canvas = Figure(dpi=DOTS_PER_INCH)
    return canvas.text(0, 0, words, fontsize=size).get_window_extent().width / DOTS_PER_INCH


@pytest.mark.parametrize("size", [7.5, 8, 9, 11])
def test_a_line_is_no_wider_than_it_is_taken_to_be_and_not_much_less(size):
    for words in (WORDS, r"$\ell_2$ norm over $\gamma^2$ and over the number of images"):
        assert 0.88 * inches_of(words, size) <= drawn_inches(words, size) <= inches_of(words, size)
    for short in ("iiiiiiiiiiii", "WWWWWWW", r"cost in \$"):  # of which each letter may be set a whole dot wider
        assert drawn_inches(short, size) == pytest.approx(inches_of(short, size), rel=0.2)


@pytest.mark.parametrize("inches", [1.0, 2.3, 5.8])
def test_no_line_is_wider_than_its_room_and_no_word_is_lost(inches):
    found = wrapped(WORDS, inches, 7.5)
    assert " ".join(found.split("\n")) == WORDS
    assert all(drawn_inches(line, 7.5) <= inches for line in found.split("\n"))
    pairs = zip(found.split("\n"), found.split("\n")[1:], strict=False)
    assert all(inches_of(f"{line} {after.split()[0]}", 7.5) > inches for line, after in pairs), "as few as there can be"


def test_a_word_that_is_too_wide_is_broken_at_its_joints_and_a_formula_is_not():
    name = "measure.log_sum_of_spectral_norms[map_size=input]"
    lines = wrapped(name, 1.2, 9).split("\n")
    assert "".join(lines) == name
    assert all(line[-1] in "_.=[" for line in lines[:-1])
    assert "".join(wrapped("x" * 200, 1.0, 9).split("\n")) == "x" * 200
    formula = r"$\sum_p \prod_i w_i^2 + \sum_p \prod_i w_i^2$"
    assert wrapped(f"of {formula} too", 0.5, 9).split("\n") == ["of", formula, "too"]


def test_nothing_is_nothing():
    assert wrapped("", 1.0, 9) == ""
