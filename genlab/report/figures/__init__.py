"""Every kind of figure, by name. A file in this folder is a kind; importing the package registers them all."""

import importlib
import pkgutil

from genlab.report.drawing.catalogue import KINDS

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["KINDS"]
