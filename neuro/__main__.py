"""``python -m neuro`` is the command ``neuro``."""

from neuro.cli.app import app

if __name__ == "__main__":
    app()
