"""Every complexity measure, by name. Importing a family registers its measures."""

from genlab.measures import conditions, counts, distances, margins, norms, path_norms, products
from genlab.measures.registry import MEASURES

FAMILIES = (counts, margins, norms, distances, products, path_norms, conditions)

__all__ = ["FAMILIES", "MEASURES"]
