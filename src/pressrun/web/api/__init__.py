"""The API for programs: every action whose entry in `acts` has an `http` part, below /api/v1.

Nothing here knows a single action. What an entry has to say is in acts/act.py and acts/http.py.
"""
