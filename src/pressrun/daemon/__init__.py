"""The only place where objects are wired: build, run, reload, drain.

`serve` is the daemon; `offline_verbs` gives a verb of the command line the same services while no daemon runs; `demo`
is the daemon with a capture instead of a relay.
"""

from pressrun.daemon.offline import offline_verbs
from pressrun.daemon.serve import run, serve

__all__ = ["offline_verbs", "run", "serve"]
