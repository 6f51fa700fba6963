"""The command line: one door to each room."""


def main() -> None:
    """Run the command line."""
