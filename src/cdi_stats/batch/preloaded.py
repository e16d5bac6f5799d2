"""Imported by multiprocessing's fork server, so that every report it forks finds all made ready."""

from cdi_stats.batch.warm import warm_up

warm_up()
