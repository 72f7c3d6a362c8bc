"""Made-up runs for claims whose verdicts are known."""

import itertools
import math

import pandas as pd
from pydantic import TypeAdapter

from genlab.claims.verdicts import check_claims
from genlab.config.schema.claim import Claim

CORRUPTION, SIZE = "data.labels.corruption", "data.train_size"
TRUE, RANDOM = {CORRUPTION: 0.0}, {CORRUPTION: 1.0}
AXES = (CORRUPTION, SIZE)


def claim(kind, **more):
    """A claim with what all must say; groups are random (a) against true (b) labels where the kind has any."""
    usual = {"id": "made-up", "says": "So it is.", "source": "Figure 1", "kind": kind, "column": "final.test_error"}
    if kind in ("higher", "lower", "ratio_between", "crosses"):
        usual |= {"a": RANDOM, "b": TRUE}
    return TypeAdapter(Claim).validate_python(usual | more)


def runs(test_error, *, corruptions=(0.0, 1.0), sizes=(500, 1000), seeds=(0, 1, 2)):
    """A row a run; `test_error(corruption, size, seed)` is its error."""
    rows = []
    for number, (corruption, size, seed) in enumerate(itertools.product(corruptions, sizes, seeds)):
        row = {
            "id": f"run{number}",
            "status": "finished",
            "reason": "",
            "seed": seed,
            CORRUPTION: corruption,
            SIZE: size,
        }
        rows.append(row | {"final.test_error": test_error(corruption, size, seed)})
    return pd.DataFrame(rows)


def histories(results, test_error, *, epochs=10):
    """Rows an epoch; `test_error(row, epoch)` is the error, `epochs` a number or a function of the row."""
    rows = []
    for row in results.drop(columns="final.test_error").to_dict("records"):
        last = epochs(row) if callable(epochs) else epochs
        rows += [row | {"epoch": epoch, "test_error": test_error(row, epoch)} for epoch in range(last + 1)]
    return pd.DataFrame(rows)


def tables(results, **others):
    """The function that gives tables by name; one that is not given is empty."""
    return lambda name: results if name == "results" else others.get(name, pd.DataFrame())


def check(one, results, axes=AXES, **others):
    """The verdict of one claim."""
    return check_claims([one], tables(results, **others), axes)[0]


def noisy(corruption, size, seed):
    """An error that is higher with random labels and lower with more images, with noise."""
    return 0.1 + 0.7 * corruption - size / 1e5 + 0.01 * math.sin(7 * seed + size + 3 * corruption)
