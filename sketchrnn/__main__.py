"""`python -m sketchrnn`: the same as the command `sketchrnn`."""

from sketchrnn.cli.main import main

if __name__ == "__main__":
    main()
