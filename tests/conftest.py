"""What all tests need."""

import signal


def pytest_configure() -> None:
    """Ctrl-C reaches the processes that tests start also where these tests were started in the background of a shell.

    A shell has what it starts there ignore it, and what ignores a signal hands that on to its children.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
