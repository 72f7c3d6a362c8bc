"""Settings of every optimiser, as the schema has them."""

from genlab.training.optimisers.catalogue import OPTIMISERS
from tests.contracts.branches import branches, dotted

# The arguments of `build_optimiser` in each branch of the union, by what a test calls it.
SETTINGS = {
    branch.label.removeprefix("training[gradient]."): branch.config.gradient.optimiser.model_dump()
    for branch in branches()
    if dotted(branch.field).startswith("training.optimiser")
}
# Those of optimisers that many nets can have at once.
STACKED = {case: own for case, own in SETTINGS.items() if own["name"] in OPTIMISERS and OPTIMISERS[own["name"]].stacked}
