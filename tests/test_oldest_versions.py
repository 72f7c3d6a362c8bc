import re

from tests.oldest_versions import oldest


def test_every_library_has_one_oldest_version():
    found = oldest()
    assert all(re.fullmatch(r"[a-z-]+==[0-9.]+", library) for library in found)
    assert {"torch==2.6", "pytest==8.0"} <= set(found)
    assert len({library.partition("==")[0] for library in found}) == len(found)
