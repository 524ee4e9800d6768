"""Where the command ``mien`` begins, and ``python -m mien``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command; its exit code."""
    try:
        # Takes a fifth of a second, enough to change one's mind.
        from . import cli
    except KeyboardInterrupt:
        print("mien: interrupted; nothing was changed", file=sys.stderr)
        return 130
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
