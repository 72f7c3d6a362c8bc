"""Every complexity measure, by name. Importing a family registers its measures."""

from genlab.measures import (
    conditions,
    counts,
    distances,
    gradients,
    hessian,
    margins,
    norms,
    optimisation_speed,
    outputs,
    path_norms,
    products,
    spectral_complexity,
    sums,
    sums_balanced,
    vc_dimension,
)
from genlab.measures.registry import MEASURES

FAMILIES = (
    counts,
    vc_dimension,
    outputs,
    margins,
    norms,
    distances,
    sums,
    products,
    sums_balanced,
    spectral_complexity,
    path_norms,
    gradients,
    hessian,
    optimisation_speed,
    conditions,
)

__all__ = ["FAMILIES", "MEASURES"]
