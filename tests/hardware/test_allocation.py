import platform

import torch

from genlab.hardware.allocation import keep_freed_memory


def test_is_set_where_the_c_library_is_glibc():
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")


def test_can_be_asked_for_twice_and_large_blocks_are_still_to_be_had():
    keep_freed_memory()
    keep_freed_memory()
    for _ in range(3):
        assert float(torch.ones(2**24)[-1]) == 1
