"""`python -m genlab`, the same as `genlab`."""

from genlab.cli.app import main

if __name__ == "__main__":
    main()
