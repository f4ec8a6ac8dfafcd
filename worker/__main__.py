"""The command line's door: `python -m worker` and the script `allocation-worker`."""

from worker.cli.verbs import app


def main() -> None:
    app(prog_name="allocation-worker")


if __name__ == "__main__":
    main()
