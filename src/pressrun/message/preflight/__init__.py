"""Preflight: what is looked at before an edition goes out. Each rule is a small function of a draft.

A finding says in one sentence what is wrong and how to mend it. A false alarm is worse than silence: an editor who was
warned in vain stops reading. Nothing here changes the edition.
"""
