"""What every sign-up form of ours says and holds, on whichever page it stands."""

from __future__ import annotations

from pressrun.message.words import Words

DECOY = "remark"  # a field that no person sees: programs that fill in every field give themselves away


def sign_up_promise(words: Words) -> str:
    """What a sign-up form says will happen; it is recorded as evidence of consent."""
    return words("We'll email you a link to confirm. Unsubscribe any time with one click. No tracking.")
