"""Every measure is compared with something that is not itself, and what is wrong is found: each oracle is seen red."""

from collections.abc import Callable

import pytest

from genlab.measures import MEASURES
from genlab.measures.computing.compute import Results
from tests.measures.oracles import columns_of, find_oracles, made_wrong

ORACLES = find_oracles()


def without_oracle(names):
    """Measures that no test says it compares."""
    return [name for name in names if name not in ORACLES]


def test_every_measure_has_an_oracle():
    missing = without_oracle(MEASURES)
    assert not missing, f"name {', '.join(missing)} in TWINS of test_against_references, or in @compares of a test"
    assert set(ORACLES) == set(MEASURES), "these are compared and are no measures"


@pytest.mark.parametrize("name", ["frobenius_norm", "max_sharpness", "pac_bayes_mag_init"])
def test_a_measure_that_is_only_named_somewhere_has_no_oracle(name, monkeypatch):
    """Each of these is in many a test; without the one that compares it, it is told."""
    monkeypatch.delitem(ORACLES, name)
    assert without_oracle(MEASURES) == [name]


class Rehearsal:
    """The oracle of a measure, run again and again with what genlab has computed once.

    Attributes:
        seen: the results with a value of the measure that its test has asked for.
    """

    def __init__(self, name: str):
        self.name, self.oracle, self.seen = name, ORACLES[name], []
        self._real, self._computed = self.oracle.module.results_of, {}

    def __call__(self, monkeypatch, change: Callable[[Results], Results]) -> Exception | None:
        """What the test raises where it is given changed results; None where it passes."""

        def changed(*arguments, **options):
            key = (*map(id, arguments), *sorted(options.items()))
            # With the arguments, so that no others get their ids.
            if key not in self._computed:
                self._computed[key] = self._real(*arguments, **options), arguments
            results = self._computed[key][0]
            if all(row["measure"] != self.name for row in results.rows):
                return results
            self.seen.append(results)
            return change(results)

        with monkeypatch.context() as patched:
            patched.setattr(self.oracle.module, "results_of", changed)
            try:
                self.oracle()
            except Exception as error:  # a wrong number may also be one that there is no logarithm of
                return error
        return None


@pytest.mark.parametrize("name", ORACLES)
def test_a_measure_that_is_wrong_in_any_column_is_found(name, monkeypatch):
    """Once as it is, and then with each column of its table, or its value in its last layer, times -17."""
    rehearse = Rehearsal(name)
    assert rehearse(monkeypatch, lambda results: results) is None
    assert rehearse.seen, "its test takes no results from results_of"
    unseen = [
        column
        for column in columns_of(rehearse.seen[0], name)
        if rehearse(monkeypatch, lambda results, column=column: made_wrong(results, name, column)) is None
    ]
    assert not unseen, f"the oracle of {name} does not look at {', '.join(unseen)}"
