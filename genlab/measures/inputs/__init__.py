"""What measures are given, by name. Importing the package registers the inputs of every file in this folder."""

import importlib
import pkgutil

from genlab.config.vocabulary import check_inputs
from genlab.measures.inputs.vocabulary import INPUTS

for _file in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_file}")
check_inputs(INPUTS)

__all__ = ["INPUTS"]
