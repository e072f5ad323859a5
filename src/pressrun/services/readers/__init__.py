"""What readers do: signing up, confirming, preferences, another address or language, unsubscribing, erasure.

A request comes from a page, a mail or a program (`requests`), and each is one transaction:

    web_requests ─► sign_ups ─► confirmation_requests ─► confirmations    subscribing
    unsubscribes ─► undo_unsubscribe, never_again                         leaving, and coming back
    mailed_links ─► preferences ─► pauses, language_switch, erasure       by their own link
    address_changes ─► reader_merges                                      another address
    suspension                                                            bounces, and coming back after them
"""
