"""``python -m crossfade``: the command line without its script."""

from crossfade.cli import main

main()
