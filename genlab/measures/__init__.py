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
    pac_bayes,
    path_norms,
    products,
    sharpness,
    spectral_complexity,
    sums,
    sums_balanced,
    vc_dimension,
    worst_case_sharpness,
)
from genlab.measures.computing.registry import MEASURES

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
    pac_bayes,
    worst_case_sharpness,
    sharpness,
)

__all__ = ["FAMILIES", "MEASURES"]
