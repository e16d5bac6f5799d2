"""`python -m cdi_stats` is `cdi`."""

from cdi_stats.cli import main

main()
