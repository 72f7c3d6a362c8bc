"""Which code this is, also where no git tells: a hash of the files that genlab is made of."""

import functools
import hashlib
from pathlib import Path

import genlab
from genlab.config.load import CONFIG_ROOTS

SHOWN = 12  # characters of the hash, as many as of a run id


@functools.cache
def code_hash() -> str:
    """The hash of the code that this process runs, made once: what a process runs is what it has read."""
    beside, inside = CONFIG_ROOTS
    return hash_of(Path(genlab.__file__).parent, inside if inside.is_dir() else beside)


def hash_of(package: Path, configs: Path) -> str:
    """The first characters of a SHA-256 over the Python files of a package and the YAML files of its configs.

    Each counts with its path inside the two folders and its content, in the order of the paths, so that a checkout, an
    installed wheel and a copy of either have one hash, wherever they lie and whether or not they were compiled. Files
    that cannot be read are left out.

    Args:
        package: the folder of the package; configs inside it count as such only.
        configs: the folder of the packaged configs.
    """
    files = {
        f"genlab/{path.relative_to(package).as_posix()}": path
        for path in package.rglob("*.py")
        if not path.is_relative_to(configs)
    }
    files |= {f"configs/{path.relative_to(configs).as_posix()}": path for path in configs.rglob("*.yaml")}
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:SHOWN]
