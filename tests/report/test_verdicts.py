from genlab.report import verdicts
from genlab.report.verdicts import chance_words, effect_words, interval_words, mark, published_words, smallest_words
from tests.report.examples import VERDICTS, checked


def test_the_number_of_claims_tested_is_told_with_what_came_of_them():
    assert verdicts.tested(VERDICTS) == "5 claims were tested: 3 hold, 1 fails, 1 cannot tell"
    assert verdicts.tested(VERDICTS[:1]) == "1 claim was tested: 1 holds"
    open_ones = [verdict for verdict in VERDICTS if verdict.verdict == "cannot tell"]
    assert verdicts.tested(open_ones) == "1 claim: 1 cannot tell", "of which nothing was tested"


def test_a_claim_without_effect_has_dashes():
    nothing = checked("a", "b", effect=None, interval=None)
    assert (effect_words(nothing), interval_words(nothing), published_words(nothing)) == ("–", "–", "–")
    assert chance_words(nothing) == ("–", "")


def test_numbers_have_four_digits_and_a_true_minus():
    claim = checked("a", "b", effect=-1.23456, interval=(-2.0, 1e-9))
    assert (effect_words(claim), interval_words(claim)) == ("−1.235", "−2 to 1e−09")
    assert published_words(checked("a", "b", published=-0.16731)) == "−0.1673"


def test_an_effect_on_errors_is_in_points_with_all_that_stands_beside_it():
    claim = checked("a", "b", unit="0..1", effect=-0.01037, interval=(-0.02, 0.001), published=-0.04625, smallest=0.015)
    assert (effect_words(claim), interval_words(claim)) == ("−1.037 points", "−2 to 0.1")
    assert (published_words(claim), smallest_words(claim)) == ("−4.625 points", "1.5 points")
    other = checked("a", "b", unit="0..1", published=0.5, published_units=False)
    assert published_words(other) == "0.5", "of which the units are not known"


def test_the_chance_has_two_digits_and_says_what_is_left_of_it_among_all_claims():
    assert chance_words(checked("a", "b", chance=0.01234)) == ("0.012", "")
    assert chance_words(checked("a", "b", chance=0.00009, corrected=0.0001)) == ("< 0.0001", "0.0001 corrected")


def test_a_claim_that_holds_by_itself_and_not_among_all_claims_says_so():
    many = {"chance": 0.02, "corrected": 0.0501}
    assert chance_words(checked("a", "b", **many)) == ("0.02", "0.05 corrected, above 5 %")
    assert chance_words(checked("a", "b", verdict="fails", **many)) == ("0.02", "0.05 corrected")
    assert chance_words(checked("a", "b", chance=0.02, corrected=0.05)) == ("0.02", "0.05 corrected")


def test_what_is_no_known_verdict_is_shown_as_open():
    assert [mark(v) for v in ("holds", "fails", "cannot tell", "?")] == ["holds", "fails", "open", "open"]
