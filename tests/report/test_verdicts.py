from genlab.report import verdicts
from genlab.report.verdicts import effect_words, interval_words, mark
from tests.report.examples import VERDICTS, checked


def test_the_number_of_claims_tested_is_told_with_what_came_of_them():
    assert verdicts.tested(VERDICTS) == "5 claims were tested: 3 hold, 1 fails, 1 cannot tell"
    assert verdicts.tested(VERDICTS[:1]) == "1 claim was tested: 1 holds"


def test_a_claim_without_effect_has_dashes():
    nothing = checked("a", "b", effect=None, interval=None)
    assert (effect_words(nothing), interval_words(nothing)) == ("–", "–")


def test_numbers_have_four_digits_and_a_true_minus():
    claim = checked("a", "b", effect=-1.23456, interval=(-2.0, 1e-9))
    assert (effect_words(claim), interval_words(claim)) == ("−1.235", "−2 to 1e−09")


def test_what_is_no_known_verdict_is_shown_as_open():
    assert [mark(v) for v in ("holds", "fails", "cannot tell", "?")] == ["holds", "fails", "open", "open"]
