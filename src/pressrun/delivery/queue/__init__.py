"""Which copy or notice goes next, when and by which relay; claims it, and records what became of it.

  database ──claims──► ClaimedRows ──Scheduler.next──► a worker ──► ResultIntake ──recording──► database
                                          │
        why does this copy not go now?    │ asks, in this order                        when may it?
        ──────────────────────────────────┼────────────────────────────────────────────────────────────────────────
        a rate, of all copies or a relay  │ Pacer.slots                  pacing        the slot that is reserved for it
        the relay asked for a pause       │ Throttle.opens_at            throttle      when the pause ends
        other relays have fallen behind   │ RelayShares.open_queues      relay_shares  when they have taken their share
        the destination is slow, or has   │ Destinations.is_crowded,     destinations  when others have gone first, or a
          its share of connections        │   is_full                                  copy has its result
        the destination is paused,        │ Throttle.opens_at            throttle      when the pause ends, the rate has
          blocked, or has its limit       │                                            room, or a copy has its result

A time is `now`, a moment to come, or NEVER: then a result or a person opens the way. `claims` decides before that about
everything else that can hold a copy back: the sending hours, a canary, a retry that is not due, an edition that is
paused. The modules next to these do not decide: `dispatcher` runs the cycles, `wakeups` plans them, `broker` is what
workers call, `results` keeps what the next cycle records, and `recovery` is how a start begins.
"""
