"""Every complexity measure, by name. A file in this folder is a family; importing the package registers them all."""

import importlib
import pkgutil

from genlab.measures.computing.registry import MEASURES

# Those of the folder's files in the order of their names, which with their imports is the order of registration.
FAMILIES = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg))
for _family in FAMILIES:
    importlib.import_module(f"{__name__}.{_family}")

__all__ = ["FAMILIES", "MEASURES"]
