"""Every compression method, a file each. Importing the package registers those that lie in its folder."""

import importlib
import pkgutil

from genlab.compression.registry import COMPRESSORS

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["COMPRESSORS"]
