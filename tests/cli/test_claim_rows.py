"""Verdicts of reports as rows."""

from types import SimpleNamespace

from genlab.claims.verdicts import Verdict
from genlab.cli.claim_rows import COLUMNS, claim_rows


def test_a_claim_is_a_row_with_the_ends_of_its_interval():
    told = Verdict(
        "falls", "It falls.", "Figure 1", "holds", -0.5, "total change", (-0.7, -0.3), 9, 3, "", published=-0.4
    )
    untold = Verdict("rises", "It rises.", "", "cannot tell", None, "", None, 0, 0, "there are no runs yet")
    report = SimpleNamespace(data=SimpleNamespace(name="mine", verdicts=[told, untold]))
    first, second = claim_rows([report])
    assert tuple(first) == tuple(second) == COLUMNS
    assert tuple(first.values()) == ("mine", "falls", "It falls.", "holds", -0.5, -0.7, -0.3, -0.4, 3, "")
    assert (second["effect"], second["low"], second["reason"]) == (None, None, "there are no runs yet")
