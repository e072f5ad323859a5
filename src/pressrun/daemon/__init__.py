"""The only place where things are wired: build, run, reload, drain.

`serve` is the daemon; `offline_verbs` gives a verb of the command line the same services while no daemon runs; `demo`
is the daemon with a capture instead of a relay.
"""

from pressrun.daemon.offline import offline_verbs
from pressrun.daemon.running import run
from pressrun.daemon.serving import serve

__all__ = ["offline_verbs", "run", "serve"]
