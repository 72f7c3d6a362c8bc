"""Which nets a procedure can make."""

from genlab.config.schema import TrainConfig
from genlab.config.schema.training.interpolate import ConjugateGradientsSolver, InterpolateConfig
from genlab.errors import Problem

# Nets that one procedure makes and no other; an untrained one is left as it begins.
MADE_BY = {"theorem1": "construct", "gaussian_kernel": "interpolate", "random_features": "interpolate"}
UNTRAINED = "none"


def net_and_procedure(config: TrainConfig) -> list[Problem]:
    """What of the procedure does not go with the net or the data."""
    procedure, net, training = config.training.procedure, config.model.name, config.training
    needed = MADE_BY.get(net)
    if needed is not None and procedure not in (needed, UNTRAINED):
        return [Problem("training.procedure", f"{procedure} cannot make the net {net}; use {needed}")]
    only = [name for name, by in MADE_BY.items() if by == procedure]
    if procedure == "construct" and net not in only:
        return [Problem("model.name", f"construct makes the net {only[0]} and no other; use that")]
    problems = []
    augmentation = config.data.augmentation
    if procedure in MADE_BY.values() and (augmentation.random_crop or augmentation.flip or augmentation.rotation):
        message = f"{procedure} looks at each image once, as it is: leave augmentation out"
        problems.append(Problem("data.augmentation", message))
    iterates = isinstance(training, InterpolateConfig) and isinstance(training.solver, ConjugateGradientsSolver)
    if iterates and net != "gaussian_kernel":
        message = f"conjugate_gradients is of gaussian_kernel; {net} takes direct"
        problems.append(Problem("training.solver.name", message))
    return problems
