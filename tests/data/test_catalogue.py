import subprocess
import sys
from typing import get_args

from genlab.config.schema.data import DatasetName
from genlab.data.catalogue import DATASETS


def test_the_catalogue_has_every_name_that_a_config_can_have():
    assert set(DATASETS) == set(get_args(DatasetName))
    assert all(entry.about and entry.paper for entry in DATASETS.values())


def test_importing_the_catalogue_imports_no_loader():
    code = (
        "import sys, genlab.data.catalogue; print([m for m in ('torchvision', 'sklearn', 'PIL') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
