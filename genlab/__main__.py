"""The command, as `genlab` and as `python -m genlab`: its handling of signals is there before anything is imported."""

import atexit
import sys

from genlab.signals import ignore_signals, preemptible


def main() -> None:
    """Run the command line; a signal or Ctrl-C while it is imported is one line and an exit code too."""
    atexit.register(ignore_signals)
    with preemptible() as received:
        try:
            from genlab.cli.app import main as command_line

            command_line()
        except KeyboardInterrupt:
            said = f"stopped ({received.name}); the same command goes on" if received.name else "interrupted"
            print(f"genlab: {said}", file=sys.stderr)
            sys.exit(75 if received.name else 130)


if __name__ == "__main__":
    main()
