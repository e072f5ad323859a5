"""The only package where objects are wired: build, run, reload, drain.

`serve` is the daemon; `offline` gives a verb of the command line the same services while no daemon runs; `demo` is the
daemon with a capture instead of a relay. All of them are made of what `wiring` puts together.
"""
